"""Threads and pages of their items in PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chatkit.access.quotas import Quotas
from chatkit.answer.leases import LoadedThread, TitleSource
from chatkit.protocol.bodies import Body, parse_body
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.items import Item, StoredItem, Thread, ThreadStatus
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.paging import Cursor, Page
from store.amounts import allowed
from store.postgres import Database
from store.sql import load

_SQL: Final = load("threads")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: A place in the list of threads: the time of the last use in microseconds, and the id.
_PLACE: Final = re.compile(r"(?P<time>-?\d{1,17})\.(?P<id>\w+)", re.ASCII)

#: Domains whose images an assistant's Markdown may show; None allows all.
ImageDomains = tuple[str, ...] | None


class Threads:
    """The `ThreadStore`."""

    def __init__(
        self,
        database: Database,
        image_domains: ImageDomains = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._database = database
        self._image_domains = image_domains
        self._quotas = quotas or Quotas()

    async def list(self, user_id: str, cursor: Cursor) -> Page[Thread]:
        """See the port."""
        query = _SQL[f"list_threads_{cursor.order}"]
        after, used_at = _read_place(cursor.after)
        rows = await self._database.fetch(query, user_id, after, cursor.limit + 1, used_at)
        _require_known_cursor(rows)
        threads = [thread_of(row, self._image_domains) for row in rows if row["id"] is not None]
        return Page.of(threads, cursor.limit, place_of=_place_of)

    async def load(self, user_id: str, thread_id: str, cursor: Cursor) -> LoadedThread:
        """See the port."""
        query = _SQL[f"list_items_{cursor.order}"]
        rows = await self._database.fetch(query, user_id, thread_id, cursor.after, cursor.limit + 1)
        if not rows:
            raise NotFound("thread")
        _require_known_cursor(rows)
        thread = thread_of(rows[0], self._image_domains)
        items = [stored_item_of(row, thread_id) for row in rows if row["item_id"] is not None]
        page = Page.of(items, cursor.limit)
        return LoadedThread(thread=thread, items=page, answering=rows[0]["answering"])

    async def find(self, user_id: str, thread_id: str) -> Thread:
        """See the port."""
        return await find_thread(self._database, user_id, thread_id, self._image_domains)

    async def rename(self, user_id: str, thread_id: str, title: str | None) -> Thread:
        """See the port."""
        query = _SQL["rename_thread"]
        room = allowed(self._quotas, user_id)
        row = await self._database.fetchrow(query, user_id, thread_id, title, room)
        return _found(row, self._image_domains)

    async def give_title(
        self, user_id: str, thread_id: str, title: str, by: TitleSource
    ) -> Thread | None:
        """See the port."""
        query = _SQL["give_title"]
        row = await self._database.fetchrow(query, user_id, thread_id, title, by)
        return thread_of(row, self._image_domains) if row is not None else None

    async def set_status(self, user_id: str, thread_id: str, status: ThreadStatus) -> Thread:
        """See the port."""
        query, wire = _SQL["set_status"], dumps(status.to_wire())
        row = await self._database.fetchrow(query, user_id, thread_id, wire)
        return _found(row, self._image_domains)

    async def judge(self, user_id: str, thread_id: str, item_ids: Sequence[str], kind: str) -> None:
        """See the port."""
        query = _SQL["judge_items"]
        known = await self._database.fetchval(query, user_id, thread_id, item_ids, kind)
        if not known:
            raise NotFound("thread")

    async def delete(self, user_id: str, thread_id: str) -> None:
        """See the port."""
        query = _SQL["delete_thread"]
        if await self._database.fetchval(query, user_id, thread_id) is None:
            raise NotFound("thread")


async def find_thread(
    source: Database | PoolConnectionProxy,
    user_id: str,
    thread_id: str,
    image_domains: ImageDomains = None,
) -> Thread:
    """Load a thread, in the transaction of `source` if it has one. Raises NotFound."""
    row = await source.fetchrow(_SQL["find_thread"], user_id, thread_id)
    return _found(row, image_domains)


def _found(row: asyncpg.Record | None, image_domains: ImageDomains) -> Thread:
    if row is None:
        raise NotFound("thread")
    return thread_of(row, image_domains)


def thread_of(row: asyncpg.Record, image_domains: ImageDomains = None) -> Thread:
    """The thread in a row with `thread_columns` (store/columns.sql)."""
    return Thread(
        id=row["id"],
        title=row["title"],
        status=ThreadStatus(**json.loads(row["status"])),
        created_at=row["created_at"],
        used_at=row["used_at"],
        allowed_image_domains=image_domains,
    )


def body_of(row: asyncpg.Record) -> Body:
    """The body in a row with the columns `type` and `body`."""
    return parse_body(row["type"], json.loads(row["body"]))


def item_of(row: asyncpg.Record, thread_id: str) -> Item:
    """The item in a row with `item_columns` (store/columns.sql), its body decoded."""
    return Item(
        id=row["item_id"],
        thread_id=thread_id,
        created_at=row["item_created_at"],
        body=body_of(row),
    )


def stored_item_of(row: asyncpg.Record, thread_id: str) -> StoredItem:
    """The item in a row with `item_columns` (store/columns.sql)."""
    return StoredItem(
        id=row["item_id"],
        thread_id=thread_id,
        created_at=row["item_created_at"],
        type=row["type"],
        body=row["body"],
    )


def _place_of(thread: Thread) -> str:
    """The place of a thread in the list, as a cursor that holds when it is used again meanwhile."""
    return f"{(thread.last_used - _EPOCH) // _MICROSECOND}.{thread.id}"


def _read_place(after: str | None) -> tuple[str | None, datetime | None]:
    """A thread id, and the time of its last use if the cursor is one of ours."""
    if after is None or (found := _PLACE.fullmatch(after)) is None:
        return after, None
    return found["id"], _EPOCH + int(found["time"]) * _MICROSECOND


def _require_known_cursor(rows: Sequence[asyncpg.Record]) -> None:
    if not rows[0]["cursor_known"]:
        raise BadRequest("params.after: unknown cursor", code="invalid_cursor")
