-- Changes of tasks that are kept for a week, to be taken back. $1 is the user, except in the sweep.

-- lock_tasks --
-- In one order, so that two such statements do not wait for each other.
-- $1 user_id  $2 ids
SELECT FROM tasks
 WHERE user_id = $1 AND id = ANY ($2::uuid[])
 ORDER BY id
   FOR UPDATE

-- set_task --
-- Make a task what it was, or delete it, whatever it is now. Returns it as it is then, unless it is
-- deleted, and as it was.
-- $1 user_id  $2 id  $3 the row as JSON, null to delete it  $4 author  $5 approved  $6 thread_id
-- $7 turn_id  $8 message_id  $9 what the user may store, unless the task is deleted
WITH old AS (
    SELECT * FROM tasks WHERE user_id = $1 AND id = $2 FOR UPDATE
), wanted AS (
    SELECT row.*
      FROM jsonb_populate_record(null::tasks, $3::text::jsonb) AS row
     WHERE $3 IS NOT NULL
), gone AS (
    DELETE FROM tasks
     WHERE user_id = $1 AND id = $2 AND $3 IS NULL
), changed AS (
    UPDATE tasks
       SET title = wanted.title, description = wanted.description, priority = wanted.priority,
           category = wanted.category, tags = wanted.tags, due_date = wanted.due_date,
           recurrence = wanted.recurrence, completed = wanted.completed,
           completed_at = wanted.completed_at, updated_at = clock_timestamp()
      FROM wanted, old
     WHERE tasks.user_id = $1 AND tasks.id = old.id
    RETURNING tasks.*
), back AS (
    INSERT INTO tasks (user_id, id, seq, title, description, priority, category, tags, due_date,
                       recurrence, completed, completed_at, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT $1, $2, seq, title, description, priority, category, tags, due_date, recurrence,
           completed, completed_at, created_at
      FROM wanted
     WHERE NOT EXISTS (SELECT FROM old)
    RETURNING *
), task AS (
    SELECT * FROM changed UNION ALL SELECT * FROM back
), noted AS (
    INSERT INTO task_changes (user_id, task_id, before, after, author, approved, thread_id, turn_id,
                              message_id)
    SELECT $1, $2, (SELECT to_jsonb(old) - 'user_id' FROM old),
           (SELECT to_jsonb(task) - 'user_id' FROM task), $4, $5, $6, $7, $8
     WHERE EXISTS (SELECT FROM old) OR EXISTS (SELECT FROM task)
)
SELECT {task_columns}, true AS is_new, set_config('chatkit.allowed', $9, true) FROM task
UNION ALL
SELECT {task_columns}, false, null FROM old
 ORDER BY is_new DESC

-- last_change --
-- The last change of a task within the days that changes are kept.
-- $1 user_id  $2 task_id  $3 days
SELECT before::text AS before
  FROM task_changes
 WHERE user_id = $1 AND task_id = $2 AND at > clock_timestamp() - make_interval(days => $3)
 ORDER BY seq DESC
 LIMIT 1

-- changes_of_last_turn --
-- What the last turn before the current one, or the last call of an agent, has changed: each task
-- as it was before the turn, and whether nothing has changed it since.
-- $1 user_id  $2 author  $3 thread_id, or null  $4 the current turn  $5 days
WITH turn AS (
    SELECT turn_id
      FROM task_changes
     WHERE user_id = $1 AND author = $2 AND thread_id IS NOT DISTINCT FROM $3::text
       AND turn_id <> $4 AND at > clock_timestamp() - make_interval(days => $5)
     ORDER BY seq DESC
     LIMIT 1
)
SELECT change.task_id, (array_agg(before ORDER BY seq))[1]::text AS before,
       max(seq) = (SELECT max(later.seq)
                     FROM task_changes AS later
                    WHERE later.user_id = $1 AND later.task_id = change.task_id) AS is_last
  FROM task_changes AS change, turn
 WHERE change.user_id = $1 AND change.author = $2 AND change.turn_id = turn.turn_id
 GROUP BY change.task_id
 ORDER BY max(seq) DESC

-- spent_in_message --
-- What models have deleted and overwritten for the message that a turn answers, without what the
-- user has agreed to on a card. A retry, a form and an output of the page continue the message.
-- $1 user_id  $2 thread_id  $3 turn_id
WITH message AS (
    SELECT said.id
      FROM turns AS turn
      JOIN items AS item
        ON item.user_id = $1 AND item.thread_id = turn.thread_id AND item.id = turn.item_id,
           LATERAL (
           SELECT id
             FROM items
            WHERE user_id = $1 AND thread_id = $2 AND type = 'user_message'
              AND withdrawn_by IS NULL AND seq <= item.seq
            ORDER BY seq DESC
            LIMIT 1) AS said
     WHERE turn.user_id = $1 AND turn.id = $3 AND turn.thread_id = $2
)
SELECT message.id AS message_id,
       count(*) FILTER (WHERE change.before IS NOT NULL AND change.after IS NULL) AS deletions,
       count(DISTINCT change.task_id) FILTER (
           WHERE change.before ->> 'title' <> change.after ->> 'title'
              OR coalesce(change.before ->> 'description', '')
                 <> coalesce(change.after ->> 'description', '')
                 AND change.before IS NOT NULL AND change.after IS NOT NULL) AS overwrites
  FROM message
  LEFT JOIN task_changes AS change
    ON change.user_id = $1 AND change.author = 'model' AND NOT change.approved
       AND change.thread_id = $2 AND change.message_id = message.id
 GROUP BY message.id

-- sweep_changes --
-- Delete up to 1,000 changes of any user that are too old to be taken back. Returns their number.
-- $1 days
WITH old AS (
    DELETE FROM task_changes
     WHERE (user_id, seq) IN (SELECT user_id, seq
                                FROM task_changes
                               WHERE at <= clock_timestamp() - make_interval(days => $1)
                               ORDER BY at
                               LIMIT 1000
                                 FOR UPDATE SKIP LOCKED)
    RETURNING seq
)
SELECT count(*) FROM old
