"""Runs one turn to its end: asks the model, calls the tools, stores and publishes.

What is final is stored before it is published as done, so that a client that saw it finds it. The
end of a turn, however it comes, passes `_end` once and waits there for a database that is away.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chatkit.engine import faults
from chatkit.engine.pace import Pace
from chatkit.engine.ports import Model, ThreadStore, ToolBox, TurnStore
from chatkit.engine.turn_log import TurnLog
from chatkit.protocol import history
from chatkit.protocol.calls import Caller, ToolCall, ToolResult
from chatkit.protocol.deltas import ModelFault, ModelRequest
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.events import ErrorEvent, Event, StreamOptions, ThreadUpdated
from chatkit.protocol.ids import NewId
from chatkit.protocol.items import Body, Item
from chatkit.protocol.leases import Begun, Ending, Lease, LeaseLost, StopReason, TurnState
from chatkit.protocol.turn import AskModel, CallTools, TooManyRounds, Turn

_log = logging.getLogger("chatkit.turn")

#: How long a turn waits for a database that is away before it gives up, in seconds.
PATIENCE_S: Final = 25.0
#: Most items of a thread that are read for the model; the token budget cuts further.
MAX_HISTORY_ITEMS: Final = 400

_STOP_NOTES: Final[dict[StopReason, str]] = {
    "user": "the user stopped the answer here",
    "left": "the user left while this was being answered, and the answer was stopped here",
    "replaced": "the user went on with another message, and the answer was stopped here",
    "shutdown": "the answer was interrupted here by a restart of the server",
    "lost": "the answer was taken over by another process here",
}
_FAILED_NOTE: Final = "the answer failed here with an error, which the user was shown"

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimits:
    """How far a turn may go. `context_tokens` None means what the model's window allows."""

    max_rounds: int
    context_tokens: int | None = None


@dataclass(slots=True, kw_only=True)
class RunningTurn:
    """A turn of this process while it runs. `title` is what to call an untitled thread."""

    begun: Begun
    caller: Caller
    model: str
    title: str | None
    log: TurnLog = field(default_factory=TurnLog)
    task: asyncio.Task[None] | None = None
    #: Whether the task has begun to run: one that is cancelled before that never does.
    entered: bool = False
    stop_reason: StopReason | None = None
    ending: bool = False
    followers: int = 0
    #: What other processes were last told of that, whether one of them has followers, and what to
    #: do when that begins.
    told_followed: bool = True
    followed_elsewhere: bool = False
    on_returned: Callable[[], None] | None = None
    #: How many events of the log are in the database, and whether it knows that no more will come.
    written: int = 0
    complete: bool = False

    @property
    def lease(self) -> Lease:
        """The right to write it."""
        return self.begun.lease

    def stop(self, reason: StopReason) -> None:
        """End it soon, keeping its text; the first reason counts, an ending turn just ends."""
        if self.stop_reason is None and not self.ending and self.task is not None:
            self.stop_reason = reason
            if self.entered:
                self.task.cancel()


