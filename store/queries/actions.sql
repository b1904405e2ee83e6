-- hold_thread --
-- Lock a thread against deletion until the transaction ends. No row if it is missing.
-- $1 user_id  $2 thread_id
SELECT {thread_columns}
  FROM threads
 WHERE user_id = $1 AND id = $2
   FOR KEY SHARE

-- hold_item --
-- Lock the item of an action until the transaction ends. No row if it is missing.
-- $1 user_id  $2 thread_id  $3 item_id
SELECT {item_columns}
  FROM items
 WHERE user_id = $1 AND thread_id = $2 AND id = $3 AND NOT hidden AND withdrawn_by IS NULL
   FOR NO KEY UPDATE

-- save_outcome --
-- Save the effects of an action: the new widget, and a note for the model. After hold_thread.
-- $1 user_id  $2 thread_id  $3 item_id or null  $4 its body or null
-- $5 note_id or null  $6 the note's body or null  $7 now
WITH replaced AS (
    UPDATE items SET body = $4::jsonb
     WHERE user_id = $1 AND thread_id = $2 AND id = $3 AND $4::jsonb IS NOT NULL
)
INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
SELECT $1, $2, $5::text, $5::text, 'hidden_context_item', $6::jsonb, true, $7 WHERE $5::text IS NOT NULL
