-- The rows of an export, oldest first. Pages are by seq, so the next page is found even if the last
-- row of this page has been deleted.

-- load_threads --
-- $1 user_id  $2 seq that the page comes after  $3 limit
SELECT seq, {thread_columns}
  FROM threads
 WHERE user_id = $1 AND seq > $2
 ORDER BY seq
 LIMIT $3

-- load_items --
-- The visible items of a thread. No row if the thread is missing, else at least one.
-- $1 user_id  $2 thread_id  $3 seq that the page comes after  $4 limit
SELECT entry.*
  FROM threads AS thread
  LEFT JOIN LATERAL (
        SELECT seq, {item_columns}
          FROM items
         WHERE user_id = $1 AND thread_id = $2 AND seq > $3
           AND NOT hidden AND withdrawn_by IS NULL
         ORDER BY seq
         LIMIT $4) AS entry ON true
 WHERE thread.user_id = $1 AND thread.id = $2
 ORDER BY entry.seq

-- load_tasks --
-- $1 user_id  $2 seq that the page comes after  $3 limit
SELECT seq, {task_columns}
  FROM tasks
 WHERE user_id = $1 AND seq > $2
 ORDER BY seq
 LIMIT $3
