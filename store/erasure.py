"""Erases all data of a user in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from store.postgres import Database
from store.sql import load

_SQL: Final = load("erasure")

_THREADS_AT_ONCE: Final = 100


class Erasure:
    """The `ErasureStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def running_threads(self, user_id: str) -> Sequence[str]:
        """See the port."""
        rows = await self._database.fetch(_SQL["running_threads"], user_id)
        return [row["thread_id"] for row in rows]

    async def erase(self, user_id: str) -> None:
        """See the port."""
        # Requests first: a running import needs its row there, and adds nothing without it.
        for name in ("erase_requests", "erase_sessions"):
            await self._database.execute(_SQL[name], user_id)
        while await self._database.fetchval(_SQL["erase_some_threads"], user_id, _THREADS_AT_ONCE):
            pass
        for name in ("erase_files", "erase_tasks", "erase_amounts"):
            await self._database.execute(_SQL[name], user_id)
