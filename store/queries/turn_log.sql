-- append_events --
-- Append events of this process's turns, in one statement that does not wait for the disk: a crash
-- of the database loses less than a second of text. Events of an ended turn are accepted too, to
-- complete its log. Only events that continue the stored log are accepted, so a log has no gaps.
-- The result is the end of each log, from which its owner continues, whatever was lost on the way.
-- No row for a turn that this process does not own.
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
-- The state of a turn, and its stored log after an event. No row if the turn is missing, else at
-- least one.
-- $1 user_id  $2 turn_id  $3 after: the number of the last known event
SELECT turn.state, turn.thread_id, log.first, log.frames, log.last
  FROM turns AS turn
  LEFT JOIN turn_events AS log
    ON log.user_id = $1 AND log.turn_id = $2
   AND (log.through > $3 OR log.last)
 WHERE turn.user_id = $1 AND turn.id = $2
 ORDER BY log.first

-- load_turn_items --
-- The visible items of one turn, including its user message.
-- $1 user_id  $2 thread_id  $3 turn_id
SELECT {item_columns}
  FROM items
 WHERE user_id = $1 AND thread_id = $2 AND turn_id = $3 AND NOT hidden AND withdrawn_by IS NULL
 ORDER BY seq

-- watch_turns --
-- Requests of other processes for this process's running turns: stops, followers and reads.
-- $1 owner
SELECT id, stop_reason, reads,
       EXISTS (SELECT FROM turn_followers AS follower
                WHERE follower.user_id = turns.user_id AND follower.turn_id = turns.id
                  AND follower.until > clock_timestamp()) AS followed_elsewhere
  FROM turns
 WHERE owner = $1 AND state = 'running'

-- publish_followed --
-- Publish which turns of this process have followers.
-- $1 users  $2 turns  $3 fences  $4 followed
UPDATE turns SET followed = new.followed
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[])
       AS new (user_id, turn_id, fence, followed)
 WHERE turns.user_id = new.user_id AND turns.id = new.turn_id AND turns.fence = new.fence
   AND turns.state = 'running'

-- find_running --
-- The running turn of a thread, in any process. Followers that its owner reports count only while
-- the owner is alive, that is, if its lease was renewed lately.
-- $1 user_id  $2 thread_id  $3 least seconds that the lease of a live owner has left
SELECT id, owner,
       (followed AND lease_until > clock_timestamp() + make_interval(secs => $3))
       OR EXISTS (SELECT FROM turn_followers AS follower
                   WHERE follower.user_id = turns.user_id AND follower.turn_id = turns.id
                     AND follower.until > clock_timestamp()) AS followed
  FROM turns
 WHERE user_id = $1 AND thread_id = $2 AND state = 'running'

-- follow_elsewhere --
-- Report that another process than the owner has a follower, valid for $4 seconds.
-- $1 user_id  $2 turn_id  $3 process  $4 seconds
INSERT INTO turn_followers (user_id, turn_id, process, until)
SELECT user_id, id, $3, clock_timestamp() + make_interval(secs => $4)
  FROM turns
 WHERE user_id = $1 AND id = $2 AND state = 'running'
    ON CONFLICT (user_id, turn_id, process) DO UPDATE SET until = EXCLUDED.until

-- unfollow_elsewhere --
-- Report that this process has no followers of the turn any more.
-- $1 user_id  $2 turn_id  $3 process
DELETE FROM turn_followers WHERE user_id = $1 AND turn_id = $2 AND process = $3

-- read_elsewhere --
-- Report that the user has read the thread of a turn in another process than the owner.
-- $1 user_id  $2 turn_id
UPDATE turns SET reads = reads + 1
 WHERE user_id = $1 AND id = $2 AND state = 'running'

-- request_stop --
-- $1 user_id  $2 turn_id  $3 reason
UPDATE turns SET stop_reason = COALESCE(stop_reason, $3)
 WHERE user_id = $1 AND id = $2 AND state = 'running'

-- sweep_events --
-- Delete the logs of turns that ended more than $1 seconds ago, and expired followers, of all
-- users.
-- $1 seconds
WITH followers AS (
    DELETE FROM turn_followers WHERE until < clock_timestamp() - make_interval(secs => $1)
)
DELETE FROM turn_events AS log
 USING turns AS turn
 WHERE turn.user_id = log.user_id AND turn.id = log.turn_id
   AND turn.finished_at < clock_timestamp() - make_interval(secs => $1)
