"""Follows and stops turns of other processes, through their logs in the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chatkit.answer.drafting import cut_off_call
from chatkit.answer.leases import Ending, Lease, LeaseLost, LogPart, StopReason
from chatkit.answer.marks import NOTES, mark_step
from chatkit.answer.replay import open_items
from chatkit.engine import faults
from chatkit.engine.runner import PATIENCE_S
from chatkit.engine.turn_log import TurnLog
from chatkit.ports.turn_log import LogStore
from chatkit.ports.turns import TurnStore
from chatkit.protocol.bodies import Body, StopMark, TaskBody, ToolRound, WidgetBody
from chatkit.protocol.errors import NotFound, Unavailable
from chatkit.protocol.events import Event, ItemRemoved, ThreadCreated, decode_event, encode_event
from chatkit.protocol.ids import NewId, Prefix
from chatkit.protocol.items import Item, StoredItem, Thread
from chatkit.words.catalogue import say_in

_log = logging.getLogger("chatkit.turn")

#: Interval between reads of the log, in seconds. It grows to SLOWEST_POLL_S while no event comes.
POLL_S: Final = 0.1
SLOWEST_POLL_S: Final = 0.4
#: Interval between renewals of this process's follow row, and the lifetime of the row, in seconds.
FOLLOW_EVERY_S: Final = 1.0
FOLLOW_FOR_S: Final = 3.0
#: How long to wait for the end of the log after the turn has ended, in seconds.
END_S: Final = 1.0
#: How long an event that the owner has already sent may take to arrive here, in seconds.
LAG_S: Final = 2.0
#: A number after every event, to read the state of a turn alone.
END_OF_LOG: Final = 2**31 - 2
#: How long the owner may take to stop a turn, in seconds. After it, this process takes it over.
STOP_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnElsewhere:
    """A turn to follow through the database: one of another process, or one that has ended.

    `language` is the follower's. `created` is the turn's thread, if the turn created it: its
    first event is then the thread's creation.
    """

    user_id: str
    turn_id: str
    language: str
    created: Thread | None = None


class Mirror:
    """Copies the log of another process's turn; all followers in this process share the copy.

    `alone`: no other process writes logs, so a missing log of an ended turn will never appear.
    """

    def __init__(self, logs: LogStore, turn: TurnElsewhere, *, alone: bool = False) -> None:
        self.log = TurnLog(turn.turn_id)
        self.followers = 0
        self._logs = logs
        self._alone = alone
        self._turn = turn
        self._say = say_in(turn.language)
        self._done_items: set[str] = set()
        self._open_items: dict[str, None] = {}  # a dict keeps the order of arrival
        self._followed_at = float("-inf")
        self._ended_at: float | None = None
        self._unreachable_since: float | None = None

    async def run(self) -> None:
        """Copy until the turn has ended or the task is cancelled; then close the log."""
        pause = POLL_S
        try:
            while not self.log.closed:
                size = len(self.log)
                await self._look_with_retries()
                grown = len(self.log) > size
                pause = POLL_S if grown else min(pause * 1.5, SLOWEST_POLL_S)
                if not self.log.closed:
                    await asyncio.sleep(pause)
        finally:
            self.log.close()
            if self._followed_at > 0:
                with suppress(Unavailable):  # the row expires soon anyway
                    await self._logs.unfollow(self._turn.user_id, self._turn.turn_id)

    async def _look_with_retries(self) -> None:
        now = asyncio.get_running_loop().time()
        try:
            await self._look(now)
            self._unreachable_since = None
        except NotFound:  # the thread was deleted
            self.log.close()
        except Unavailable:
            self._unreachable_since = self._unreachable_since or now
            if now - self._unreachable_since >= PATIENCE_S:
                self.log.append([faults.DATABASE_AWAY.event(self._say)])
                self.log.close()

    async def _look(self, now: float) -> None:
        turn, place = self._turn, len(self.log)
        part = await self._logs.read(turn.user_id, turn.turn_id, place)
        self._note(part.lines)
        self.log.append_lines(part.lines)
        if part.last:
            self.log.close()
        elif part.state == "running":
            if now - self._followed_at >= FOLLOW_EVERY_S:
                self._followed_at = now
                await self._logs.follow(turn.user_id, turn.turn_id, FOLLOW_FOR_S)
        elif not part.lines:
            # The log is not complete yet, or was never written, or has been swept.
            self._ended_at = self._ended_at or now
            if now - self._ended_at >= (0 if self._alone and place == 0 else END_S):
                self.log.append_lines(await self._rest(part))
                self.log.close()

    def _note(self, lines: Iterable[str]) -> None:
        """Record which items are done and which are still open."""
        for event in map(decode_event, lines):
            match event["type"]:
                case "thread.item.added":
                    self._open_items[event["item"]["id"]] = None
                case "thread.item.done":
                    self._open_items.pop(event["item"]["id"], None)
                    self._done_items.add(event["item"]["id"])
                case "thread.item.removed":
                    self._open_items.pop(event["item_id"], None)

    async def _rest(self, part: LogPart) -> list[str]:
        """The missing end of the log, rebuilt from the stored items.

        Removes each open item that was not stored, or that a retry has withdrawn since.
        """
        turn = self._turn
        lines: list[str] = []
        if not len(self.log) and turn.created is not None:
            lines += _encoded([ThreadCreated(turn.created)])
        items = await self._logs.load_items(turn.user_id, part.thread_id, turn.turn_id)
        lines += [_done_line(item) for item in items if item.id not in self._done_items]
        stored = {item.id for item in items}
        gone = [item_id for item_id in self._open_items if item_id not in stored]
        lines += _encoded([ItemRemoved(item_id) for item_id in gone])
        if part.state == "failed":
            lines += _encoded([faults.UNEXPECTED])
        elif part.state == "interrupted":
            lines += _encoded([faults.INTERRUPTED.event(self._say)])
        return lines


def _encoded(events: Sequence[Event]) -> list[str]:
    return [text for event in events if (text := encode_event(event)) is not None]


def _done_line(item: StoredItem) -> str:
    return f'{{"type":"thread.item.done","item":{item.encode()}}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """Ends turns whose owner is gone or does not respond."""

    turns: TurnStore
    logs: LogStore
    new_id: NewId

    async def stop(self, user_id: str, turn_id: str, reason: StopReason, now: datetime) -> None:
        """Have a turn of another process stopped; take it over when its owner does not answer."""
        await self.logs.request_stop(user_id, turn_id, reason)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + STOP_S
        while loop.time() < give_up:
            if (await self.logs.read(user_id, turn_id, END_OF_LOG)).state != "running":
                return
            await asyncio.sleep(POLL_S)
        lease = await self.turns.take_over(user_id, turn_id)
        if lease is not None:
            await self.end(lease, now)

    async def end(self, lease: Lease, now: datetime) -> None:
        """Store what the log holds of an abandoned turn, and mark it as interrupted."""
        try:
            part = await self.logs.read(lease.user_id, lease.turn_id, 0)
        except NotFound:  # its thread has been deleted meanwhile
            return

        def item(prefix: Prefix, body: Body) -> Item:
            return Item(
                id=self.new_id(prefix), thread_id=lease.thread_id, created_at=now, body=body
            )

        say = say_in(lease.language)
        unfinished = open_items(part.lines, say)
        drafts = tuple(
            cut_off_call(each.body.widget, self.new_id("tc"))
            for each in unfinished
            if isinstance(each.body, WidgetBody)
        )
        items = (
            *([] if lease.calls is None else [item("hid", lease.calls)]),
            *unfinished,
            *([item("hid", ToolRound(calls=drafts))] if drafts else []),
            item("tsk", TaskBody(step=mark_step("orphaned", say))),
            item("hid", StopMark(NOTES["orphaned"])),
        )
        try:
            await self.turns.finish(lease, Ending(state="interrupted", items=items, keep=False))
        except LeaseLost:
            return
        _log.warning("turn %s: its process is gone, marked as interrupted", lease.turn_id)
