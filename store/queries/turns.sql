-- begin_thread --
-- Create a thread, its first message and the turn that answers it: all or nothing. No row if the
-- same request was accepted before, or if a file is not available any more.
-- $1 user_id  $2 thread_id  $3 item_id  $4 the message's body  $5 turn_id  $6 owner
-- $7 lease in seconds  $8 model  $9 now  $10 request key  $11 hash of the request
-- $12 seconds that the key is kept  $13 attachments  $14 language  $15 what the user may store
WITH taken AS (
    SELECT id FROM attachments
     WHERE user_id = $1 AND id = ANY ($13::text[]) AND state = 'ready' AND thread_id IS NULL
       FOR UPDATE
), claim AS (
    INSERT INTO accepted_requests (user_id, key, body_hash, turn_id, thread_id, expires_at)
    SELECT $1, $10, $11, $5, $2, clock_timestamp() + make_interval(secs => $12)
     WHERE (SELECT count(*) FROM taken) = cardinality($13::text[])
        ON CONFLICT (user_id, key) DO NOTHING
    RETURNING user_id
), thread AS (
    INSERT INTO threads (user_id, id, created_at) SELECT $1, $2, $9 FROM claim
), item AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, $2, $3, $5, 'user_message', $4, false, $9 FROM claim
), files AS (
    UPDATE attachments SET thread_id = $2, item_id = $3
      FROM claim, taken
     WHERE attachments.user_id = $1 AND attachments.id = taken.id
)
INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model, language)
SELECT $1, $5, $2, $3, false, $6, clock_timestamp() + make_interval(secs => $7), $8, $14
  FROM claim
RETURNING id, set_config('chatkit.allowed', $15, true)

-- begin_message --
-- Add a message to a thread and begin the turn that answers it. Not stored if the same request was
-- accepted before, a file is not available any more, another turn runs in the thread, or the thread
-- takes no input. No row if the thread is missing or another user's.
-- $1 user_id  $2 thread_id  $3 item_id  $4 the message's body  $5 turn_id  $6 owner
-- $7 lease in seconds  $8 model  $9 now  $10 request key  $11 hash of the request
-- $12 seconds that the key is kept  $13 attachments  $14 language  $15 what the user may store
-- Items that waited for an answer of the user or the page are closed: `closed`, a JSON array or
-- null.
WITH thread AS (
    SELECT {thread_columns},
           COALESCE(title_by = 'first line', title IS NULL) AS wants_title
      FROM threads
     WHERE user_id = $1 AND id = $2
       FOR KEY SHARE
), taken AS (
    SELECT id FROM attachments
     WHERE user_id = $1 AND id = ANY ($13::text[]) AND state = 'ready' AND thread_id IS NULL
       FOR UPDATE
), claim AS (
    INSERT INTO accepted_requests (user_id, key, body_hash, turn_id, thread_id, expires_at)
    SELECT $1, $10, $11, $5, id, clock_timestamp() + make_interval(secs => $12) FROM thread
     WHERE (SELECT count(*) FROM taken) = cardinality($13::text[])
        ON CONFLICT (user_id, key) DO NOTHING
    RETURNING thread_id
), turn AS (
    INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model, language)
    SELECT $1, $5, thread.id, $3, false, $6, clock_timestamp() + make_interval(secs => $7), $8, $14
      FROM thread, claim
     WHERE thread.status ->> 'type' = 'active'
        ON CONFLICT (user_id, thread_id) WHERE state = 'running' DO NOTHING
    RETURNING thread_id
), item AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, thread_id, $3, $5, 'user_message', $4, false, $9 FROM turn
), files AS (
    UPDATE attachments SET thread_id = $2, item_id = $3
      FROM turn, taken
     WHERE attachments.user_id = $1 AND attachments.id = taken.id
), closed AS (
    UPDATE items
       SET body = body || CASE type WHEN 'client_tool_call' THEN '{"status": "completed"}'::jsonb
                                    ELSE '{"status": "skipped"}'::jsonb END
      FROM turn
     WHERE items.user_id = $1 AND items.thread_id = turn.thread_id
       AND items.type IN ('client_tool_call', 'structured_input')
       AND items.body ->> 'status' = 'pending' AND items.withdrawn_by IS NULL
    RETURNING {item_columns}
)
SELECT thread.*,
       EXISTS (SELECT FROM claim) AS claimed, EXISTS (SELECT FROM turn) AS begun,
       (SELECT jsonb_agg(to_jsonb(closed)) FROM closed) AS closed,
       set_config('chatkit.allowed', $15, true)
  FROM thread

