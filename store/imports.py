"""Stores imported threads and tasks in PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from chatkit.access.quotas import Quotas
from chatkit.ports.imports import ImportedThread
from chatkit.protocol.errors import ChatKitError, Conflict, Sentence
from chatkit.protocol.jsontext import dumps
from chatkit.todo.tasks import Task
from store.amounts import allowed
from store.postgres import Database
from store.sql import load

_SQL: Final = load("imports")

#: Seconds after which an import expires, since its process may have ended.
_MAX_IMPORT_S: Final = 3600.0


class Import:
    """The `RunningImport` of the accepted request `key`; threads get a `seq` below `place`."""

    def __init__(
        self, database: Database, user_id: str, key: str, place: int, quotas: Quotas
    ) -> None:
        self._database = database
        self._user_id = user_id
        self._key = key
        self._place = place
        self._allowed = allowed(quotas, user_id)

    async def add_thread(self, thread: ImportedThread) -> bool:
        """See the port."""
        self._place -= 1
        try:
            row = await self._database.fetchrow(
                _SQL["add_thread"],
                self._user_id,
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
                self._key,
                self._place,
                self._allowed,
            )
        except asyncpg.UniqueViolationError as error:  # another import used the same `seq`
            raise Conflict(Sentence("import.another")) from error
        return bool(_running(row)["added"])

    async def add_tasks(self, tasks: Sequence[Task]) -> int:
        """See the port."""
        wire = dumps([task.to_wire() for task in tasks])
        row = await self._database.fetchrow(
            _SQL["add_tasks"], self._user_id, wire, self._key, self._allowed
        )
        return int(_running(row)["added"])


class Imports:
    """The `ImportStore`."""

    def __init__(self, database: Database, quotas: Quotas | None = None) -> None:
        self._database = database
        self._quotas = quotas or Quotas()

    @asynccontextmanager
    async def begin(self, user_id: str) -> AsyncIterator[Import]:
        """See the port."""
        key = f"import:{secrets.token_hex(16)}"
        place = await self._database.fetchval(_SQL["begin_import"], user_id, key, _MAX_IMPORT_S)
        try:
            yield Import(self._database, user_id, key, place, self._quotas)
        finally:
            with suppress(ChatKitError):  # otherwise it expires
                await self._database.execute(_SQL["end_import"], user_id, key)


def _running(row: asyncpg.Record | None) -> asyncpg.Record:
    assert row is not None, "it is always one row"
    if not row["runs"]:
        raise Conflict(Sentence("import.erased"))
    return row


def _title_by(thread: ImportedThread) -> str | None:
    """The origin of the title. The server does not change a title that the file holds."""
    if thread.title is None:
        return None
    return "user" if thread.titled else "first line"
