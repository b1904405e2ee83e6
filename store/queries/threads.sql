-- list_threads_desc --
-- One page of a user's threads, the last used first, and one row more. Always at least one row, which
-- tells whether the cursor exists. A cursor with a time needs no thread of that id any more.
-- $1 user_id  $2 after: a thread id or null  $3 limit + 1  $4 its last use when it was read, or null
SELECT ($2::text IS NULL OR $4::timestamptz IS NOT NULL OR place.id IS NOT NULL) AS cursor_known,
       entry.*
  FROM (SELECT 1) AS one
  LEFT JOIN threads AS place ON place.user_id = $1 AND place.id = $2
  LEFT JOIN LATERAL (
        SELECT {thread_columns}
          FROM threads
         WHERE user_id = $1
           AND (used_at, id) < (COALESCE($4, place.used_at, 'infinity'), COALESCE($2, ''))
         ORDER BY used_at DESC, id DESC
         LIMIT $3) AS entry ON true
 ORDER BY entry.used_at DESC, entry.id DESC

-- list_threads_asc --
-- The same as list_threads_desc, the last used last.
-- $1 user_id  $2 after: a thread id or null  $3 limit + 1  $4 its last use when it was read, or null
SELECT ($2::text IS NULL OR $4::timestamptz IS NOT NULL OR place.id IS NOT NULL) AS cursor_known,
       entry.*
  FROM (SELECT 1) AS one
  LEFT JOIN threads AS place ON place.user_id = $1 AND place.id = $2
  LEFT JOIN LATERAL (
        SELECT {thread_columns}
          FROM threads
         WHERE user_id = $1
           AND (used_at, id) > (COALESCE($4, place.used_at, '-infinity'), COALESCE($2, ''))
         ORDER BY used_at, id
         LIMIT $3) AS entry ON true
 ORDER BY entry.used_at, entry.id

-- list_items_desc --
-- One page of a thread, newest first, and one row more. No row if the thread is missing or another
-- user's, else at least one, which holds the thread.
-- $1 user_id  $2 thread_id  $3 after: an item id or null  $4 limit + 1
SELECT thread.*, ($3::text IS NULL OR place.seq IS NOT NULL) AS cursor_known,
       EXISTS (SELECT FROM turns
                WHERE user_id = $1 AND thread_id = $2 AND state = 'running') AS answering,
       entry.*
  FROM (SELECT {thread_columns} FROM threads WHERE user_id = $1 AND id = $2) AS thread
  LEFT JOIN items AS place
    ON place.user_id = $1 AND place.thread_id = $2 AND place.id = $3
   AND NOT place.hidden AND place.withdrawn_by IS NULL
  LEFT JOIN LATERAL (
        SELECT {item_columns}, seq
          FROM items
         WHERE user_id = $1 AND thread_id = $2 AND NOT hidden AND withdrawn_by IS NULL
           AND seq < COALESCE(place.seq, 9223372036854775807)
         ORDER BY seq DESC
         LIMIT $4) AS entry ON true
 ORDER BY entry.seq DESC

-- list_items_asc --
-- The same as list_items_desc, oldest first.
-- $1 user_id  $2 thread_id  $3 after: an item id or null  $4 limit + 1
SELECT thread.*, ($3::text IS NULL OR place.seq IS NOT NULL) AS cursor_known,
       EXISTS (SELECT FROM turns
                WHERE user_id = $1 AND thread_id = $2 AND state = 'running') AS answering,
       entry.*
  FROM (SELECT {thread_columns} FROM threads WHERE user_id = $1 AND id = $2) AS thread
  LEFT JOIN items AS place
    ON place.user_id = $1 AND place.thread_id = $2 AND place.id = $3
   AND NOT place.hidden AND place.withdrawn_by IS NULL
  LEFT JOIN LATERAL (
        SELECT {item_columns}, seq
          FROM items
         WHERE user_id = $1 AND thread_id = $2 AND NOT hidden AND withdrawn_by IS NULL
           AND seq > COALESCE(place.seq, 0)
         ORDER BY seq
         LIMIT $4) AS entry ON true
 ORDER BY entry.seq

-- find_thread --
-- $1 user_id  $2 thread_id
SELECT {thread_columns} FROM threads WHERE user_id = $1 AND id = $2

-- rename_thread --
-- Set or remove the user's title. The server does not replace a title that the user removed.
-- $1 user_id  $2 thread_id  $3 title or null  $4 what the user may store
UPDATE threads SET title = $3, title_by = 'user'
 WHERE user_id = $1 AND id = $2
RETURNING {thread_columns}, set_config('chatkit.allowed', $4, true)

-- give_title --
-- Set a title of the server. It never replaces the user's; a model's replaces only a first line.
-- $1 user_id  $2 thread_id  $3 title  $4 whose: 'first line' or 'model'
UPDATE threads SET title = $3, title_by = $4
 WHERE user_id = $1 AND id = $2
   AND ((title IS NULL AND title_by IS DISTINCT FROM 'user')
        OR (title_by = 'first line' AND $4 = 'model'))
RETURNING {thread_columns}

-- set_status --
-- $1 user_id  $2 thread_id  $3 the ThreadStatus
UPDATE threads SET status = $3
 WHERE user_id = $1 AND id = $2
RETURNING {thread_columns}

-- judge_items --
-- Store feedback on visible items; other ids are ignored. Returns whether the thread exists.
-- $1 user_id  $2 thread_id  $3 item ids  $4 'positive' or 'negative'
WITH judged AS (
    INSERT INTO feedback (user_id, thread_id, item_id, kind)
    SELECT user_id, thread_id, id, $4
      FROM items
     WHERE user_id = $1 AND thread_id = $2 AND id = ANY ($3::text[])
       AND NOT hidden AND withdrawn_by IS NULL
        ON CONFLICT (user_id, thread_id, item_id)
        DO UPDATE SET kind = EXCLUDED.kind, created_at = EXCLUDED.created_at
)
SELECT EXISTS (SELECT FROM threads WHERE user_id = $1 AND id = $2)

-- delete_thread --
-- Its items and turns are deleted with it.
-- $1 user_id  $2 thread_id
DELETE FROM threads WHERE user_id = $1 AND id = $2 RETURNING id
