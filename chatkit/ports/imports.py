"""Where imported threads and tasks are stored."""

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
    """`body` is JSON text, and `turn_id` tells which items belong to one answer."""

    id: str
    turn_id: str
    type: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedThread:
    """`source_id` is the id in the file, `titled` whether the file holds the title."""

    id: str
    source_id: str
    title: str | None
    titled: bool
    status: ThreadStatus
    created_at: datetime
    items: tuple[ImportedItem, ...]


class RunningImport(Protocol):
    """Takes what one file holds. What is there already stays as it is.

    Raises Conflict when the user's data is erased meanwhile: what was added is gone then too.
    Raises Unavailable while the database is away.
    """

    async def add_thread(self, thread: ImportedThread) -> bool:
        """Store a thread with its items before all that the user has, all of it or nothing. False
        when the user has it, or the one that it was exported from. Raises Conflict for two imports
        of one user at once."""
        ...

    async def add_tasks(self, tasks: Sequence[Task]) -> int:
        """Store those tasks that are not there, all or none of them; how many they were."""
        ...


class ImportStore(Protocol):
    """Where imports go."""

    def begin(self, user_id: str) -> AbstractAsyncContextManager[RunningImport]:
        """An import, for as long as the context is open; an hour at most. Raises Unavailable."""
        ...
