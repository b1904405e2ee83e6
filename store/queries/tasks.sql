-- The to-do list. $1 of every statement is the user who owns the rows.

-- add_task --
-- The due date is text, here and in update_task. As dates, the driver would send Python's first and
-- last day as infinities, which date arithmetic cannot use.
-- $1 user_id  $2 title  $3 description  $4 priority  $5 category  $6 tags  $7 due_date
-- $8 recurrence  $9 completed  $10 author  $11 approved  $12 thread_id  $13 turn_id  $14 message_id
-- $15 what the user may store
WITH task AS (
    INSERT INTO tasks (user_id, id, title, description, priority, category, tags, due_date,
                       recurrence, completed, completed_at)
    VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, $6, $7::text::date, $8, $9,
            CASE WHEN $9 THEN clock_timestamp() END)
    RETURNING *
), noted AS (
    INSERT INTO task_changes (user_id, task_id, after, author, approved, thread_id, turn_id,
                              message_id)
    SELECT $1, id, to_jsonb(task) - 'user_id', $10, $11, $12, $13, $14 FROM task
)
SELECT {task_columns}, set_config('chatkit.allowed', $15, true) FROM task

-- load_task --
-- $1 user_id  $2 id
SELECT {task_columns}, seq
  FROM tasks
 WHERE user_id = $1 AND id = $2

-- load_tasks --
-- The tasks that exist, in the given order.
-- $1 user_id  $2 ids
SELECT {task_columns}
  FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (task_id, place)
  JOIN tasks ON user_id = $1 AND id = wanted.task_id
 ORDER BY wanted.place

-- list_tasks_newest --
-- One page by the tasks_page index, and one row more. A null filter matches every task.
-- $1 user_id  $2 completed  $3 first due  $4 last due  $5 undated only  $6 priority  $7 category
-- $8 tag  $9 LIKE pattern  $10 limit + 1  $11 offset  $12 seq that the page comes after
SELECT {task_columns}
  FROM tasks
 WHERE user_id = $1
   AND seq < coalesce($12::bigint, 9223372036854775807)
   AND ($2::boolean IS NULL OR completed = $2)
   AND ($3::date IS NULL OR due_date >= $3)
   AND ($4::date IS NULL OR due_date <= $4)
   AND (NOT $5::boolean OR due_date IS NULL)
   AND ($6::text IS NULL OR priority = $6)
   AND ($7::text IS NULL OR category = $7)
   AND ($8::text IS NULL OR $8 = ANY (tags))
   AND ($9::text IS NULL OR title ILIKE $9 OR description ILIKE $9
        OR EXISTS (SELECT FROM unnest(tags) AS tag WHERE tag ILIKE $9))
 ORDER BY seq DESC
OFFSET $11
 LIMIT $10

-- list_tasks_oldest --
-- The same as list_tasks_newest, oldest first.
-- $1 user_id  $2 completed  $3 first due  $4 last due  $5 undated only  $6 priority  $7 category
-- $8 tag  $9 LIKE pattern  $10 limit + 1  $11 offset  $12 seq that the page comes after
SELECT {task_columns}
  FROM tasks
 WHERE user_id = $1
   AND seq > coalesce($12::bigint, 0)
   AND ($2::boolean IS NULL OR completed = $2)
   AND ($3::date IS NULL OR due_date >= $3)
   AND ($4::date IS NULL OR due_date <= $4)
   AND (NOT $5::boolean OR due_date IS NULL)
   AND ($6::text IS NULL OR priority = $6)
   AND ($7::text IS NULL OR category = $7)
   AND ($8::text IS NULL OR $8 = ANY (tags))
   AND ($9::text IS NULL OR title ILIKE $9 OR description ILIKE $9
        OR EXISTS (SELECT FROM unnest(tags) AS tag WHERE tag ILIKE $9))
 ORDER BY seq
OFFSET $11
 LIMIT $10

-- list_tasks_sorted --
-- One page by due date (none last), priority (high first, then by due date) or title. Equal tasks
-- are newest first.
-- $1 user_id  $2 completed  $3 first due  $4 last due  $5 undated only  $6 priority  $7 category
-- $8 tag  $9 LIKE pattern  $10 limit + 1  $11 offset  $12 sort
SELECT {task_columns}
  FROM tasks
 WHERE user_id = $1
   AND ($2::boolean IS NULL OR completed = $2)
   AND ($3::date IS NULL OR due_date >= $3)
   AND ($4::date IS NULL OR due_date <= $4)
   AND (NOT $5::boolean OR due_date IS NULL)
   AND ($6::text IS NULL OR priority = $6)
   AND ($7::text IS NULL OR category = $7)
   AND ($8::text IS NULL OR $8 = ANY (tags))
   AND ($9::text IS NULL OR title ILIKE $9 OR description ILIKE $9
        OR EXISTS (SELECT FROM unnest(tags) AS tag WHERE tag ILIKE $9))
 ORDER BY CASE WHEN $12::text = 'priority'
               THEN array_position(ARRAY['high', 'medium', 'low'], priority) END,
          CASE WHEN $12 IN ('priority', 'due date') THEN due_date END NULLS LAST,
          CASE WHEN $12 = 'title' THEN lower(title) END,
          seq DESC
