-- The whole schema, applied at every start in one transaction (store/migrate.py): each statement
-- is idempotent. A later release that must change a table adds a numbered migration there and
-- raises the version; this file always describes the newest shape.
--
-- Two rules hold everywhere: user_id is the first column of every key that a query uses, and a
-- reference to a user's row carries the user_id too, so that no row can point at another user's.

CREATE TABLE IF NOT EXISTS schema_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  integer NOT NULL
);

-- Secrets that the server made for itself and that must outlive a machine (the guest signing key).
CREATE TABLE IF NOT EXISTS server_secrets (
    name       text PRIMARY KEY,
    value      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS threads (
    user_id     text NOT NULL,
    id          text NOT NULL,
    seq         bigint GENERATED ALWAYS AS IDENTITY,   -- the order of threads.list; below 0 what was
                                                       -- imported
    title       text,
    title_by    text CHECK (title_by IN ('first line',     -- of its first message, until there is
                                         'model',          -- a better one
                                         'user')),         -- never changed by the server
    status      jsonb NOT NULL DEFAULT '{"type": "active"}',
    metadata    jsonb NOT NULL DEFAULT '{}',           -- server side only, never on the wire
    shown_tasks uuid[] NOT NULL DEFAULT '{}',          -- the task list last shown: what "task 1" means
    deleted_in  text,                                  -- the message whose one unasked deletion is spent
    asked_deletions jsonb NOT NULL DEFAULT '{}',       -- task id -> seq of the message in whose answer
                                                       -- its deletion was put off until the user agrees
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    UNIQUE (id)                                        -- an id is never reused across users
);
-- list_threads: a keyset page by seq.
CREATE UNIQUE INDEX IF NOT EXISTS threads_page ON threads (user_id, seq);

CREATE TABLE IF NOT EXISTS tasks (
    user_id      text NOT NULL,
    id           uuid NOT NULL,
    seq          bigint GENERATED ALWAYS AS IDENTITY,  -- the order of the list, newest first
    title        text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    description  text CHECK (char_length(description) <= 2000),
    completed    boolean NOT NULL DEFAULT false,
    completed_at timestamptz,
    priority     text NOT NULL DEFAULT 'medium' CHECK (priority IN ('high', 'medium', 'low')),
    category     text CHECK (category IN ('work', 'personal', 'study', 'health', 'finance')),
    tags         text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 20),
    due_date     date,
    recurrence   text CHECK (recurrence IN ('daily', 'weekly', 'monthly')),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    CHECK (completed = (completed_at IS NOT NULL))
);
-- list_tasks: newest first.
CREATE UNIQUE INDEX IF NOT EXISTS tasks_page ON tasks (user_id, seq);
-- list_tasks with a due-date status or sort.
CREATE INDEX IF NOT EXISTS tasks_due ON tasks (user_id, due_date) WHERE due_date IS NOT NULL;

-- What a thread holds, in order. Hidden items feed the model and are never on the wire.
CREATE TABLE IF NOT EXISTS items (
    user_id      text NOT NULL,
    thread_id    text NOT NULL,
    id           text NOT NULL,
    seq          bigint GENERATED ALWAYS AS IDENTITY,  -- the order of items.list; created_at may tie
    turn_id      text NOT NULL,
    type         text NOT NULL,
    body         jsonb NOT NULL,                       -- the wire object without its envelope
    hidden       boolean NOT NULL,
    withdrawn_by text,                                 -- the retry turn that has hidden it meanwhile
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (user_id, thread_id, id),
    FOREIGN KEY (user_id, thread_id) REFERENCES threads (user_id, id) ON DELETE CASCADE
);
-- list_items, load_history: a keyset page by seq.
CREATE UNIQUE INDEX IF NOT EXISTS items_page ON items (user_id, thread_id, seq);
-- begin_message, find_pending: what waits for the user or the page.
CREATE INDEX IF NOT EXISTS items_pending ON items (user_id, thread_id)
    WHERE type IN ('client_tool_call', 'structured_input') AND body ->> 'status' = 'pending';
-- finish_turn: what a retry has hidden.
CREATE INDEX IF NOT EXISTS items_withdrawn ON items (user_id, thread_id, withdrawn_by)
    WHERE withdrawn_by IS NOT NULL;

-- Answers: one row from the acceptance of a message to the end of its answer, and after.
CREATE TABLE IF NOT EXISTS turns (
    user_id       text NOT NULL,
    id            text NOT NULL,
    thread_id     text NOT NULL,
    item_id       text NOT NULL,                       -- the user message that is answered
    retry         boolean NOT NULL,                    -- whether an older answer is withdrawn for it
    state         text NOT NULL DEFAULT 'running'
                  CHECK (state IN ('running',
                                   'done',             -- the answer is whole
                                   'failed',           -- the model gave none, the user was told
                                   'cancelled',        -- the user stopped it
                                   'interrupted')),    -- the server stopped under it
    owner         text NOT NULL,                       -- the process that runs it
    fence         bigint NOT NULL DEFAULT 1,           -- raised when another process takes it over
    lease_until   timestamptz NOT NULL,                -- the owner renews it; after it the reaper comes
    followed      boolean NOT NULL DEFAULT true,       -- whether the owner has a follower of it
    reads         integer NOT NULL DEFAULT 0,          -- how often it was read in other processes
    calls         jsonb,                               -- tool calls under way, whose results are
                                                       -- not stored yet
    stop_reason   text,                                -- set by another process that wants it stopped
    model         text NOT NULL,
    input_tokens  integer NOT NULL DEFAULT 0,
    output_tokens integer NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at   timestamptz,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, thread_id) REFERENCES threads (user_id, id) ON DELETE CASCADE,
    CHECK ((state = 'running') = (finished_at IS NULL))
);
-- begin_turn, begin_retry: one running turn in a thread, across processes.
CREATE UNIQUE INDEX IF NOT EXISTS turns_one_running ON turns (user_id, thread_id)
    WHERE state = 'running';
