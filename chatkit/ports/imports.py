"""Port: stores imported threads and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chatkit.protocol.items import ThreadStatus
from chatkit.todo.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedItem:
    """An item to store. `body` is JSON text. Items of one answer share a `turn_id`."""

    id: str
    turn_id: str
    type: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedThread:
    """A thread to store. `source_id`: its id in the file. `titled`: the file holds its title."""

    id: str
    source_id: str
    title: str | None
    titled: bool
    status: ThreadStatus
    created_at: datetime
    items: tuple[ImportedItem, ...]


class RunningImport(Protocol):
    """Stores the contents of one file. Existing threads and tasks are not changed.

    Raises Conflict if the user's data is erased meanwhile; the erasure includes this import.
    Raises Unavailable if the database is unreachable.
    """

    async def add_thread(self, thread: ImportedThread) -> bool:
        """Store a thread with its items, all or nothing, ordered before the user's other threads.

        Returns False if the user has this thread, or the one it was exported from. Raises Conflict
        if another import of the user is running.
        """
        ...

    async def add_tasks(self, tasks: Sequence[Task]) -> int:
        """Store the tasks that do not exist yet, all or none; return their number."""
        ...


class ImportStore(Protocol):
    """Starts imports."""

    def begin(self, user_id: str) -> AbstractAsyncContextManager[RunningImport]:
        """An import, open until the context ends, for an hour at most. Raises Unavailable."""
        ...
