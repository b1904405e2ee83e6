-- When each thread was last used: the order of threads.list. A trigger keeps it, so that servers of
-- the previous release keep it too.
ALTER TABLE threads ADD COLUMN used_at timestamptz;
UPDATE threads
   SET used_at = COALESCE((SELECT max(items.created_at) FROM items
                            WHERE items.user_id = threads.user_id AND items.thread_id = threads.id),
                          created_at);
ALTER TABLE threads ALTER COLUMN used_at SET NOT NULL,
                    ALTER COLUMN used_at SET DEFAULT clock_timestamp();
CREATE INDEX threads_use ON threads (user_id, used_at, id);

CREATE FUNCTION note_use() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    -- Not again within a second: the thread of a first message is new itself.
    UPDATE threads SET used_at = clock_timestamp()
     WHERE user_id = NEW.user_id AND id = NEW.thread_id
       AND used_at < clock_timestamp() - interval '1 second';
    RETURN NULL;
END
$$;
CREATE TRIGGER note_use AFTER INSERT ON turns FOR EACH ROW EXECUTE FUNCTION note_use();
