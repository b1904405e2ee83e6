-- Signed requests: each signature is good for one use.

-- use_signature --
-- No row when it was used before.
-- $1 user_id  $2 signature  $3 seconds for which it must be remembered
INSERT INTO used_signatures (user_id, signature, expires_at)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (user_id, signature) DO NOTHING
RETURNING user_id

-- sweep_signatures --
-- A few of those whose time is over, of every user. Rows that another server sweeps at the same
-- time are left to it.
DELETE FROM used_signatures
 WHERE (user_id, signature) IN (SELECT user_id, signature
                                  FROM used_signatures
                                 WHERE expires_at <= clock_timestamp()
                                 ORDER BY expires_at
                                 LIMIT 100
                                   FOR UPDATE SKIP LOCKED)
