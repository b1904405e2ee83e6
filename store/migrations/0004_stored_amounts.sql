-- What each user stores, counted by triggers. Creating a trigger waits for running writes of a table
-- and holds back new ones until this transaction ends, so nothing is missed or counted twice. The
-- previous release then counts without knowing it, and is refused nothing.
-- What each user stores, one row a user. The triggers below keep it in the transaction of every
-- change, whoever makes it: an import, a cascade, an erasure, the previous release.
CREATE TABLE stored_amounts (
    user_id    text PRIMARY KEY,
    text_bytes bigint NOT NULL,                        -- of threads, items, tasks; half of changes
    tasks      bigint NOT NULL,
    threads    bigint NOT NULL,
    sessions   bigint NOT NULL,                        -- expired ones too, until they are deleted
    file_bytes bigint NOT NULL                         -- as announced, then as stored
) WITH (fillfactor = 50);                              -- an update stays in its page (HOT)

-- The bytes of text that a row counts for: each in one place.
CREATE FUNCTION thread_bytes(title text, status jsonb, metadata jsonb) RETURNS bigint
    LANGUAGE sql STABLE
AS $$
    SELECT (octet_length(coalesce(title, '')) + octet_length(status::text)
            + octet_length(metadata::text))::bigint
$$;
CREATE FUNCTION item_bytes(body jsonb) RETURNS bigint
    LANGUAGE sql STABLE
AS $$
    SELECT octet_length(body::text)::bigint
$$;
CREATE FUNCTION task_bytes(title text, description text, tags text[]) RETURNS bigint
    LANGUAGE sql STABLE
AS $$
    SELECT (octet_length(title) + octet_length(coalesce(description, ''))
            + octet_length(tags::text))::bigint
$$;
-- Kept for undoing, so half of it counts.
CREATE FUNCTION change_bytes(before jsonb, after jsonb) RETURNS bigint
    LANGUAGE sql STABLE
AS $$
    SELECT (octet_length(coalesce(before::text, '')) + octet_length(coalesce(after::text, '')))::bigint
           / 2
$$;

-- Adds to the amounts of a user. A statement that accepts a request sets chatkit.allowed, a JSON
-- object (chatkit/access/quotas.py); growth above an allowed amount then undoes the statement. The
-- update waits for every other transaction that changed this row, so the comparison is exact.
CREATE FUNCTION add_amounts(
    owner text, more_text bigint, more_tasks bigint, more_threads bigint, more_sessions bigint,
    more_files bigint
) RETURNS void LANGUAGE plpgsql
AS $$
DECLARE
    used stored_amounts;
    allowed jsonb := nullif(current_setting('chatkit.allowed', true), '')::jsonb;
    kind text;
BEGIN
    INSERT INTO stored_amounts AS amount
           (user_id, text_bytes, tasks, threads, sessions, file_bytes)
    VALUES (owner, more_text, more_tasks, more_threads, more_sessions, more_files)
        ON CONFLICT (user_id) DO UPDATE
       SET text_bytes = amount.text_bytes + EXCLUDED.text_bytes,
           tasks = amount.tasks + EXCLUDED.tasks,
           threads = amount.threads + EXCLUDED.threads,
           sessions = amount.sessions + EXCLUDED.sessions,
           file_bytes = amount.file_bytes + EXCLUDED.file_bytes
    RETURNING * INTO used;
    IF allowed IS NULL THEN
        RETURN;
    END IF;
    kind := CASE
        WHEN more_tasks > 0 AND used.tasks > (allowed ->> 'tasks')::bigint THEN 'tasks'
        WHEN more_threads > 0 AND used.threads > (allowed ->> 'threads')::bigint THEN 'threads'
        WHEN more_sessions > 0 AND used.sessions > (allowed ->> 'sessions')::bigint THEN 'sessions'
        WHEN more_files > 0 AND used.file_bytes > (allowed ->> 'file_bytes')::bigint
            THEN 'file_bytes'
        WHEN more_text > 0 AND used.text_bytes > (allowed ->> 'text_bytes')::bigint
            THEN 'text_bytes'
    END;
    IF kind IS NOT NULL THEN
        RAISE EXCEPTION '%', kind USING ERRCODE = 'CK413', DETAIL = allowed ->> kind;
    END IF;
END $$;

