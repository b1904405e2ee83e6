-- append_events --
-- Append new events of this process's turns in one statement, without waiting for the disk. A crash
-- of the database loses less than a second of text. Ended turns are accepted, so that their logs
-- can be completed. A batch is appended only if it continues the stored log, so a log has no gaps.
-- Returns the end of each log; the owner continues from there, even after a lost batch. No row for
-- a turn of another owner.
-- $1 users  $2 turns  $3 fences  $4 numbers of the first event  $5 frames, joined by newlines
-- $6 whether the log ends with them
WITH quick AS (
    SELECT set_config('synchronous_commit', 'off', true) AS setting
), new AS (
    SELECT turn.user_id, turn.id AS turn_id, new.first,
           string_to_array(new.frames, E'\n') AS frames, new.last,
           COALESCE(stored.through, 0) AS through, COALESCE(stored.last, false) AS ended
      FROM quick,
           unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::text[], $6::boolean[])
           AS new (user_id, turn_id, fence, first, frames, last)
      JOIN turns AS turn
        ON turn.user_id = new.user_id AND turn.id = new.turn_id AND turn.fence = new.fence
      LEFT JOIN LATERAL (
           SELECT log.through, log.last FROM turn_events AS log
            WHERE log.user_id = turn.user_id AND log.turn_id = turn.id
            ORDER BY log.first DESC
            LIMIT 1) AS stored ON true
     WHERE quick.setting = 'off'
), written AS (
    INSERT INTO turn_events (user_id, turn_id, first, through, frames, last)
    SELECT user_id, turn_id, first, first + cardinality(frames) - 1, frames, last
      FROM new
     WHERE first = through + 1 AND NOT ended
        ON CONFLICT (user_id, turn_id, first) DO NOTHING
    RETURNING user_id, turn_id, through, last
)
SELECT new.turn_id, COALESCE(written.through, new.through) AS through,
       COALESCE(written.last, new.ended) AS last
  FROM new
  LEFT JOIN written ON written.user_id = new.user_id AND written.turn_id = new.turn_id

-- read_events --
-- A turn's state, and its stored events after a number. No row if the turn is missing; otherwise
-- at least one row.
-- $1 user_id  $2 turn_id  $3 after: number of the last event that the reader has
SELECT turn.state, turn.thread_id, log.first, log.frames, log.last
  FROM turns AS turn
  LEFT JOIN turn_events AS log
    ON log.user_id = $1 AND log.turn_id = $2
   AND (log.through > $3 OR log.last)
 WHERE turn.user_id = $1 AND turn.id = $2
 ORDER BY log.first

-- load_turn_items --
-- The visible items of one turn, its message included.
-- $1 user_id  $2 thread_id  $3 turn_id
SELECT {item_columns}
  FROM items
 WHERE user_id = $1 AND thread_id = $2 AND turn_id = $3 AND NOT hidden AND withdrawn_by IS NULL
 ORDER BY seq

-- watch_turns --
-- Requests of other processes for this process's running turns.
-- $1 owner
SELECT id, stop_reason, reads,
       EXISTS (SELECT FROM turn_followers AS follower
                WHERE follower.user_id = turns.user_id AND follower.turn_id = turns.id
                  AND follower.until > clock_timestamp()) AS followed_elsewhere
  FROM turns
 WHERE owner = $1 AND state = 'running'

-- publish_followed --
-- Publish which turns have followers in the process that runs them.
-- $1 users  $2 turns  $3 fences  $4 followed
UPDATE turns SET followed = new.followed
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[])
       AS new (user_id, turn_id, fence, followed)
 WHERE turns.user_id = new.user_id AND turns.id = new.turn_id AND turns.fence = new.fence
   AND turns.state = 'running'

-- find_running --
-- The running turn of a thread, in any process. The owner's `followed` counts only if the owner is
-- alive: its lease was renewed recently and has at least $3 seconds left.
-- $1 user_id  $2 thread_id  $3 least remaining lease of a living owner, in seconds
SELECT id, owner,
       (followed AND lease_until > clock_timestamp() + make_interval(secs => $3))
       OR EXISTS (SELECT FROM turn_followers AS follower
                   WHERE follower.user_id = turns.user_id AND follower.turn_id = turns.id
                     AND follower.until > clock_timestamp()) AS followed
  FROM turns
 WHERE user_id = $1 AND thread_id = $2 AND state = 'running'

-- follow_elsewhere --
-- Publish that another process has a follower; expires after $4 seconds.
-- $1 user_id  $2 turn_id  $3 process  $4 seconds
INSERT INTO turn_followers (user_id, turn_id, process, until)
SELECT user_id, id, $3, clock_timestamp() + make_interval(secs => $4)
  FROM turns
 WHERE user_id = $1 AND id = $2 AND state = 'running'
    ON CONFLICT (user_id, turn_id, process) DO UPDATE SET until = EXCLUDED.until

-- unfollow_elsewhere --
-- Publish that this process has no more followers of the turn.
-- $1 user_id  $2 turn_id  $3 process
DELETE FROM turn_followers WHERE user_id = $1 AND turn_id = $2 AND process = $3

-- read_elsewhere --
-- Publish that the user has read the turn's thread in another process than the owner.
-- $1 user_id  $2 turn_id
UPDATE turns SET reads = reads + 1
 WHERE user_id = $1 AND id = $2 AND state = 'running'

-- request_stop --
-- $1 user_id  $2 turn_id  $3 reason
UPDATE turns SET stop_reason = COALESCE(stop_reason, $3)
 WHERE user_id = $1 AND id = $2 AND state = 'running'

-- sweep_events --
-- For all users: delete the logs and followers of turns that ended over $1 seconds ago.
-- $1 seconds
WITH followers AS (
    DELETE FROM turn_followers WHERE until < clock_timestamp() - make_interval(secs => $1)
)
DELETE FROM turn_events AS log
 USING turns AS turn
 WHERE turn.user_id = log.user_id AND turn.id = log.turn_id
   AND turn.finished_at < clock_timestamp() - make_interval(secs => $1)