OFFSET $11
 LIMIT $10

-- count_tasks --
-- The number of matching tasks, if a page alone does not show it.
-- $1 user_id  $2 completed  $3 first due  $4 last due  $5 undated only  $6 priority  $7 category
-- $8 tag  $9 LIKE pattern
SELECT count(*)
  FROM tasks
 WHERE user_id = $1
   AND ($2::boolean IS NULL OR completed = $2)
   AND ($3::date IS NULL OR due_date >= $3)
   AND ($4::date IS NULL OR due_date <= $4)
   AND (NOT $5::boolean OR due_date IS NULL)
   AND ($6::text IS NULL OR priority = $6)
   AND ($7::text IS NULL OR category = $7)
   AND ($8::text IS NULL OR $8 = ANY (tags))
   AND ($9::text IS NULL OR title ILIKE $9 OR description ILIKE $9
        OR EXISTS (SELECT FROM unnest(tags) AS tag WHERE tag ILIKE $9))

-- update_task --
-- Change only the named fields, since null is a valid value for some of them.
-- $1 user_id  $2 id  $3 names of the fields  $4 title  $5 description  $6 priority  $7 category
-- $8 tags  $9 due_date  $10 recurrence  $11 completed  $12 author  $13 approved  $14 thread_id
-- $15 turn_id  $16 message_id  $17 what the user may store
WITH old AS (
    SELECT * FROM tasks WHERE user_id = $1 AND id = $2 FOR UPDATE
), task AS (
    UPDATE tasks
       SET title = CASE WHEN 'title' = ANY ($3::text[]) THEN $4 ELSE tasks.title END,
           description = CASE WHEN 'description' = ANY ($3) THEN $5 ELSE tasks.description END,
           priority = CASE WHEN 'priority' = ANY ($3) THEN $6 ELSE tasks.priority END,
           category = CASE WHEN 'category' = ANY ($3) THEN $7 ELSE tasks.category END,
           tags = CASE WHEN 'tags' = ANY ($3) THEN $8 ELSE tasks.tags END,
           due_date = CASE WHEN 'due_date' = ANY ($3) THEN $9::text::date ELSE tasks.due_date END,
           recurrence = CASE WHEN 'recurrence' = ANY ($3) THEN $10 ELSE tasks.recurrence END,
           completed = CASE WHEN 'completed' = ANY ($3) THEN $11 ELSE tasks.completed END,
           completed_at = CASE WHEN 'completed' <> ALL ($3) THEN tasks.completed_at
                               WHEN $11 THEN coalesce(tasks.completed_at, clock_timestamp()) END,
           updated_at = clock_timestamp()
      FROM old
     WHERE tasks.user_id = $1 AND tasks.id = old.id
    RETURNING tasks.*
), noted AS (
    INSERT INTO task_changes (user_id, task_id, before, after, author, approved, thread_id, turn_id,
                              message_id)
    SELECT $1, task.id, to_jsonb(old) - 'user_id', to_jsonb(task) - 'user_id', $12, $13, $14, $15,
           $16
      FROM task, old
)
SELECT {task_columns}, true AS is_new, set_config('chatkit.allowed', $17, true) FROM task
UNION ALL
SELECT {task_columns}, false, null FROM old
 ORDER BY is_new DESC

