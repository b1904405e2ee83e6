-- begin_thread --
-- Store a new thread, its first message and the turn that answers it, all or nothing. No row if the
-- same request was accepted before, or if a file is no longer available.
-- $1 user_id  $2 thread_id  $3 item_id  $4 the message's body  $5 turn_id  $6 owner
-- $7 lease in seconds  $8 model  $9 now  $10 request key  $11 hash of the request
-- $12 seconds that the key is kept  $13 attachments
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
INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)
SELECT $1, $5, $2, $3, false, $6, clock_timestamp() + make_interval(secs => $7), $8 FROM claim
RETURNING id

-- begin_message --
-- Store a message and the turn that answers it. Stores nothing if the same request was accepted
-- before, a file is no longer available, or another turn runs in the thread. No row if the thread
-- is missing or another user's.
-- $1 user_id  $2 thread_id  $3 item_id  $4 the message's body  $5 turn_id  $6 owner
-- $7 lease in seconds  $8 model  $9 now  $10 request key  $11 hash of the request
-- $12 seconds that the key is kept  $13 attachments
-- Closes pending items and returns them in `closed`, a JSON array or null.
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
    INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)
    SELECT $1, $5, thread.id, $3, false, $6, clock_timestamp() + make_interval(secs => $7), $8
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
       (SELECT jsonb_agg(to_jsonb(closed)) FROM closed) AS closed
  FROM thread

-- find_pending --
-- Lock the newest pending item of a type, or else the newest item of that type, until the
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
-- Store the answer of a pending item and the turn that continues from it. A body key ($12) is taken
-- over from a turn that has ended: while an item is pending, an equal body answers another call.
-- $1 user_id  $2 thread_id  $3 item_id  $4 the item's body  $5 turn_id  $6 owner
-- $7 lease in seconds  $8 model  $9 request key  $10 hash of the request
-- $11 seconds that the key is kept  $12 whether the key is the body's
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
    INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)
    SELECT $1, $5, thread.id, $3, false, $6, clock_timestamp() + make_interval(secs => $7), $8
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
       EXISTS (SELECT FROM claim) AS claimed, EXISTS (SELECT FROM turn) AS begun
  FROM thread

-- begin_retry --
-- Store a turn that answers a message again. No row if the thread is missing. `target` and `body`:
-- type and body of the item; null if the item is missing.
-- $1 user_id  $2 thread_id  $3 item_id: the message  $4 turn_id  $5 owner  $6 lease in seconds
-- $7 model  $8 request key  $9 hash of the request  $10 seconds that the key is kept
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
    INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)
    SELECT $1, $4, thread.id, $3, true, $5, clock_timestamp() + make_interval(secs => $6), $7
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
-- Withdraw all items after the message, without deleting them; return the calls and notes among
-- them, oldest first. A separate statement after begin_retry: that one may wait until the previous
-- turn has stored its last items, and cannot see them.
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
-- The newest items of a thread for the model, newest first. Includes hidden items; leaves out items
-- that are only for the user.
-- $1 user_id  $2 thread_id  $3 limit
SELECT type, body
  FROM items
 WHERE user_id = $1 AND thread_id = $2 AND withdrawn_by IS NULL
   AND type NOT IN ('workflow', 'task', 'widget', 'generated_image', 'end_of_turn')
 ORDER BY seq DESC
 LIMIT $3

-- add_items --
-- Store final items of a running turn, and its tool calls that are about to run. Returns 0 if this
-- owner no longer holds the lease.
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
     WHERE stored.type = 'generated_image'
       AND attachments.user_id = $1 AND attachments.id = stored.body #>> '{image,id}'
)
SELECT count(*) FROM mine

-- finish_turn --
-- End a turn and store its last items. If a retry's answer is kept, the items it withdrew are
-- deleted. If not, they are restored, and the new answer's visible and carried items are deleted.
-- Returns false if this owner no longer holds the lease. Returns true again if this owner has ended
-- the turn before: the first reply may have been lost.
-- $1 user_id  $2 turn_id  $3 fence  $4 ids  $5 types  $6 bodies  $7 hidden flags  $8 times
-- $9 state  $10 input tokens  $11 output tokens  $12 keep: whether the answer is kept
WITH mine AS (
    UPDATE turns
       SET state = $9, finished_at = clock_timestamp(), input_tokens = $10, output_tokens = $11,
           calls = NULL
     WHERE user_id = $1 AND id = $2 AND fence = $3 AND state = 'running'
    RETURNING thread_id, retry
), stored AS (
    INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
    SELECT $1, mine.thread_id, new.id, $2, new.type, new.body, new.hidden, new.created_at
      FROM mine,
           unnest($4::text[], $5::text[], $6::jsonb[], $7::boolean[], $8::timestamptz[])
           WITH ORDINALITY AS new (id, type, body, hidden, created_at, place)
     WHERE $12 OR NOT mine.retry
        OR (new.hidden AND NOT COALESCE((new.body #> '{content,carried}')::boolean, false))
     ORDER BY new.place
        ON CONFLICT (user_id, thread_id, id) DO NOTHING
    RETURNING items.thread_id, items.id, items.type, items.body
), pictures AS (
    UPDATE attachments SET thread_id = stored.thread_id, item_id = stored.id
      FROM stored
     WHERE stored.type = 'generated_image'
       AND attachments.user_id = $1 AND attachments.id = stored.body #>> '{image,id}'
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
-- Take over a running turn whose owner does not respond. No row if it has ended meanwhile.
-- $1 user_id  $2 turn_id  $3 owner: the new one  $4 lease in seconds
UPDATE turns
   SET owner = $3, fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => $4)
 WHERE user_id = $1 AND id = $2 AND state = 'running'
RETURNING thread_id, fence, calls

-- renew_leases --
-- Extend the leases of running turns of a process.
-- $1 owner  $2 lease in seconds  $3 turns
UPDATE turns SET lease_until = clock_timestamp() + make_interval(secs => $2)
 WHERE owner = $1 AND state = 'running' AND id = ANY ($3::text[])

-- reap_turns --
-- For all users: take over turns whose owner is gone. Raises their fence, so that a returning owner
-- cannot write any more. Includes turns that this table lists as ours but that have no task here.
-- $1 owner: the process that takes over  $2 lease in seconds  $3 whether all others' are orphans
-- $4 the turns that this process runs
UPDATE turns
   SET owner = $1, fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => $2)
 WHERE (user_id, id) IN (
        SELECT user_id, id FROM turns
         WHERE state = 'running'
           AND (lease_until < clock_timestamp() OR ($3 AND owner <> $1))
           AND NOT (owner = $1 AND id = ANY ($4::text[]))
         LIMIT 100
           FOR UPDATE SKIP LOCKED)
RETURNING user_id, thread_id, id, fence, calls
