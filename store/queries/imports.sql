-- What is taken from files. What is there already stays as it is.

-- add_thread --
-- A thread with its items, oldest first. Counts 0 when the user has it, or has the thread that it
-- was exported from.
-- $1 user_id  $2 thread_id  $3 id in the file  $4 title  $5 title_by  $6 status  $7 time
-- $8 item ids  $9 turn ids  $10 types  $11 bodies  $12 times
WITH thread AS (
    INSERT INTO threads (user_id, id, title, title_by, status, created_at)
    SELECT $1, $2, $4, $5, $6, $7
     WHERE NOT EXISTS (SELECT FROM threads WHERE user_id = $1 AND id = $3)
        ON CONFLICT DO NOTHING
    RETURNING id
), stored AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, thread.id, new.id, new.turn_id, new.type, new.body, false, new.created_at
      FROM thread,
           unnest($8::text[], $9::text[], $10::text[], $11::jsonb[], $12::timestamptz[])
           WITH ORDINALITY AS new (id, turn_id, type, body, created_at, place)
     ORDER BY new.place
)
SELECT count(*) FROM thread

-- add_tasks --
-- Counts those that were not there.
-- $1 user_id  $2 a JSON array of tasks as over REST
WITH added AS (
    INSERT INTO tasks (user_id, id, title, description, completed, completed_at, priority,
                       category, tags, due_date, recurrence, created_at, updated_at)
    SELECT $1, id, title, description, completed, completed_at, priority, category, tags,
           due_date, recurrence, created_at, updated_at
      FROM ROWS FROM (jsonb_to_recordset($2::jsonb)
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
SELECT count(*) FROM added
