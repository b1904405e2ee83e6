"""Reads a user's data for an export from PostgreSQL, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.protocol.items import StoredItem, Thread
from chatkit.todo.tasks import Task
from store.postgres import Database
from store.sql import load
from store.tasks import task_of
from store.threads import stored_item_of, thread_of

_SQL: Final = load("exports")


class Exports:
    """The `ExportStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def threads(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Thread]]:
        """See the port."""
        rows = await self._database.fetch(_SQL["load_threads"], user_id, after, limit)
        return [(row["seq"], thread_of(row)) for row in rows]

    async def items(
        self, user_id: str, thread_id: str, after: int, limit: int
    ) -> Sequence[tuple[int, StoredItem]] | None:
        """See the port."""
        query = _SQL["load_items"]
        rows = await self._database.fetch(query, user_id, thread_id, after, limit)
        if not rows:
            return None
        return [
            (row["seq"], stored_item_of(row, thread_id))
            for row in rows
            if row["item_id"] is not None
        ]

    async def tasks(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Task]]:
        """See the port."""
        rows = await self._database.fetch(_SQL["load_tasks"], user_id, after, limit)
        return [(row["seq"], task_of(row)) for row in rows]