-- reap_turns, renew_leases.
CREATE INDEX IF NOT EXISTS turns_running ON turns (lease_until) WHERE state = 'running';
-- The cascade of a deleted thread.
CREATE INDEX IF NOT EXISTS turns_thread ON turns (user_id, thread_id);

-- Other processes that have followers of a running turn. Each renews its row, and takes it back.
CREATE TABLE IF NOT EXISTS turn_followers (
    user_id text NOT NULL,
    turn_id text NOT NULL,
    process text NOT NULL,
    until   timestamptz NOT NULL,                      -- a process that was killed renews no more
    PRIMARY KEY (user_id, turn_id, process),           -- watch_turns, find_running
    FOREIGN KEY (user_id, turn_id) REFERENCES turns (user_id, id) ON DELETE CASCADE
);

-- What users thought of answers: their last click on each item.
CREATE TABLE IF NOT EXISTS feedback (
    user_id    text NOT NULL,
    thread_id  text NOT NULL,
    item_id    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('positive', 'negative')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, thread_id, item_id),
    FOREIGN KEY (user_id, thread_id, item_id) REFERENCES items (user_id, thread_id, id)
        ON DELETE CASCADE
);

-- The log of running turns: what a follower in another process reads, and what is left of an
-- answer whose process was killed. Written in batches, swept a while after the turn has ended.
CREATE TABLE IF NOT EXISTS turn_events (
    user_id text NOT NULL,
    turn_id text NOT NULL,
    first   integer NOT NULL,                          -- the number of the first event, from 1
    through integer NOT NULL,                          -- and of the last
    frames  text[] NOT NULL,                           -- each one line of JSON
    last    boolean NOT NULL,                          -- whether the log ends with these
    PRIMARY KEY (user_id, turn_id, first),
    FOREIGN KEY (user_id, turn_id) REFERENCES turns (user_id, id) ON DELETE CASCADE
);

-- Files that users attach, and images that the server makes. A message takes a file by setting
-- thread_id and item_id, and so does the item of an image that was made.
CREATE TABLE IF NOT EXISTS attachments (
    user_id         text NOT NULL,
    id              text NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    mime_type       text NOT NULL,                     -- as announced, then as the bytes show
    size            bigint NOT NULL CHECK (size > 0),  -- in bytes: as announced, then as it is
    is_image        boolean NOT NULL,
    state           text NOT NULL DEFAULT 'awaited'
                    CHECK (state IN ('awaited',        -- announced, the bytes are to come
                                     'ready')),        -- all bytes are there
    content         uuid,                              -- the pieces that are its bytes
    upload          uuid,                              -- the pieces of an upload that goes on
    upload_began_at timestamptz,
    thread_id       text,                              -- null while no message has it
    item_id         text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, thread_id) REFERENCES threads (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, thread_id, item_id) REFERENCES items (user_id, thread_id, id)
        ON DELETE CASCADE,                             -- a message that a retry deletes
    CHECK ((state = 'ready') = (content IS NOT NULL)),
    CHECK ((upload IS NULL) = (upload_began_at IS NULL))
);
-- The cascade of a deleted thread, and of a deleted item.
CREATE INDEX IF NOT EXISTS attachments_item ON attachments (user_id, thread_id, item_id)
    WHERE thread_id IS NOT NULL;
-- sweep_unsent.
CREATE INDEX IF NOT EXISTS attachments_unsent ON attachments (created_at) WHERE thread_id IS NULL;
-- sweep_uploads.
CREATE INDEX IF NOT EXISTS attachments_uploads ON attachments (upload_began_at)
    WHERE upload_began_at IS NOT NULL;

