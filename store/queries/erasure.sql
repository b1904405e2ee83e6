-- Delete all data of a user. Rows that refer to a thread or a file are deleted with it.

-- running_threads --
-- $1 user_id
SELECT thread_id FROM turns WHERE user_id = $1 AND state = 'running'

-- erase_sessions --
-- $1 user_id
DELETE FROM sessions WHERE user_id = $1

-- erase_some_threads --
-- Delete in batches, so that no statement takes long. Returns the number of deleted threads.
-- $1 user_id  $2 how many
WITH next AS (
    SELECT id FROM threads WHERE user_id = $1 ORDER BY seq LIMIT $2
), erased AS (
    DELETE FROM threads USING next
     WHERE threads.user_id = $1 AND threads.id = next.id
    RETURNING threads.id
)
SELECT count(*) FROM erased

-- erase_files --
-- Files without a message. The others are deleted with their threads.
-- $1 user_id
DELETE FROM attachments WHERE user_id = $1

-- erase_tasks --
-- $1 user_id
WITH changes AS (
    DELETE FROM task_changes WHERE user_id = $1
)
DELETE FROM tasks WHERE user_id = $1

-- erase_amounts --
-- The row of a user who stores nothing any more. What is stored from now on begins a new one.
-- $1 user_id
DELETE FROM stored_amounts
 WHERE user_id = $1
   AND text_bytes = 0 AND tasks = 0 AND threads = 0 AND sessions = 0 AND file_bytes = 0

-- erase_requests --
-- $1 user_id
DELETE FROM accepted_requests WHERE user_id = $1