-- find_pending --
-- Lock the newest pending item of a type, or the newest of that type if none is pending, until the
-- transaction ends. `claimed`: the same request was accepted before.
-- $1 user_id  $2 thread_id  $3 type  $4 item_id or null  $5 request key
SELECT {item_columns}, body ->> 'status' = 'pending' AS pending,
       EXISTS (SELECT FROM accepted_requests WHERE user_id = $1 AND key = $5) AS claimed
  FROM items
 WHERE user_id = $1 AND thread_id = $2 AND type = $3 AND withdrawn_by IS NULL
   AND id = COALESCE($4, id)
 ORDER BY (body ->> 'status' = 'pending') DESC, seq DESC
 LIMIT 1
   FOR UPDATE

-- begin_reply --
-- Store the answered item and begin the turn that continues with it. A key that was derived from
-- the body ($12) is reused if its turn has ended: while an item is pending, an equal body must be
-- the answer to another call.
-- $1 user_id  $2 thread_id  $3 item_id  $4 the item's body  $5 turn_id  $6 owner
-- $7 lease in seconds  $8 model  $9 request key  $10 hash of the request
-- $11 seconds that the key is kept  $12 whether the key was derived from the body
-- $13 language  $14 what the user may store
WITH thread AS (
    SELECT {thread_columns},
           COALESCE(title_by = 'first line', title IS NULL) AS wants_title
      FROM threads
     WHERE user_id = $1 AND id = $2
       FOR KEY SHARE
), claim AS (
    INSERT INTO accepted_requests (user_id, key, body_hash, turn_id, thread_id, expires_at)
    SELECT $1, $9, $10, $5, id, clock_timestamp() + make_interval(secs => $11) FROM thread
        ON CONFLICT (user_id, key) DO UPDATE
       SET turn_id = EXCLUDED.turn_id, accepted_at = clock_timestamp(),
           expires_at = EXCLUDED.expires_at
     WHERE $12 AND NOT EXISTS (SELECT FROM turns
                                WHERE turns.user_id = $1
                                  AND turns.id = accepted_requests.turn_id
                                  AND turns.state = 'running')
    RETURNING thread_id
), turn AS (
    INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model, language)
    SELECT $1, $5, thread.id, $3, false, $6, clock_timestamp() + make_interval(secs => $7), $8, $13
      FROM thread, claim
     WHERE thread.status ->> 'type' = 'active'
        ON CONFLICT (user_id, thread_id) WHERE state = 'running' DO NOTHING
    RETURNING thread_id
), item AS (
    UPDATE items SET body = $4
      FROM turn
     WHERE items.user_id = $1 AND items.thread_id = turn.thread_id AND items.id = $3
)
SELECT thread.*,
       EXISTS (SELECT FROM claim) AS claimed, EXISTS (SELECT FROM turn) AS begun,
       set_config('chatkit.allowed', $14, true)
  FROM thread

-- begin_retry --
-- Begin a turn that answers a message again. No row if the thread is missing. `target` is the type
-- of the item, null if it is missing; `body` is its body.
-- $1 user_id  $2 thread_id  $3 item_id: the message  $4 turn_id  $5 owner  $6 lease in seconds
-- $7 model  $8 request key  $9 hash of the request  $10 seconds that the key is kept
-- $11 language
WITH thread AS (
    SELECT {thread_columns},
           COALESCE(title_by = 'first line', title IS NULL) AS wants_title
      FROM threads
     WHERE user_id = $1 AND id = $2
       FOR KEY SHARE
), target AS (
    SELECT type, body, seq
      FROM items
     WHERE user_id = $1 AND thread_id = $2 AND id = $3 AND NOT hidden AND withdrawn_by IS NULL
), claim AS (
    INSERT INTO accepted_requests (user_id, key, body_hash, turn_id, thread_id, expires_at)
    SELECT $1, $8, $9, $4, thread.id, clock_timestamp() + make_interval(secs => $10)
      FROM thread, target
        ON CONFLICT (user_id, key) DO NOTHING
    RETURNING thread_id
), turn AS (
    INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model, language)
    SELECT $1, $4, thread.id, $3, true, $5, clock_timestamp() + make_interval(secs => $6), $7, $11
      FROM thread, target, claim
     WHERE target.type = 'user_message' AND thread.status ->> 'type' = 'active'
        ON CONFLICT (user_id, thread_id) WHERE state = 'running' DO NOTHING
    RETURNING id
)
SELECT thread.*,
       (SELECT type FROM target) AS target, (SELECT body FROM target) AS body,
       EXISTS (SELECT FROM claim) AS claimed, EXISTS (SELECT FROM turn) AS begun
  FROM thread

