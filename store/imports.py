"""Threads and tasks from files, into PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.protocol.imports import ImportedThread
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.tasks import Task
from store.postgres import Database
from store.sql import load

_SQL: Final = load("imports")


class Imports:
    """The `ImportStore` of the engine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_thread(self, user_id: str, thread: ImportedThread) -> bool:
        """Store a thread with its items, in one statement."""
        added: int = await self._database.fetchval(
            _SQL["add_thread"],
            user_id,
            thread.id,
            thread.source_id,
            thread.title,
            _title_by(thread),
            dumps(thread.status.to_wire()),
            thread.created_at,
            [item.id for item in thread.items],
            [item.turn_id for item in thread.items],
            [item.type for item in thread.items],
            [item.body for item in thread.items],
            [item.created_at for item in thread.items],
        )
        return added == 1

    async def add_tasks(self, user_id: str, tasks: Sequence[Task]) -> int:
        """Store those that are not there, in one statement; how many they were."""
        wire = dumps([task.to_wire() for task in tasks])
        added: int = await self._database.fetchval(_SQL["add_tasks"], user_id, wire)
        return added


def _title_by(thread: ImportedThread) -> str | None:
    """A title that the file holds is nothing that the server may change."""
    if thread.title is None:
        return None
    return "user" if thread.titled else "first line"
