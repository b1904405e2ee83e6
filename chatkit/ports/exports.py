"""Port: reads a user's data for an export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.protocol.items import StoredItem, Thread
from chatkit.todo.tasks import Task


class ExportStore(Protocol):
    """Reads pages, oldest first: at most `limit` (sequence number, row) pairs after number `after`.

    The row at `after` may have been deleted. All methods raise Unavailable if the database is
    unreachable.
    """

    async def threads(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Thread]]:
        """A page of threads."""
        ...

    async def items(
        self, user_id: str, thread_id: str, after: int, limit: int
    ) -> Sequence[tuple[int, StoredItem]] | None:
        """A page of the visible items of a thread; None if the thread was deleted."""
        ...

    async def tasks(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Task]]:
        """A page of tasks."""
        ...
