-- find_request --
-- An accepted request with its result. `fresh` is true if it was accepted in the last $3 seconds.
-- $1 user_id  $2 request key  $3 seconds
SELECT request.body_hash, request.turn_id, request.thread_id, request.answer, turn.state,
       request.accepted_at > clock_timestamp() - make_interval(secs => $3) AS fresh
  FROM accepted_requests AS request
  LEFT JOIN turns AS turn ON turn.user_id = $1 AND turn.id = request.turn_id
 WHERE request.user_id = $1 AND request.key = $2

-- claim_request --
-- Claim the key for a request without a turn. No row if the key is taken, unless that request is
-- still not answered after $5 seconds: then its process has ended.
-- $1 user_id  $2 request key  $3 hash of the request  $4 seconds that the key is kept  $5 seconds
INSERT INTO accepted_requests (user_id, key, body_hash, expires_at)
VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
    ON CONFLICT (user_id, key) DO UPDATE
   SET accepted_at = clock_timestamp(), expires_at = EXCLUDED.expires_at
 WHERE accepted_requests.answer IS NULL AND accepted_requests.turn_id IS NULL
   AND accepted_requests.body_hash = EXCLUDED.body_hash
   AND accepted_requests.accepted_at < clock_timestamp() - make_interval(secs => $5)
RETURNING key

-- answer_request --
-- $1 user_id  $2 request key  $3 the answer
UPDATE accepted_requests SET answer = $3 WHERE user_id = $1 AND key = $2

-- forget_request --
-- Delete the claim of a request that did not run, or whose turn ended a long time ago.
-- $1 user_id  $2 request key  $3 turn_id or null
DELETE FROM accepted_requests
 WHERE user_id = $1 AND key = $2 AND turn_id IS NOT DISTINCT FROM $3

-- sweep_requests --
-- Delete expired requests of all users.
DELETE FROM accepted_requests AS request
 WHERE expires_at < clock_timestamp()
   AND NOT EXISTS (SELECT FROM turns
                    WHERE turns.user_id = request.user_id AND turns.id = request.turn_id
                      AND turns.state = 'running')
