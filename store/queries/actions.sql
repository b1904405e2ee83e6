-- find_shown --
-- A thread, and an item of it that an action came from; no row when the thread is missing, and
-- `type` null when the item is.
-- $1 user_id  $2 thread_id  $3 item_id or null
SELECT thread.id, thread.title, thread.status, thread.created_at,
       item.type, item.body, item.created_at AS item_created_at
  FROM threads AS thread
  LEFT JOIN items AS item
    ON item.user_id = $1 AND item.thread_id = $2 AND item.id = $3
   AND NOT item.hidden AND item.withdrawn_by IS NULL
 WHERE thread.user_id = $1 AND thread.id = $2

-- save_outcome --
-- What an action left: the widget that is another now, and a note for the model. Counts 0 when the
-- thread is gone meanwhile.
-- $1 user_id  $2 thread_id  $3 item_id or null  $4 its body or null
-- $5 note_id or null  $6 the note's body or null  $7 now
WITH thread AS (
    SELECT id FROM threads WHERE user_id = $1 AND id = $2 FOR KEY SHARE
), replaced AS (
    UPDATE items SET body = $4::jsonb
      FROM thread
     WHERE items.user_id = $1 AND items.thread_id = thread.id AND items.id = $3 AND $4::jsonb IS NOT NULL
), noted AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, id, $5::text, $5::text, 'hidden_context_item', $6::jsonb, true, $7 FROM thread WHERE $5::text IS NOT NULL
)
SELECT count(*) FROM thread
