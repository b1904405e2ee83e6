"""Turns in PostgreSQL: begin, add items, finish. Writes of a running turn are fenced."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chatkit.access.quotas import Quotas
from chatkit.answer.leases import (
    Begun,
    Busy,
    Ending,
    Lease,
    LeaseLost,
    NewTurn,
    NotPending,
    Repeated,
)
from chatkit.protocol.bodies import (
    Body,
    ClientToolCall,
    Note,
    ToolRound,
    UserMessage,
    parse_body,
)
from chatkit.protocol.content import parse_inference_options
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.items import Item, Thread
from chatkit.protocol.jsontext import dumps
from store.amounts import allowed
from store.owners import has_ended
from store.postgres import Database
from store.requests import forget_request
from store.sql import load
from store.threads import ImageDomains, body_of, find_thread, item_of, thread_of

_SQL: Final = load("turns")


class StoredTurns:
    """The `TurnStore` of the process `owner`.

    A lease lasts `lease_s` seconds, long enough for a short outage of the database.
    """

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        lease_s: float,
        image_domains: ImageDomains = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._database = database
        self._quotas = quotas or Quotas()
        self._owner = owner
        self._lease_s = lease_s
        self._image_domains = image_domains

    async def begin_thread(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Repeated:
        """See the port."""
        begun = await self._database.fetchval(
            _SQL["begin_thread"],
            user_id,
            thread_id,
            turn.item_id,
            dumps(message.to_wire()),
            turn.turn_id,
            self._owner,
            self._lease_s,
            turn.model,
            now,
            *_key(turn),
            [attachment.id for attachment in message.attachments],
            turn.language,
            allowed(self._quotas, user_id),
        )
        if begun is None:
            return Repeated()
        lease = _new_lease(user_id, thread_id, turn)
        thread = Thread(id=thread_id, created_at=now, allowed_image_domains=self._image_domains)
        return Begun(thread=thread, lease=lease, wants_title=True)

    async def begin_message(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Busy | Repeated:
        """See the port."""
        row = await self._database.fetchrow(
            _SQL["begin_message"],
            user_id,
            thread_id,
            turn.item_id,
            dumps(message.to_wire()),
            turn.turn_id,
            self._owner,
            self._lease_s,
            turn.model,
            now,
            *_key(turn),
            [attachment.id for attachment in message.attachments],
            turn.language,
            allowed(self._quotas, user_id),
        )
        if row is None:
            raise NotFound("thread")
        closed = tuple(
            Item(
                id=each["item_id"],
                thread_id=thread_id,
                created_at=datetime.fromisoformat(each["item_created_at"]),
                body=parse_body(each["type"], each["body"]),
            )
            for each in json.loads(row["closed"] or "[]")
        )
        return await self._begun(row, user_id, turn, closed=closed)

    async def begin_reply(
        self,
        user_id: str,
        thread_id: str,
        turn: NewTurn,
        kind: str,
        answer: Callable[[Body], Body],
    ) -> Begun | Busy | Repeated | NotPending:
        """See the port."""
        async with self._database.acquire() as connection, connection.transaction():
            pending = await connection.fetchrow(
                _SQL["find_pending"], user_id, thread_id, kind, turn.item_id or None, turn.key.key
            )
            if pending is None or not pending["pending"]:
                return await self._not_pending(connection, user_id, thread_id, turn, pending)
            waiting = item_of(pending, thread_id)
            body = answer(waiting.body)
            row = await connection.fetchrow(
                _SQL["begin_reply"],
                user_id,
                thread_id,
                waiting.id,
                dumps(body.to_wire()),
                turn.turn_id,
                self._owner,
                self._lease_s,
                turn.model,
                *_key(turn),
                not turn.key.explicit,
                turn.language,
                allowed(self._quotas, user_id),
            )
        if row is None:
            raise NotFound("thread")
        return await self._begun(row, user_id, turn, answered=replace(waiting, body=body))

    async def _not_pending(
        self,
        connection: PoolConnectionProxy,
        user_id: str,
        thread_id: str,
        turn: NewTurn,
        found: asyncpg.Record | None,
    ) -> Repeated | NotPending:
        if found is not None and found["claimed"]:
            return Repeated()
        thread = await find_thread(connection, user_id, thread_id, self._image_domains)
        if found is None and turn.item_id:
            raise NotFound("item")
        return NotPending(thread=thread, answered=found is not None)

    async def begin_retry(
        self, user_id: str, thread_id: str, turn: NewTurn
    ) -> Begun | Busy | Repeated:
        """See the port."""
        # Two statements: the first may wait for another turn to end, and only a later one sees the
        # items that the other turn stored.
        async with self._database.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                _SQL["begin_retry"],
                user_id,
                thread_id,
                turn.item_id,
                turn.turn_id,
                self._owner,
                self._lease_s,
                turn.model,
                *_key(turn),
                turn.language,
            )
            calls = (
                await connection.fetch(
                    _SQL["withdraw"], user_id, thread_id, turn.item_id, turn.turn_id
                )
                if row is not None and row["begun"]
                else []
            )
        if row is None:
            raise NotFound("thread")
        if row["target"] is None:
            raise NotFound("item")
        if row["target"] != UserMessage.type:
            await forget_request(self._database, user_id, turn.key, turn.turn_id)
            raise BadRequest("params.item_id: must be a user_message")
        withdrawn = tuple(
            body
            for body in map(body_of, calls)
            if isinstance(body, ToolRound | ClientToolCall | Note)
        )
        options = parse_inference_options(json.loads(row["body"])["inference_options"])
        return await self._begun(row, user_id, turn, withdrawn=withdrawn, options=options)

    async def _begun(
        self, row: asyncpg.Record, user_id: str, turn: NewTurn, **more: Any
    ) -> Begun | Busy | Repeated:
        if not row["claimed"]:
            return Repeated()
        thread = thread_of(row, self._image_domains)
        if not row["begun"]:
            await forget_request(self._database, user_id, turn.key, turn.turn_id)
            return Busy(thread=thread)
        lease = _new_lease(user_id, thread.id, turn)
        return Begun(thread=thread, lease=lease, wants_title=row["wants_title"], **more)

    async def count_running(self, user_id: str) -> int:
        """See the port."""
        return int(await self._database.fetchval(_SQL["count_running"], user_id))

    async def load_history(self, user_id: str, thread_id: str, limit: int) -> list[Item]:
        """See the port."""
        rows = await self._database.fetch(_SQL["load_history"], user_id, thread_id, limit)
        return [item_of(row, thread_id) for row in reversed(rows)]

    async def add_items(
        self, lease: Lease, items: Sequence[Item], calls: ToolRound | None = None
    ) -> None:
        """See the port."""
        held = await self._database.fetchval(
            _SQL["add_items"],
            lease.user_id,
            lease.turn_id,
            lease.fence,
            *_columns(items),
            None if calls is None else dumps(calls.to_wire()),
        )
        if not held:
            raise LeaseLost

    async def finish(self, lease: Lease, ending: Ending) -> None:
        """See the port."""
        held = await self._database.fetchval(
            _SQL["finish_turn"],
            lease.user_id,
            lease.turn_id,
            lease.fence,
            *_columns(ending.items),
            ending.state,
            ending.usage.input_tokens,
            ending.usage.output_tokens,
            ending.keep,
            ending.model,
            urgent=True,
        )
        if not held:
            raise LeaseLost

    async def renew_leases(self, turn_ids: Sequence[str]) -> None:
        """See the port."""
        await self._database.execute(
            _SQL["renew_leases"], self._owner, self._lease_s, turn_ids, urgent=True
        )

    async def reap(self, known: Sequence[str], *, everything: bool) -> list[Lease]:
        """See the port."""
        owners = [row["owner"] for row in await self._database.fetch(_SQL["list_owners"])]
        ended = [owner for owner in owners if has_ended(owner)]
        rows = await self._database.fetch(
            _SQL["reap_turns"], self._owner, self._lease_s, everything, known, ended
        )
        return [_lease(row["user_id"], row["id"], row) for row in rows]

    async def take_over(self, user_id: str, turn_id: str) -> Lease | None:
        """See the port."""
        query = _SQL["take_over"]
        row = await self._database.fetchrow(query, user_id, turn_id, self._owner, self._lease_s)
        return None if row is None else _lease(user_id, turn_id, row)


def _key(turn: NewTurn) -> tuple[Any, ...]:
    return turn.key.key, turn.key.body_hash, turn.key.keep_s


def _new_lease(user_id: str, thread_id: str, turn: NewTurn) -> Lease:
    return Lease(user_id=user_id, thread_id=thread_id, turn_id=turn.turn_id, language=turn.language)


def _lease(user_id: str, turn_id: str, row: asyncpg.Record) -> Lease:
    calls = None
    if row["calls"] is not None:
        calls = cast(ToolRound, parse_body(ToolRound.type, json.loads(row["calls"])))
    return Lease(
        user_id=user_id,
        thread_id=row["thread_id"],
        turn_id=turn_id,
        language=row["language"],
        fence=row["fence"],
        calls=calls,
    )


def _columns(items: Sequence[Item]) -> tuple[list[Any], ...]:
    return (
        [item.id for item in items],
        [item.body.type for item in items],
        [dumps(item.body.to_wire()) for item in items],
        [item.body.hidden for item in items],
        [item.created_at for item in items],
    )
