-- get_secret --
-- $1 name
SELECT value FROM server_secrets WHERE name = $1

-- lock_secret --
-- $1 name
SELECT value FROM server_secrets WHERE name = $1 FOR UPDATE

-- add_secret --
-- $1 name  $2 value
INSERT INTO server_secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING

-- set_secret --
-- $1 name  $2 value
INSERT INTO server_secrets (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value, created_at = now()

-- replace_secret --
-- $1 name  $2 the value that is replaced, unless another process was first  $3 value
UPDATE server_secrets SET value = $3 WHERE name = $1 AND value = $2

-- drop_secret --
-- $1 name
DELETE FROM server_secrets WHERE name = $1
