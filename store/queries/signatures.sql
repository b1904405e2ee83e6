-- Signed requests: each signature is valid for one use.

-- use_signature --
-- Mark a signature as used. No row if it was used before.
-- $1 user_id  $2 signature  $3 seconds that it is stored
INSERT INTO used_signatures (user_id, signature, expires_at)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (user_id, signature) DO NOTHING
RETURNING user_id

-- sweep_signatures --
-- Delete a few expired signatures of any user. Rows that another process is deleting are skipped.
DELETE FROM used_signatures
 WHERE (user_id, signature) IN (SELECT user_id, signature
                                  FROM used_signatures
                                 WHERE expires_at <= clock_timestamp()
                                 ORDER BY expires_at
                                 LIMIT 100
                                   FOR UPDATE SKIP LOCKED)
