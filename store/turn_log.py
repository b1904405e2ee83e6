"""Event logs of running turns in PostgreSQL, and messages between processes about turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from chatkit.answer.leases import (
    Followed,
    LogBatch,
    LogEnd,
    LogPart,
    RunningElsewhere,
    StopReason,
    Wish,
)
from chatkit.protocol.errors import NotFound
from chatkit.protocol.items import StoredItem
from store.owners import has_ended
from store.postgres import Database
from store.sql import load
from store.threads import stored_item_of

_SQL: Final = load("turn_log")


class TurnLogs:
    """The `LogStore` of the process `owner`.

    A lease with less than `living_s` seconds left was not renewed lately. Its owner has ended or is
    disconnected, so its followers do not count.
    """

    def __init__(self, database: Database, *, owner: str, living_s: float) -> None:
        self._database = database
        self._owner = owner
        self._living_s = living_s

    async def append(self, batches: Sequence[LogBatch]) -> Mapping[str, LogEnd]:
        """See the port."""
        leases = [batch.lease for batch in batches]
        rows = await self._database.fetch(
            _SQL["append_events"],
            [lease.user_id for lease in leases],
            [lease.turn_id for lease in leases],
            [lease.fence for lease in leases],
            [batch.first for batch in batches],
            [batch.text for batch in batches],
            [batch.last for batch in batches],
        )
        return {row["turn_id"]: LogEnd(through=row["through"], last=row["last"]) for row in rows}

    async def read(self, user_id: str, turn_id: str, after: int) -> LogPart:
        """See the port."""
        rows = await self._database.fetch(_SQL["read_events"], user_id, turn_id, after)
        if not rows:
            raise NotFound("turn")
        lines: list[str] = []
        last = False
        for row in rows:
            if row["first"] is None or row["first"] > after + len(lines) + 1:
                break  # a gap: the events between are not written yet
            lines += row["frames"][after + len(lines) + 1 - row["first"] :]
            last = row["last"]
        return LogPart(
            state=rows[0]["state"], thread_id=rows[0]["thread_id"], lines=lines, last=last
        )

    async def load_items(self, user_id: str, thread_id: str, turn_id: str) -> list[StoredItem]:
        """See the port."""
        query = _SQL["load_turn_items"]
        return [
            stored_item_of(row, thread_id)
            for row in await self._database.fetch(query, user_id, thread_id, turn_id)
        ]

    async def wishes(self) -> list[Wish]:
        """See the port."""
        return [
            Wish(
                turn_id=row["id"],
                stop_reason=row["stop_reason"],
                followed_elsewhere=row["followed_elsewhere"],
                reads=row["reads"],
            )
            for row in await self._database.fetch(_SQL["watch_turns"], self._owner)
        ]

    async def find_elsewhere(self, user_id: str, thread_id: str) -> RunningElsewhere | None:
        """See the port."""
        query = _SQL["find_running"]
        row = await self._database.fetchrow(query, user_id, thread_id, self._living_s)
        if row is None or row["owner"] == self._owner:
            return None
        return RunningElsewhere(
            turn_id=row["id"], followed=row["followed"], orphaned=has_ended(row["owner"])
        )

    async def follow(self, user_id: str, turn_id: str, for_s: float) -> None:
        """See the port."""
        query = _SQL["follow_elsewhere"]
        await self._database.execute(query, user_id, turn_id, self._owner, for_s)

    async def unfollow(self, user_id: str, turn_id: str) -> None:
        """See the port."""
        await self._database.execute(_SQL["unfollow_elsewhere"], user_id, turn_id, self._owner)

    async def note_read(self, user_id: str, turn_id: str) -> None:
        """See the port."""
        await self._database.execute(_SQL["read_elsewhere"], user_id, turn_id)

    async def request_stop(self, user_id: str, turn_id: str, reason: StopReason) -> None:
        """See the port."""
        await self._database.execute(_SQL["request_stop"], user_id, turn_id, reason)

    async def publish_followed(self, news: Sequence[Followed]) -> None:
        """See the port."""
        await self._database.execute(
            _SQL["publish_followed"],
            [each.lease.user_id for each in news],
            [each.lease.turn_id for each in news],
            [each.lease.fence for each in news],
            [each.followed for each in news],
        )

    async def sweep(self, older_than_s: float) -> None:
        """See the port."""
        await self._database.execute(_SQL["sweep_events"], older_than_s)
