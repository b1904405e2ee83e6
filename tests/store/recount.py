"""The amounts that users store, counted anew: what `stored_amounts` must say."""

from __future__ import annotations

from store.postgres import Database

_RECOUNT = """
SELECT user_id, sum(text)::bigint AS text_bytes, sum(tasks)::bigint AS tasks,
       sum(threads)::bigint AS threads, sum(sessions)::bigint AS sessions,
       sum(files)::bigint AS file_bytes
  FROM (SELECT user_id, octet_length(coalesce(title, '')) + octet_length(status::text)
                        + octet_length(metadata::text) AS text,
               0 AS tasks, 1 AS threads, 0 AS sessions, 0 AS files
          FROM threads
         UNION ALL
        SELECT user_id, octet_length(body::text), 0, 0, 0, 0 FROM items
         UNION ALL
        SELECT user_id, octet_length(title) + octet_length(coalesce(description, ''))
                        + octet_length(tags::text), 1, 0, 0, 0
          FROM tasks
         UNION ALL
        SELECT user_id, (octet_length(coalesce(before::text, ''))
                         + octet_length(coalesce(after::text, ''))) / 2, 0, 0, 0, 0
          FROM task_changes
         UNION ALL
        SELECT user_id, 0, 0, 0, 1, 0 FROM sessions
         UNION ALL
        SELECT user_id, 0, 0, 0, 0, size FROM attachments) AS stored
 GROUP BY user_id
"""
_COUNTED = """
SELECT user_id, text_bytes, tasks, threads, sessions, file_bytes
  FROM stored_amounts
 WHERE (text_bytes, tasks, threads, sessions, file_bytes) <> (0, 0, 0, 0, 0)
"""


async def check_amounts(database: Database) -> None:
    """Assert that what is counted is what is stored, of every user."""
    counted = {tuple(row) for row in await database.fetch(_COUNTED)}
    assert counted == {tuple(row) for row in await database.fetch(_RECOUNT)}
