-- append_events --
-- New events of this process's turns, in one statement that does not wait for the disk: what a
-- crash of the database takes is less than a second of text. An ended turn's are taken too, so
-- that its log can be completed. Only what follows on what is stored is taken, so a log has no
-- holes; the answer says how far each goes, for there its owner has to go on, whatever was lost on
-- the way. No row for a turn that is not this owner's.
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
-- A turn's state and its log from an event on, as far as it is written. No row when the turn is
-- missing; always one otherwise.
-- $1 user_id  $2 turn_id  $3 after: the number of the last event that is known
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
-- What other processes want of this one's running turns.
-- $1 owner
SELECT id, stop_reason, reads,
       EXISTS (SELECT FROM turn_followers AS follower
                WHERE follower.user_id = turns.user_id AND follower.turn_id = turns.id
                  AND follower.until > clock_timestamp()) AS followed_elsewhere
  FROM turns
 WHERE owner = $1 AND state = 'running'

-- publish_followed --
-- Whether the owner has followers of its turns.
-- $1 users  $2 turns  $3 fences  $4 followed
UPDATE turns SET followed = new.followed
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[])
       AS new (user_id, turn_id, fence, followed)
 WHERE turns.user_id = new.user_id AND turns.id = new.turn_id AND turns.fence = new.fence
   AND turns.state = 'running'

-- find_running --
-- The turn that runs in a thread, in whichever process. What its owner says of followers counts
-- only while the owner lives: while its lease has as much left as one that was renewed lately.
-- $1 user_id  $2 thread_id  $3 seconds of the lease that are left to a living owner
SELECT id, owner,
       (followed AND lease_until > clock_timestamp() + make_interval(secs => $3))
       OR EXISTS (SELECT FROM turn_followers AS follower
                   WHERE follower.user_id = turns.user_id AND follower.turn_id = turns.id
                     AND follower.until > clock_timestamp()) AS followed
  FROM turns
 WHERE user_id = $1 AND thread_id = $2 AND state = 'running'

-- follow_elsewhere --
-- A process that is not the owner has a follower, for the seconds of $4.
-- $1 user_id  $2 turn_id  $3 process  $4 seconds
INSERT INTO turn_followers (user_id, turn_id, process, until)
SELECT user_id, id, $3, clock_timestamp() + make_interval(secs => $4)
  FROM turns
 WHERE user_id = $1 AND id = $2 AND state = 'running'
    ON CONFLICT (user_id, turn_id, process) DO UPDATE SET until = EXCLUDED.until

-- unfollow_elsewhere --
-- It has none any more.
-- $1 user_id  $2 turn_id  $3 process
DELETE FROM turn_followers WHERE user_id = $1 AND turn_id = $2 AND process = $3

-- read_elsewhere --
-- The user has read the thread of a turn in a process that is not the owner.
-- $1 user_id  $2 turn_id
UPDATE turns SET reads = reads + 1
 WHERE user_id = $1 AND id = $2 AND state = 'running'

-- request_stop --
-- $1 user_id  $2 turn_id  $3 reason
UPDATE turns SET stop_reason = COALESCE(stop_reason, $3)
 WHERE user_id = $1 AND id = $2 AND state = 'running'

-- sweep_events --
-- The logs of turns that ended a while ago, of every user, and who followed them.
-- $1 seconds
WITH followers AS (
    DELETE FROM turn_followers WHERE until < clock_timestamp() - make_interval(secs => $1)
)
DELETE FROM turn_events AS log
 USING turns AS turn
 WHERE turn.user_id = log.user_id AND turn.id = log.turn_id
   AND turn.finished_at < clock_timestamp() - make_interval(secs => $1)