-- complete_task --
-- Returns the task, the one that its recurrence creates, if any, and the task as it was. Because of
-- the lock, the second of two concurrent calls sees the result of the first, so only one next task is
-- created.
-- The next task is due after today, a whole number of periods, at least one, after the last due
-- date (without one, after today). Adding n months at once, not one month n times, keeps the 31st
-- in months that have it. No task is created after year 9999, because clients cannot parse such
-- dates.
-- $1 user_id  $2 id  $3 completed  $4 today  $5 author  $6 approved  $7 thread_id  $8 turn_id
-- $9 message_id  $10 what the user may store
WITH before AS (
    SELECT *, coalesce(due_date, $4::date) AS last_due
      FROM tasks
     WHERE user_id = $1 AND id = $2
       FOR UPDATE
), done AS (
    UPDATE tasks AS task
       SET completed = $3,
           completed_at = CASE WHEN $3 THEN coalesce(task.completed_at, clock_timestamp()) END,
           updated_at = CASE WHEN task.completed = $3 THEN task.updated_at
                             ELSE clock_timestamp() END
      FROM before
     WHERE task.user_id = $1 AND task.id = before.id
    RETURNING task.*
), next AS (
    INSERT INTO tasks (user_id, id, title, description, priority, category, tags, due_date,
                       recurrence)
    SELECT user_id, gen_random_uuid(), title, description, priority, category, tags,
           least(due, DATE '9999-12-31'), recurrence
      FROM before, LATERAL (
           SELECT CASE recurrence
                  WHEN 'daily' THEN greatest(last_due, $4) + 1
                  WHEN 'weekly' THEN last_due + 7 * (greatest($4 - last_due, 0) / 7 + 1)
                  WHEN 'monthly' THEN (
                      SELECT min(day::date)
                        FROM generate_series(0, 1) AS step, LATERAL (
                             SELECT last_due + make_interval(months => step + greatest(1,
                                    12 * (extract(year FROM $4)
                                          - extract(year FROM last_due))::integer
                                    + (extract(month FROM $4)
                                       - extract(month FROM last_due))::integer)) AS day
                             ) AS candidate
                       WHERE day > $4)
                  END AS due
           ) AS following
     WHERE $3 AND NOT completed AND recurrence IS NOT NULL
    RETURNING *
), noted AS (
    INSERT INTO task_changes (user_id, task_id, before, after, author, approved, thread_id, turn_id,
                              message_id)
    SELECT $1, done.id, to_jsonb(before) - '{user_id,last_due}'::text[], to_jsonb(done) - 'user_id',
           $5::text, $6::boolean, $7::text, $8::text, $9::text
      FROM done, before
     WHERE done.completed <> before.completed
    UNION ALL
    SELECT $1, id, NULL, to_jsonb(next) - 'user_id', $5::text, $6::boolean, $7::text, $8::text,
           $9::text
      FROM next
)
SELECT {task_columns}, 1 AS place, set_config('chatkit.allowed', $10, true) FROM done
UNION ALL
SELECT {task_columns}, 2, null FROM next
UNION ALL
SELECT {task_columns}, 3, null FROM before
 ORDER BY place

-- delete_task --
-- $1 user_id  $2 id  $3 author  $4 approved  $5 thread_id  $6 turn_id  $7 message_id
WITH task AS (
    DELETE FROM tasks
     WHERE user_id = $1 AND id = $2
    RETURNING *
), noted AS (
    INSERT INTO task_changes (user_id, task_id, before, author, approved, thread_id, turn_id,
                              message_id)
    SELECT $1, id, to_jsonb(task) - 'user_id', $3, $4, $5, $6, $7 FROM task
)
SELECT {task_columns} FROM task

-- spent_by_agents --
-- The same for the user's agents in the last seconds.
-- $1 user_id  $2 seconds
SELECT NULL::text AS message_id,
       count(*) FILTER (WHERE before IS NOT NULL AND after IS NULL) AS deletions,
       count(DISTINCT task_id) FILTER (
           WHERE before ->> 'title' <> after ->> 'title'
              OR coalesce(before ->> 'description', '') <> coalesce(after ->> 'description', '')
                 AND before IS NOT NULL AND after IS NOT NULL) AS overwrites
  FROM task_changes
 WHERE user_id = $1 AND author = 'agent' AND NOT approved
   AND at > clock_timestamp() - make_interval(secs => $2)

-- lock_changes --
-- Until the end of the transaction: of one user's agents, one changes tasks at a time, and one change
-- is taken back at a time.
-- $1 user_id
SELECT pg_advisory_xact_lock(hashtextextended('task_changes ' || $1, 0))

-- find_task_at --
-- The task at a position, counted from 1, in the list last shown in the thread. If none was shown,
-- in the whole list, newest first. No row if the task at that position was deleted.
-- $1 user_id  $2 thread_id, or null  $3 place
WITH shown AS (
    SELECT shown_tasks
      FROM threads
     WHERE user_id = $1 AND id = $2::text AND cardinality(shown_tasks) > 0
)
SELECT {task_columns}
  FROM tasks
 WHERE user_id = $1
   AND id = CASE WHEN EXISTS (SELECT FROM shown)
                 THEN (SELECT shown_tasks[$3::integer] FROM shown)
                 ELSE (SELECT id
                         FROM tasks
                        WHERE user_id = $1
                        ORDER BY seq DESC
                       OFFSET $3 - 1
                        LIMIT 1)
            END

-- find_tasks_between --
-- The tasks whose id has a given prefix, as a range of uuids. A second row means: not unique.
-- $1 user_id  $2 first uuid  $3 last uuid
SELECT {task_columns}
  FROM tasks
 WHERE user_id = $1 AND id BETWEEN $2 AND $3
 LIMIT 2

-- remember_shown_tasks --
-- $1 user_id  $2 thread_id  $3 ids in the order shown
UPDATE threads
   SET shown_tasks = $3
 WHERE user_id = $1 AND id = $2
