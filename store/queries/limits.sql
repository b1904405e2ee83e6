-- Rate limit buckets shared by all processes. The algorithm is that of chatkit/access/rates.py,
-- with a tolerance of one millisecond for rounding.

-- take --
-- Count one request in each bucket that allows it. For an existing row, which is read again under
-- its lock, `excluded` holds the rate, and `excluded.full_at - excluded.every_s` is now.
-- $1 names  $2 seconds per request  $3 seconds that an empty bucket takes to fill
INSERT INTO rate_buckets AS bucket (name, every_s, window_s, full_at, allowed)
SELECT asked.name, asked.every_s, asked.window_s, clock.now + asked.every_s, true
  FROM (SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8 AS now) AS clock,
       unnest($1::text[], $2::float8[], $3::float8[])
           WITH ORDINALITY AS asked (name, every_s, window_s, place)
 ORDER BY asked.place
    ON CONFLICT (name) DO UPDATE
   SET every_s = excluded.every_s,
       window_s = excluded.window_s,
       full_at = CASE
           WHEN bucket.full_at + excluded.every_s
                <= excluded.full_at - excluded.every_s + excluded.window_s + 0.001
           THEN GREATEST(bucket.full_at + excluded.every_s, excluded.full_at)
           ELSE bucket.full_at END,
       allowed = bucket.full_at + excluded.every_s
                <= excluded.full_at - excluded.every_s + excluded.window_s + 0.001
RETURNING name, allowed, full_at - EXTRACT(EPOCH FROM clock_timestamp())::float8 AS full_in_s

-- sweep --
-- Delete full buckets, which are equivalent to missing ones. Locked rows are skipped.
DELETE FROM rate_buckets
 WHERE name IN (SELECT name
                  FROM rate_buckets
                 WHERE full_at < EXTRACT(EPOCH FROM clock_timestamp())::float8
                 LIMIT 10000
                   FOR UPDATE SKIP LOCKED)