class Runner:
    """Runs turns; holds what they share."""

    def __init__(
        self,
        *,
        model: Model,
        tools: ToolBox,
        turns: TurnStore,
        threads: ThreadStore,
        instructions: str,
        limits: TurnLimits,
        new_id: NewId,
        now: Callable[[], datetime],
    ) -> None:
        self._model = model
        self._tools = tools
        self._turns = turns
        self._threads = threads
        self._instructions = instructions
        self._limits = limits
        self._new_id = new_id
        self._now = now
        self._pace = Pace()

    async def run(self, turn: RunningTurn) -> None:
        """Run `turn` to its end and close its log. Never raises."""
        machine = Turn(
            thread_id=turn.lease.thread_id,
            new_id=self._new_id,
            now=self._now,
            max_rounds=self._limits.max_rounds,
        )
        work = _Work(turn=turn, machine=machine)
        turn.entered = True
        try:
            await self._run(work)
        except LeaseLost:
            _log.warning("turn %s: no longer ours, dropped", turn.lease.turn_id)
            turn.log.append([faults.LOST])
        except Unavailable:
            _log.error(
                "turn %s: the database stayed away, its end is not stored", turn.lease.turn_id
            )
            turn.log.append([faults.DATABASE_AWAY])
        except Exception:
            _log.exception("turn %s: its end failed", turn.lease.turn_id)
            turn.log.append([faults.UNEXPECTED])
        finally:
            turn.log.close()

    async def _run(self, work: _Work) -> None:
        turn = work.turn
        turn.log.append([StreamOptions(allow_cancel=True)])
        try:
            last_events = await self._answer(work)
        except asyncio.CancelledError:
            reason = turn.stop_reason or "shutdown"
            if reason == "lost":
                raise LeaseLost from None
            state: TurnState = "interrupted" if reason == "shutdown" else "cancelled"
            error = faults.INTERRUPTED if reason == "shutdown" else None
            await self._end(work, state, work.machine.stop(_STOP_NOTES[reason]), error)
        except ModelFault as fault:
            _log.warning("turn %s: model fault %s", turn.lease.turn_id, fault.kind)
            await self._fail(work, faults.MODEL_FAULTS[fault.kind])
        except TooManyRounds:
            await self._fail(work, faults.TOO_MANY_ROUNDS)
        except Unavailable:
            await self._fail(work, faults.DATABASE_AWAY)
        except LeaseLost:
            raise
        except Exception:
            _log.exception("turn %s: failed", turn.lease.turn_id)
            await self._fail(work, faults.UNEXPECTED)
        else:
            await self._end(work, "done", last_events, None)

    async def _answer(self, work: _Work) -> list[Event]:
        """The tool loop. Gives the last events, which are published when they are stored."""
        machine, turn = work.machine, work.turn
        if turn.stop_reason is not None:  # before the task had begun
            raise asyncio.CancelledError
        machine.begin_with(history.carried_over(turn.begun.withdrawn))
        stored = await _patiently(
            lambda: self._turns.load_history(
                turn.lease.user_id, turn.lease.thread_id, MAX_HISTORY_ITEMS
            )
        )
        specs = tuple(await self._tools.list_tools())
        await self._model.warm_up()
        while True:
            bodies = [*stored, *(item.body for item in machine.items)]
            request = ModelRequest(
                model=turn.model, messages=self._messages(turn, bodies), tools=specs
            )
            async with aclosing(self._model.stream(request)) as batches:
                async for batch in batches:
                    events = machine.receive(batch)
                    work.publish(events)
                    if events and (rest_s := self._pace.rest_s()) > 0:
                        await asyncio.sleep(rest_s)
            events = machine.answered()
            match machine.next_action:
                case CallTools(calls):
                    if events:
                        await self._store(work, events)
                    results = await self._call_tools(calls, turn.caller)
                    await self._store(work, machine.tools_done(results))
                case AskModel():
                    raise AssertionError("an answered machine never asks again")
                case _:
                    return events

    async def _call_tools(self, calls: Sequence[ToolCall], caller: Caller) -> Sequence[ToolResult]:
        """All calls of a round at the same time."""
        times = Counter(call.name for call in calls)
        return await asyncio.gather(
            *(
                self._tools.call(call, replace(caller, alone=times[call.name] == 1))
                for call in calls
            )
        )

    def _messages(self, turn: RunningTurn, bodies: Sequence[Body]) -> list[dict[str, Any]]:
        budget = self._limits.context_tokens
        if budget is None:
            # Half of the window, for the answer and the tools want room; and not more than keeps
            # a long thread affordable.
            budget = min((self._model.context_window(turn.model) or 16_000) // 2, 64_000)
        moment = self._now().astimezone(_zone(turn.caller.time_zone))
        system = history.system_message(self._instructions, moment, turn.caller.time_zone)
        return [system, *history.to_messages(history.fit(bodies, budget))]

    async def _store(self, work: _Work, events: list[Event]) -> None:
        """Store what is final, then publish the events that tell of it."""
        work.pending = events
        new = work.unstored()
        await _patiently(lambda: self._turns.add_items(work.turn.lease, new))
        work.stored += len(new)
        work.publish_pending()

    async def _fail(self, work: _Work, error: ErrorEvent) -> None:
        await self._end(work, "failed", work.machine.stop(_FAILED_NOTE), error)

    async def _end(
        self, work: _Work, state: TurnState, events: list[Event], error: ErrorEvent | None
    ) -> None:
        turn, machine = work.turn, work.machine
        turn.ending = True  # from here on a stop has nothing left to stop
        keep = state == "done" or (
            state == "cancelled" and any(not item.body.hidden for item in machine.items)
        )
        ending = Ending(state=state, items=tuple(work.unstored()), usage=machine.usage, keep=keep)
        await _patiently(lambda: self._turns.finish(turn.lease, ending))
        work.publish_pending()
        work.publish(events)
        await self._title(turn)
        if error is not None:
            work.publish([error])

    async def _title(self, turn: RunningTurn) -> None:
        if turn.begun.thread.title is None and turn.title:
            try:
                thread = await self._threads.title_untitled(
                    turn.lease.user_id, turn.lease.thread_id, turn.title
                )
            except Unavailable as error:  # the answer is stored, and whole without a title
                _log.warning("turn %s: its thread got no title: %s", turn.lease.turn_id, error)
                return
            if thread is not None:
                turn.log.append([ThreadUpdated(thread)])


@dataclass(slots=True, kw_only=True)
class _Work:
    """A turn, its machine, how many of the machine's items are stored, and the events that wait
    for that."""

    turn: RunningTurn
    machine: Turn
    stored: int = 0
    pending: list[Event] = field(default_factory=list)

    def publish(self, events: list[Event]) -> None:
        if events:
            self.turn.log.append(events)

    def publish_pending(self) -> None:
        self.publish(self.pending)
        self.pending = []

    def unstored(self) -> list[Item]:
        return self.machine.items[self.stored :]


def _zone(name: str) -> ZoneInfo | Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


async def _patiently(operation: Callable[[], Awaitable[_Result]]) -> _Result:
    """`operation`, again and again while the database is away, for PATIENCE_S seconds at most."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + PATIENCE_S
    pause = 0.1
    while True:
        try:
            return await operation()
        except Unavailable:
            if loop.time() + pause > give_up:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)
