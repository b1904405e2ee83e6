"""Threads and the pages of their items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import asyncpg

from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.items import StoredItem, Thread, ThreadStatus
from chatkit.protocol.leases import LoadedThread
from chatkit.protocol.paging import Cursor, Page
from store.postgres import Database
from store.sql import load

_SQL: Final = load("threads")


class Threads:
    """Every method sees the threads of `user_id` alone; another's raises NotFound."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, user_id: str, cursor: Cursor) -> Page[Thread]:
        """A page of threads by the order of their creation."""
        query = _SQL[f"list_threads_{cursor.order}"]
        rows = await self._database.fetch(query, user_id, cursor.after, cursor.limit + 1)
        _require_known_cursor(rows)
        threads = [thread_of(row) for row in rows if row["id"] is not None]
        return Page.of(threads, cursor.limit)

    async def load(self, user_id: str, thread_id: str, cursor: Cursor) -> LoadedThread:
        """A thread and a page of its visible items."""
        query = _SQL[f"list_items_{cursor.order}"]
        rows = await self._database.fetch(query, user_id, thread_id, cursor.after, cursor.limit + 1)
        if not rows:
            raise NotFound("thread")
        _require_known_cursor(rows)
        thread = Thread(
            id=thread_id,
            title=rows[0]["title"],
            status=ThreadStatus(**json.loads(rows[0]["status"])),
            created_at=rows[0]["thread_created_at"],
        )
        items = [
            StoredItem(
                id=row["id"],
                thread_id=thread_id,
                created_at=row["created_at"],
                type=row["type"],
                body=row["body"],
            )
            for row in rows
            if row["id"] is not None
        ]
        page = Page.of(items, cursor.limit)
        return LoadedThread(thread=thread, items=page, answering=rows[0]["answering"])

    async def rename(self, user_id: str, thread_id: str, title: str | None) -> Thread:
        """Set the title, or take it away."""
        return _found(
            await self._database.fetchrow(_SQL["rename_thread"], user_id, thread_id, title)
        )

    async def title_untitled(self, user_id: str, thread_id: str, title: str) -> Thread | None:
        """Set the title unless there is one; None when nothing changed."""
        query = _SQL["title_untitled_thread"]
        row = await self._database.fetchrow(query, user_id, thread_id, title)
        return thread_of(row) if row is not None else None

    async def delete(self, user_id: str, thread_id: str) -> None:
        """Delete it with all that it holds."""
        query = _SQL["delete_thread"]
        if await self._database.fetchval(query, user_id, thread_id) is None:
            raise NotFound("thread")


def thread_of(row: asyncpg.Record) -> Thread:
    """The thread in a row with the columns id, title, status and created_at."""
    return Thread(
        id=row["id"],
        title=row["title"],
        status=ThreadStatus(**json.loads(row["status"])),
        created_at=row["created_at"],
    )


def _found(row: asyncpg.Record | None) -> Thread:
    if row is None:
        raise NotFound("thread")
    return thread_of(row)


def _require_known_cursor(rows: Sequence[asyncpg.Record]) -> None:
    if not rows[0]["cursor_known"]:
        raise BadRequest("params.after: unknown cursor", code="invalid_cursor")
