-- load_amounts --
-- No row if the user has stored nothing yet.
-- $1 user_id
SELECT text_bytes, tasks, threads, sessions, file_bytes
  FROM stored_amounts
 WHERE user_id = $1
