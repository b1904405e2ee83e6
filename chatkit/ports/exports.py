"""Where an export is read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.protocol.items import StoredItem, Thread
from chatkit.todo.tasks import Task


class ExportStore(Protocol):
    """Where it is read, oldest first: what comes after a place, at most `limit`, with places."""

    async def threads(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Thread]]:
        """Threads."""
        ...

    async def items(
        self, user_id: str, thread_id: str, after: int, limit: int
    ) -> Sequence[tuple[int, StoredItem]] | None:
        """What the user sees of a thread; None when the thread is gone."""
        ...

    async def tasks(self, user_id: str, after: int, limit: int) -> Sequence[tuple[int, Task]]:
        """Tasks."""
        ...
