-- The columns that are read of a row, one list for every statement that reads one. A statement names
-- its list as `{thread_columns}`, and store/sql.py puts the columns there.
--
-- A page of items reads a thread and its items in one row, so an item's id and time have names that
-- no thread has.

-- thread_columns --
-- For `thread_of` in store/threads.py.
id, title, status, created_at

-- item_columns --
-- For `stored_item_of` in store/threads.py.
id AS item_id, type, body, created_at AS item_created_at

-- task_columns --
-- For `task_of` in store/tasks.py.
id, title, description, completed, completed_at, priority, category, tags, due_date, recurrence,
created_at, updated_at
