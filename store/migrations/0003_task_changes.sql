-- Every change of a task for a week, so that it can be taken back, and what a model changed in the
-- audit log. The previous release changes tasks without a trace here.
CREATE TABLE task_changes (
    user_id    text NOT NULL,
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    task_id    uuid NOT NULL,
    before     jsonb,
    after      jsonb,
    author     text NOT NULL CHECK (author IN ('user', 'model', 'agent')),
    approved   boolean NOT NULL,
    thread_id  text,
    turn_id    text,
    message_id text,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, seq)
);
CREATE INDEX task_changes_task ON task_changes (user_id, task_id, seq);
CREATE INDEX task_changes_author ON task_changes (user_id, author, seq) WHERE author <> 'user';
CREATE INDEX task_changes_at ON task_changes (at);

ALTER TABLE audit_log ADD COLUMN detail jsonb;