-- For inserted or deleted rows. Those of several users, as a sweep deletes them, are added in the
-- order of the users, so that two sweeps cannot wait for each other.
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'items' THEN
        PERFORM add_amounts(user_id, sign * bytes, 0, 0, 0, 0)
           FROM (SELECT user_id, sum(item_bytes(body))::bigint AS bytes
                   FROM changed GROUP BY user_id ORDER BY user_id) AS total;
    WHEN 'threads' THEN
        PERFORM add_amounts(user_id, sign * bytes, 0, sign * number, 0, 0)
           FROM (SELECT user_id, count(*) AS number,
                        sum(thread_bytes(title, status, metadata))::bigint AS bytes
                   FROM changed GROUP BY user_id ORDER BY user_id) AS total;
    WHEN 'tasks' THEN
        PERFORM add_amounts(user_id, sign * bytes, sign * number, 0, 0, 0)
           FROM (SELECT user_id, count(*) AS number,
                        sum(task_bytes(title, description, tags))::bigint AS bytes
                   FROM changed GROUP BY user_id ORDER BY user_id) AS total;
    WHEN 'task_changes' THEN
        PERFORM add_amounts(user_id, sign * bytes, 0, 0, 0, 0)
           FROM (SELECT user_id, sum(change_bytes(before, after))::bigint AS bytes
                   FROM changed GROUP BY user_id ORDER BY user_id) AS total;
    WHEN 'sessions' THEN
        PERFORM add_amounts(user_id, 0, 0, 0, sign * number, 0)
           FROM (SELECT user_id, count(*) AS number
                   FROM changed GROUP BY user_id ORDER BY user_id) AS total;
    WHEN 'attachments' THEN
        PERFORM add_amounts(user_id, 0, 0, 0, 0, sign * bytes)
           FROM (SELECT user_id, sum(size)::bigint AS bytes
                   FROM changed GROUP BY user_id ORDER BY user_id) AS total;
    END CASE;
    RETURN NULL;
END $$;

-- For a changed row. Not for changes of other columns, such as those of a retry.
CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    more_text bigint := 0;
    more_files bigint := 0;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'items' THEN
        more_text := item_bytes(NEW.body) - item_bytes(OLD.body);
    WHEN 'threads' THEN
        more_text := thread_bytes(NEW.title, NEW.status, NEW.metadata)
                     - thread_bytes(OLD.title, OLD.status, OLD.metadata);
    WHEN 'tasks' THEN
        more_text := task_bytes(NEW.title, NEW.description, NEW.tags)
                     - task_bytes(OLD.title, OLD.description, OLD.tags);
    WHEN 'attachments' THEN
        more_files := NEW.size - OLD.size;
    END CASE;
    IF more_text <> 0 OR more_files <> 0 THEN
        PERFORM add_amounts(NEW.user_id, more_text, 0, 0, 0, more_files);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER count_inserted AFTER INSERT ON threads
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_deleted AFTER DELETE ON threads
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_updated AFTER UPDATE OF title, status, metadata ON threads
    FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TRIGGER count_inserted AFTER INSERT ON items
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_deleted AFTER DELETE ON items
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_updated AFTER UPDATE OF body ON items
    FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TRIGGER count_inserted AFTER INSERT ON tasks
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_deleted AFTER DELETE ON tasks
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_updated AFTER UPDATE OF title, description, tags ON tasks
    FOR EACH ROW EXECUTE FUNCTION count_change();
CREATE TRIGGER count_inserted AFTER INSERT ON task_changes
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_deleted AFTER DELETE ON task_changes
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_inserted AFTER INSERT ON sessions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_deleted AFTER DELETE ON sessions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_inserted AFTER INSERT ON attachments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_deleted AFTER DELETE ON attachments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER count_updated AFTER UPDATE OF size ON attachments
    FOR EACH ROW EXECUTE FUNCTION count_change();

INSERT INTO stored_amounts (user_id, text_bytes, tasks, threads, sessions, file_bytes)
SELECT user_id, sum(text_bytes), sum(tasks), sum(threads), sum(sessions), sum(file_bytes)
  FROM (SELECT user_id, thread_bytes(title, status, metadata) AS text_bytes, 0 AS tasks,
               1 AS threads, 0 AS sessions, 0 AS file_bytes
          FROM threads
         UNION ALL
        SELECT user_id, item_bytes(body), 0, 0, 0, 0 FROM items
         UNION ALL
        SELECT user_id, task_bytes(title, description, tags), 1, 0, 0, 0 FROM tasks
         UNION ALL
        SELECT user_id, change_bytes(before, after), 0, 0, 0, 0 FROM task_changes
         UNION ALL
        SELECT user_id, 0, 0, 0, 1, 0 FROM sessions
         UNION ALL
        SELECT user_id, 0, 0, 0, 0, size FROM attachments) AS stored
 GROUP BY user_id;
