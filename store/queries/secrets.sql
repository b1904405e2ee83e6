-- get_secret --
-- $1 name
SELECT value FROM server_secrets WHERE name = $1

-- add_secret --
-- $1 name  $2 value
INSERT INTO server_secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
