-- One list of columns for each kind of row, shared by all statements that read it. A statement
-- contains the name of the list, as in `{thread_columns}`; store/sql.py inserts the columns.
--
-- A page of items reads a thread and its items in one row. Therefore the columns of an item's id
-- and time have other names than those of a thread.

-- thread_columns --
-- For `thread_of` in store/threads.py.
id, title, status, created_at, used_at

-- item_columns --
-- For `stored_item_of` in store/threads.py.
id AS item_id, type, body, created_at AS item_created_at

-- task_columns --
-- For `task_of` in store/tasks.py.
id, title, description, completed, completed_at, priority, category, tags, due_date, recurrence,
created_at, updated_at