-- withdraw --
-- Withdraw the items after the message, without deleting them. Returns the calls and notes of them,
-- oldest first. After begin_retry, which may have waited until the previous turn was stored.
-- $1 user_id  $2 thread_id  $3 item_id: the message  $4 turn_id
WITH withdrawn AS (
    UPDATE items
       SET withdrawn_by = $4
      FROM items AS target
     WHERE target.user_id = $1 AND target.thread_id = $2 AND target.id = $3
       AND items.user_id = $1 AND items.thread_id = $2 AND items.seq > target.seq
       AND items.withdrawn_by IS NULL
    RETURNING items.type, items.body, items.seq
)
SELECT type, body
  FROM withdrawn
 WHERE type IN ('hidden_context_item', 'client_tool_call')
 ORDER BY seq

-- count_running --
-- $1 user_id
SELECT count(*) FROM turns WHERE user_id = $1 AND state = 'running'

-- load_history --
-- The newest items of a thread for the model, newest first. Includes hidden items; items that only
-- the user sees are left out.
-- $1 user_id  $2 thread_id  $3 limit
SELECT {item_columns}
  FROM items
 WHERE user_id = $1 AND thread_id = $2 AND withdrawn_by IS NULL
   AND type NOT IN ('workflow', 'task', 'widget', 'generated_image', 'end_of_turn')
 ORDER BY seq DESC
 LIMIT $3

