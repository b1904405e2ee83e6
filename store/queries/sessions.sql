-- Sessions: credentials that a user gave to a page or an agent. Only hashes of secrets are stored.

-- open_session --
-- $1 user_id  $2 SHA-256 of the secret  $3 scope  $4 seconds that it lasts  $5 origin  $6 name
-- $7 what the user may store
INSERT INTO sessions (user_id, id, secret_hash, scope, expires_at, origin, name)
VALUES ($1, gen_random_uuid(), $2, $3, clock_timestamp() + make_interval(secs => $4), $5, $6)
RETURNING user_id, id, scope, origin, name, created_at, expires_at,
          set_config('chatkit.allowed', $7, true)

-- find_session --
-- $1 SHA-256 of the secret
SELECT user_id, id, scope, origin, name, created_at, expires_at
  FROM sessions
 WHERE secret_hash = $1 AND expires_at > clock_timestamp()

-- list_sessions --
-- One page of valid sessions, newest first, and one row more. Always at least one row, which tells
-- whether the cursor exists.
-- $1 user_id  $2 after: a session's id or null  $3 limit + 1
SELECT ($2::uuid IS NULL OR place.seq IS NOT NULL) AS cursor_known,
       $1 AS user_id, entry.id, entry.scope, entry.origin, entry.name, entry.created_at,
       entry.expires_at
  FROM (SELECT 1) AS one
  LEFT JOIN sessions AS place ON place.user_id = $1 AND place.id = $2
  LEFT JOIN LATERAL (
        SELECT id, scope, origin, name, created_at, expires_at, seq
          FROM sessions
         WHERE user_id = $1 AND seq < COALESCE(place.seq, 9223372036854775807)
           AND expires_at > clock_timestamp()
         ORDER BY seq DESC
         LIMIT $3) AS entry ON true
 ORDER BY entry.seq DESC

-- revoke_session --
-- $1 user_id  $2 id
DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING id

-- revoke_sessions --
-- Revoke all sessions with one scope.
-- $1 user_id  $2 scope
DELETE FROM sessions WHERE user_id = $1 AND scope = $2

-- sweep_sessions --
-- Delete the expired sessions of a user, which would count, and a few of other users. Rows that
-- another process is deleting are skipped.
-- $1 user_id
DELETE FROM sessions
 WHERE (user_id, id) IN (SELECT user_id, id
                           FROM sessions
                          WHERE expires_at <= clock_timestamp()
                          ORDER BY user_id <> $1, expires_at
                          LIMIT 100
                            FOR UPDATE SKIP LOCKED)
