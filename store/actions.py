"""Locks widgets for actions and saves their effects, in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chatkit.protocol.bodies import Note, WidgetBody
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.items import Item, Thread
from chatkit.protocol.jsontext import dumps
from store.postgres import Database
from store.sql import load
from store.threads import item_of, thread_of

_SQL: Final = load("actions")


#: Most actions of this process that hold a card at one time. Each occupies one connection and needs
#: a second one meanwhile, so this must be less than the size of the pool.
_MAX_HELD: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A `HeldCard`; the transaction of its connection holds the locks."""

    thread: Thread
    item: Item | None
    user_id: str
    connection: PoolConnectionProxy

    async def save(
        self, *, widget: Item | None, note: tuple[str, Note] | None, now: datetime
    ) -> None:
        """See the port."""
        await self.connection.execute(
            _SQL["save_outcome"],
            self.user_id,
            self.thread.id,
            None if widget is None else widget.id,
            None if widget is None else dumps(widget.body.to_wire()),
            None if note is None else note[0],
            None if note is None else dumps(note[1].to_wire()),
            now,
        )


class Actions:
    """The `ActionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places = asyncio.Semaphore(_MAX_HELD)

    @asynccontextmanager
    async def hold(self, user_id: str, thread_id: str, item_id: str | None) -> AsyncIterator[Held]:
        """See the port."""
        async with (
            self._places,
            self._database.acquire() as connection,
            connection.transaction(),
        ):
            row = await connection.fetchrow(_SQL["hold_thread"], user_id, thread_id)
            if row is None:
                raise NotFound("thread")
            item = None
            if item_id is not None:
                shown = await connection.fetchrow(_SQL["hold_item"], user_id, thread_id, item_id)
                item = _widget(shown, thread_id)
            yield Held(thread=thread_of(row), item=item, user_id=user_id, connection=connection)


def _widget(row: asyncpg.Record | None, thread_id: str) -> Item:
    if row is None:
        raise NotFound("item")
    if row["type"] != WidgetBody.type:
        raise BadRequest("params.item_id: must be a widget")
    return item_of(row, thread_id)