-- add_items --
-- Store finished items of a running turn, and the tool calls that it begins. Returns 0 if this
-- process does not own the turn any more.
-- $1 user_id  $2 turn_id  $3 fence  $4 ids  $5 types  $6 bodies  $7 hidden flags  $8 times
-- $9 the calls, or null
WITH mine AS (
    UPDATE turns SET calls = $9
     WHERE user_id = $1 AND id = $2 AND fence = $3 AND state = 'running'
    RETURNING thread_id
), stored AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, mine.thread_id, new.id, $2, new.type, new.body, new.hidden, new.created_at
      FROM mine,
           unnest($4::text[], $5::text[], $6::jsonb[], $7::boolean[], $8::timestamptz[])
           WITH ORDINALITY AS new (id, type, body, hidden, created_at, place)
     ORDER BY new.place
        ON CONFLICT (user_id, thread_id, id) DO NOTHING
    RETURNING items.thread_id, items.id, items.type, items.body
), pictures AS (
    UPDATE attachments SET thread_id = stored.thread_id, item_id = stored.id
      FROM stored
     WHERE stored.type IN ('generated_image', 'task') AND attachments.user_id = $1
       AND attachments.id = COALESCE(
               stored.body #>> '{image,id}',
               substring(stored.body #>> '{task,sources,0,url}' FROM '^chatkit-file:(.*)$'))
)
SELECT count(*) FROM mine

-- finish_turn --
-- End a turn and store its last items. If the answer of a retry is kept, the withdrawn items are
-- deleted. Otherwise they are restored, and the visible items of the new answer are deleted, as are
-- those that it took over from the old one. The mark for the model, why the answer ended, is then
-- stored only behind calls of the new answer: behind the old answer it would be wrong.
-- Returns false if this process does not own the turn any more, and true if it ended the turn before
-- and did not receive the result.
-- $1 user_id  $2 turn_id  $3 fence  $4 ids  $5 types  $6 bodies  $7 hidden flags  $8 times
-- $9 state  $10 input tokens  $11 output tokens  $12 keep: whether the answer is kept
-- $13 the model that answered, or null
WITH mine AS (
    UPDATE turns
       SET state = $9, finished_at = clock_timestamp(), input_tokens = $10, output_tokens = $11,
           model = COALESCE($13::text, model), calls = NULL
     WHERE user_id = $1 AND id = $2 AND fence = $3 AND state = 'running'
    RETURNING thread_id, retry
), new AS (
    SELECT *
      FROM unnest($4::text[], $5::text[], $6::jsonb[], $7::boolean[], $8::timestamptz[])
           WITH ORDINALITY AS new (id, type, body, hidden, created_at, place)
), acted AS (
    SELECT type, body FROM new
     UNION ALL
    SELECT items.type, items.body
      FROM items, mine
     WHERE items.user_id = $1 AND items.thread_id = mine.thread_id AND items.turn_id = $2
), stored AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, mine.thread_id, new.id, $2, new.type, new.body, new.hidden, new.created_at
      FROM mine, new
     WHERE $12 OR NOT mine.retry
        OR (new.type = 'hidden_context_item'
            AND NOT COALESCE((new.body #> '{content,carried}')::boolean, false))
        OR (new.type = 'sdk_hidden_context'
            AND EXISTS (SELECT FROM acted
                         WHERE acted.type = 'hidden_context_item'
                           AND NOT COALESCE((acted.body #> '{content,carried}')::boolean, false)))
     ORDER BY new.place
        ON CONFLICT (user_id, thread_id, id) DO NOTHING
    RETURNING items.thread_id, items.id, items.type, items.body
), pictures AS (
    UPDATE attachments SET thread_id = stored.thread_id, item_id = stored.id
      FROM stored
     WHERE stored.type IN ('generated_image', 'task') AND attachments.user_id = $1
       AND attachments.id = COALESCE(
               stored.body #>> '{image,id}',
               substring(stored.body #>> '{task,sources,0,url}' FROM '^chatkit-file:(.*)$'))
), restored AS (
    UPDATE items SET withdrawn_by = NULL
      FROM mine
     WHERE items.user_id = $1 AND items.thread_id = mine.thread_id AND items.withdrawn_by = $2
       AND NOT $12
), deleted AS (
    DELETE FROM items
     USING mine
     WHERE items.user_id = $1 AND items.thread_id = mine.thread_id AND mine.retry
       AND (($12 AND items.withdrawn_by = $2)
            OR (NOT $12 AND items.turn_id = $2
                AND (NOT items.hidden
                     OR COALESCE((items.body #> '{content,carried}')::boolean, false))))
)
SELECT EXISTS (SELECT FROM mine)
       OR EXISTS (SELECT FROM turns
                   WHERE user_id = $1 AND id = $2 AND fence = $3 AND state <> 'running')

-- take_over --
-- Take over a running turn whose owner does not respond. No row if the turn has ended meanwhile.
-- $1 user_id  $2 turn_id  $3 new owner  $4 lease in seconds
UPDATE turns
   SET owner = $3, fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => $4)
 WHERE user_id = $1 AND id = $2 AND state = 'running'
RETURNING thread_id, fence, calls, language

-- renew_leases --
-- Extend the leases of running turns of one process.
-- $1 owner  $2 lease in seconds  $3 turns
UPDATE turns SET lease_until = clock_timestamp() + make_interval(secs => $2)
 WHERE owner = $1 AND state = 'running' AND id = ANY ($3::text[])

-- list_owners --
-- The processes that run turns of any user.
SELECT DISTINCT owner FROM turns WHERE state = 'running'

-- reap_turns --
-- Take over orphaned turns of all users: the lease has expired or the owner has ended, and this
-- process does not run them.
-- The fence is incremented, so that the previous owner can write nothing more.
-- $1 new owner  $2 lease in seconds  $3 whether all turns of other processes are orphaned
-- $4 turns that this process runs  $5 owners that have ended
UPDATE turns
   SET owner = $1, fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => $2)
 WHERE (user_id, id) IN (
        SELECT user_id, id FROM turns
         WHERE state = 'running'
           AND (lease_until < clock_timestamp() OR ($3 AND owner <> $1)
                OR owner = ANY ($5::text[]))
           AND NOT (owner = $1 AND id = ANY ($4::text[]))
         LIMIT 100
           FOR UPDATE SKIP LOCKED)
RETURNING user_id, thread_id, id, fence, calls, language
