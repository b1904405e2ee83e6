"""Where an export is read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.protocol.items import StoredItem, Thread
from chatkit.todo.tasks import Task


class ExportStore(Protocol):
    """Reads pages, oldest first: at most `limit` rows after the place `after`, each with its place.

    A page does not need the last row of the page before it to be there still. All methods raise
    Unavailable while the database is away.
    """

    async def threads(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Thread]]:
        """Threads."""
        ...

    async def items(
        self, user_id: str, thread_id: str, after: int, limit: int
    ) -> Sequence[tuple[int, StoredItem]] | None:
        """The visible items of a thread; None when the thread is gone."""
        ...

    async def tasks(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Task]]:
        """Tasks."""
        ...
