-- Imports of threads and tasks. Existing rows are not changed. A running import has a row in
-- accepted_requests, which each of its statements requires and locks. An erasure deletes that row
-- first, so the import stores nothing after it.

-- begin_import --
-- Returns the lowest seq of the user's threads, at most 0. Imported threads get lower ones.
-- $1 user_id  $2 key  $3 seconds after which the import expires
WITH begun AS (
    INSERT INTO accepted_requests (user_id, key, body_hash, expires_at)
    VALUES ($1, $2, '', clock_timestamp() + make_interval(secs => $3))
)
SELECT LEAST(min(seq), 0) FROM threads WHERE user_id = $1

-- end_import --
-- $1 user_id  $2 key
DELETE FROM accepted_requests WHERE user_id = $1 AND key = $2

-- add_thread --
-- Store a thread with its items, oldest first. `runs` is false if the import was ended by an
-- erasure or has expired. `added` is false if the user has this thread or the one it was exported
-- from.
-- $1 user_id  $2 thread_id  $3 id in the file  $4 title  $5 title_by  $6 status  $7 time
-- $8 item ids  $9 turn ids  $10 types  $11 bodies  $12 times  $13 key  $14 seq
-- $15 what the user may store
WITH import AS (
    SELECT key FROM accepted_requests WHERE user_id = $1 AND key = $13 FOR KEY SHARE
), thread AS (
    INSERT INTO threads (user_id, id, seq, title, title_by, status, created_at, used_at)
           OVERRIDING SYSTEM VALUE
    SELECT $1, $2, $14, $4, $5, $6, $7, GREATEST($7, (SELECT max(at) FROM unnest($12::timestamptz[]) AS at))
      FROM import
     WHERE NOT EXISTS (SELECT FROM threads WHERE user_id = $1 AND id = $3)
        ON CONFLICT (user_id, id) DO NOTHING
    RETURNING id
), stored AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, thread.id, new.id, new.turn_id, new.type, new.body, false, new.created_at
      FROM thread,
           unnest($8::text[], $9::text[], $10::text[], $11::jsonb[], $12::timestamptz[])
           WITH ORDINALITY AS new (id, turn_id, type, body, created_at, place)
     ORDER BY new.place
)
SELECT EXISTS (SELECT FROM import) AS runs, EXISTS (SELECT FROM thread) AS added,
       set_config('chatkit.allowed', $15, true)

-- add_tasks --
-- Store tasks. `added` is the number of new ones; `runs` is false if the import has ended.
-- $1 user_id  $2 JSON array of tasks in their REST form  $3 key  $4 what the user may store
WITH import AS (
    SELECT key FROM accepted_requests WHERE user_id = $1 AND key = $3 FOR KEY SHARE
), added AS (
    INSERT INTO tasks (user_id, id, title, description, completed, completed_at, priority,
                       category, tags, due_date, recurrence, created_at, updated_at)
    SELECT $1, id, title, description, completed, completed_at, priority, category, tags,
           due_date, recurrence, created_at, updated_at
      FROM import, ROWS FROM (jsonb_to_recordset($2::jsonb)
           AS (id uuid, title text, description text, completed boolean,
               completed_at timestamptz, priority text, category text, tags text[],
               due_date date, recurrence text, created_at timestamptz, updated_at timestamptz))
           WITH ORDINALITY AS new (id, title, description, completed, completed_at, priority,
                                   category, tags, due_date, recurrence, created_at, updated_at,
                                   place)
     ORDER BY place
        ON CONFLICT (user_id, id) DO NOTHING
    RETURNING id
)
SELECT EXISTS (SELECT FROM import) AS runs, (SELECT count(*) FROM added) AS added,
       set_config('chatkit.allowed', $4, true)
