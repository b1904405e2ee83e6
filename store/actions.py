"""What actions of widgets leave in a thread."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from chatkit.protocol.bodies import Note, WidgetBody, parse_body
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.items import Item, Thread
from chatkit.protocol.jsontext import dumps
from store.postgres import Database
from store.sql import load
from store.threads import thread_of

_SQL: Final = load("actions")


class Actions:
    """Every method sees the threads of `user_id` alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, user_id: str, thread_id: str, item_id: str | None
    ) -> tuple[Thread, Item | None]:
        """A thread, and the widget of it that an action came from, where one did.

        NotFound for a missing thread or item, BadRequest for an item that is no widget.
        """
        row = await self._database.fetchrow(_SQL["find_shown"], user_id, thread_id, item_id)
        if row is None:
            raise NotFound("thread")
        if item_id is None:
            return thread_of(row), None
        if row["type"] is None:
            raise NotFound("item")
        if row["type"] != WidgetBody.type:
            raise BadRequest("params.item_id: must be a widget")
        body = parse_body(row["type"], json.loads(row["body"]))
        created_at = row["item_created_at"]
        item = Item(id=item_id, thread_id=thread_id, created_at=created_at, body=body)
        return thread_of(row), item

    async def save(
        self,
        user_id: str,
        thread_id: str,
        *,
        widget: Item | None,
        note: tuple[str, Note] | None,
        now: datetime,
    ) -> None:
        """Put a widget into the place of the one with its id, and a note (id and body) at the end.

        NotFound when the thread is gone meanwhile.
        """
        kept = await self._database.fetchval(
            _SQL["save_outcome"],
            user_id,
            thread_id,
            None if widget is None else widget.id,
            None if widget is None else dumps(widget.body.to_wire()),
            None if note is None else note[0],
            None if note is None else dumps(note[1].to_wire()),
            now,
        )
        if not kept:
            raise NotFound("thread")