-- The bytes of files: 256 KiB a row, so that none is ever whole in memory.
CREATE TABLE IF NOT EXISTS attachment_pieces (
    user_id       text NOT NULL,
    attachment_id text NOT NULL,
    content       uuid NOT NULL,                       -- of the row in attachments, or its upload
    number        integer NOT NULL,                    -- from 0
    bytes         bytea NOT NULL,
    PRIMARY KEY (user_id, attachment_id, content, number), -- read_piece, and the cascade
    FOREIGN KEY (user_id, attachment_id) REFERENCES attachments (user_id, id) ON DELETE CASCADE
);
-- Images and archives do not get smaller by compression.
ALTER TABLE attachment_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Requests that began a turn, so that the same one again joins it instead of running twice; and
-- imports that run.
CREATE TABLE IF NOT EXISTS accepted_requests (
    user_id     text NOT NULL,
    key         text NOT NULL,                         -- an Idempotency-Key, or the body's hash
    body_hash   bytea NOT NULL,
    turn_id     text,                                  -- null for a request without a turn
    thread_id   text,
    answer      text,                                  -- what a request without a turn was answered
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
-- sweep_requests.
CREATE INDEX IF NOT EXISTS accepted_requests_expiry ON accepted_requests (expires_at);

-- What a user has handed to somebody else: to a page for an hour, to an agent for longer. The
-- secret itself is nowhere; to revoke one is to delete its row.
CREATE TABLE IF NOT EXISTS sessions (
    user_id     text NOT NULL,
    id          uuid NOT NULL,
    seq         bigint GENERATED ALWAYS AS IDENTITY,   -- the order of the list, newest first
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scope       text NOT NULL CHECK (scope IN ('chat',  -- what a page needs
                                               'mcp')), -- the task tools at /mcp
    origin      text,                                  -- the only page that may use it, if any
    name        text CHECK (char_length(name) BETWEEN 1 AND 100),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (secret_hash)                               -- find_session: the secret tells the user
);
-- list_sessions: a keyset page by seq.
CREATE UNIQUE INDEX IF NOT EXISTS sessions_page ON sessions (user_id, seq);
-- sweep_sessions.
CREATE INDEX IF NOT EXISTS sessions_expired ON sessions (expires_at);

-- Signatures of requests that were taken, so that none is taken twice while its time lasts.
CREATE TABLE IF NOT EXISTS used_signatures (
    user_id    text NOT NULL,
    signature  bytea NOT NULL CHECK (octet_length(signature) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, signature)                   -- use_signature
);
-- sweep_signatures.
CREATE INDEX IF NOT EXISTS used_signatures_expired ON used_signatures (expires_at);

-- Who did what, when, from where and with what outcome. Rows are only added: the triggers below
-- refuse to change or delete one, except that the function which deletes old ones may, for whom the
-- table belongs to. The owner can drop the triggers, so that the log is kept from the server itself
-- only where the server's role is another one (README, Security).
CREATE TABLE IF NOT EXISTS audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    user_id     text,                                  -- null: not known, as in a failed sign-in
    action      text NOT NULL,                         -- session.open, thread.delete, limit.hit …
    target_kind text,
    target_id   text,
    client_ip   text,                                  -- null: a unix socket, or several callers
    request_id  text,                                  -- as in x-request-id and in the server's log
    outcome     text NOT NULL,                         -- ok, or the code of the error
    times       integer NOT NULL CHECK (times > 0)     -- how many alike this row stands for
);
-- sweep_audit_log, and to read it by time.
CREATE INDEX IF NOT EXISTS audit_log_at ON audit_log (at);
-- To read it by user.
CREATE INDEX IF NOT EXISTS audit_log_user ON audit_log (user_id, at);

-- The setting alone would keep nobody out, since every role may set it: it saves the owner from a
-- slip. The path is fixed, so that `=` is the one that is meant.
CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < clock_timestamp() - interval '1 day'
           AND current_setting('chatkit.sweeping', true) = 'on'
           AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
        THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of audit_log are neither changed nor deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE TRIGGER audit_log_rows_stay BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION keep_audit_log();
CREATE OR REPLACE TRIGGER audit_log_stays BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_log();

-- Deletes up to 10,000 rows that are older than so many days, at least one; gives their number.
-- It acts as the owner of the table, whoever calls it.
CREATE OR REPLACE FUNCTION sweep_audit_log(keep_days integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
    deleted integer;
BEGIN
    PERFORM set_config('chatkit.sweeping', 'on', true);
    DELETE FROM audit_log
     WHERE id IN (SELECT id FROM audit_log
                   WHERE at < clock_timestamp() - make_interval(days => greatest(keep_days, 1))
                   ORDER BY at
                   LIMIT 10000
                     FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    PERFORM set_config('chatkit.sweeping', 'off', true);
    RETURN deleted;
END $$;
-- Temporary tables come last, since without a word they come first: a caller's own audit_log, with
-- a trigger on it, would act as the owner.
DO $$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION sweep_audit_log(integer) SET search_path = pg_catalog, %I, pg_temp',
        current_schema());
END $$;

-- Where callers stand against the rate limits, with SHARED_LIMITS. Not logged: after a crash of the
-- database everybody may begin anew. No index but the key, so that a new value stays in its page.
CREATE UNLOGGED TABLE IF NOT EXISTS rate_buckets (
    name     text PRIMARY KEY,                         -- `ip:…` or `user:…`
    every_s  double precision NOT NULL,                -- the rate: one request in so many seconds,
    window_s double precision NOT NULL,                -- and so many seconds to fill from empty
    full_at  double precision NOT NULL,                -- Unix seconds at which it is full again
    allowed  boolean NOT NULL                          -- whether the last request was
) WITH (fillfactor = 50);
