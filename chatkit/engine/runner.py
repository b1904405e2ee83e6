"""Runs one turn to its end: asks the model, calls the tools, stores and publishes.

Final items are stored before they are published as done, so a client that saw one can load it.
Every turn ends in `_end`, once. `_end` retries while the database is unreachable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

from chatkit.answer import history
from chatkit.answer.approving import ApprovalPolicy, Approvals
from chatkit.answer.eliciting import left_open
from chatkit.answer.leases import Ending, LeaseLost, TurnState
from chatkit.answer.next_action import AskModel, CallTools, Finish, TooManyRounds
from chatkit.answer.resuming import resumption
from chatkit.answer.turn import Turn
from chatkit.engine import faults
from chatkit.engine.calling import PROGRESS_AFTER_S, Calls, show_progress_after
from chatkit.engine.context import MAX_HISTORY_ITEMS, Context, attachments_of, names_only
from chatkit.engine.running_turn import RunningTurn
from chatkit.engine.titling import Naming, ThreadTitles
from chatkit.models.pure.deltas import AnsweredBy, Lacks, ModelFault, ModelRequest, TextDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.models import Model
from chatkit.ports.turns import TurnStore
from chatkit.protocol.attachments import FileContent, NameContent
from chatkit.protocol.bodies import (
    AssistantMessage,
    ClientToolCall,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.content import FileSource
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.events import ErrorEvent, Event, ItemDone, Notice, StreamOptions
from chatkit.protocol.ids import NewId
from chatkit.protocol.items import Item
from chatkit.protocol.workflows import FileTask
from chatkit.words.say import Say

_log = logging.getLogger("chatkit.turn")

#: How long a turn retries while the database is unreachable, in seconds.
PATIENCE_S: Final = 25.0
#: Timeout of a turn, in seconds. It bounds a model that keeps sending a little text.
MAX_TURN_S: Final = 1800.0
#: How often a history that is too long for the model is shortened for one model call.
_MAX_SHORTER: Final = 3
#: Delay before the user sees that the model has not begun to answer, in seconds.
SLOW_S: Final = 5.0

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs turns. `own_tools` are the tools that need no tool server."""

    model: Model
    context: Context
    calls: Calls
    own_tools: Sequence[ToolSpec]
    turns: TurnStore
    titles: ThreadTitles
    approval: ApprovalPolicy
    max_rounds: int
    new_id: NewId
    now: Callable[[], datetime]

    async def run(self, turn: RunningTurn) -> None:
        """Run `turn` to its end and close its log. Never raises."""
        machine = Turn(
            thread_id=turn.lease.thread_id,
            model=turn.model,
            new_id=self.new_id,
            now=self.now,
            max_rounds=self.max_rounds,
            say=turn.say,
        )
        work = _Work(turn=turn, machine=machine, first=turn.message)
        turn.entered = True
        try:
            await self._run(work)
        except LeaseLost:
            _log.warning("turn %s: no longer ours, dropped", turn.lease.turn_id)
            turn.log.append([faults.LOST.event(turn.say)])
        except Unavailable:
            _log.error(
                "turn %s: the database stayed away, its end is not stored", turn.lease.turn_id
            )
            turn.log.append([faults.DATABASE_AWAY.event(turn.say)])
        except Exception:
            _log.exception("turn %s: its end failed", turn.lease.turn_id)
            turn.log.append([faults.UNEXPECTED])
        finally:
            turn.log.close()

    async def _run(self, work: _Work) -> None:
        turn = work.turn
        turn.log.append([StreamOptions(allow_cancel=True), *turn.opening])
        try:
            async with asyncio.timeout(MAX_TURN_S):
                last_events = await self._answer(work)
        except TimeoutError:
            _log.warning("turn %s: it took too long", turn.lease.turn_id)
            await self._fail(work, faults.MODEL_FAULTS["timeout"].event(turn.say))
        except asyncio.CancelledError:
            reason = turn.stop_reason or "shutdown"
            if reason == "lost":
                raise LeaseLost from None
            events = work.machine.stop(reason)
            if reason == "shutdown":
                await self._end(work, "interrupted", events, faults.INTERRUPTED.event(turn.say))
            else:
                await self._end(work, "cancelled", events, None)
        except ModelFault as fault:
            _log.warning("turn %s: model fault %s", turn.lease.turn_id, fault.kind)
            await self._fail(work, faults.MODEL_FAULTS[fault.kind].event(turn.say))
        except TooManyRounds:
            await self._fail(work, faults.TOO_MANY_ROUNDS.event(turn.say))
        except Unavailable:
            await self._fail(work, faults.DATABASE_AWAY.event(turn.say))
        except LeaseLost:
            raise
        except Exception:
            _log.exception("turn %s: failed", turn.lease.turn_id)
            await self._fail(work, faults.UNEXPECTED)
        else:
            await self._end(work, "done", last_events, None)

    async def _answer(self, work: _Work) -> list[Event]:
        """The tool loop. Returns the last events; the caller stores, then publishes them."""
        machine, turn = work.machine, work.turn
        if turn.stop_reason is not None:  # stopped before the task began
            raise asyncio.CancelledError
        machine.begin_with(history.carried_over(turn.begun.withdrawn))
        stored = await _with_retries(
            lambda: self.turns.load_history(
                turn.lease.user_id, turn.lease.thread_id, MAX_HISTORY_ITEMS
            )
        )
        if turn.begun.wants_title:
            bodies = (item.body for item in stored)
            work.first = next((body for body in bodies if isinstance(body, UserMessage)), None)
        with show_progress_after(PROGRESS_AFTER_S, work.publish, turn.say("wait.tools")):
            tools = await self._tools(turn, machine, stored)
            await self.model.warm_up(turn.model)
        files = await self._files(work, stored)
        if self.context.newly_trimmed(stored, turn.model):
            work.publish([_trimmed(turn.say)])
        tool_choice = turn.options.tool_choice
        for asked in left_open(turn.begun.closed, stored):
            self.calls.tools.give_up(asked, turn.caller)
        resumed = resumption(machine.approvals, turn.begun.answered, stored, turn.say)
        machine.begin_with(resumed.refused)
        if resumed.again is not None:
            return machine.ask_again(resumed.again)
        call, reply = resumed.call, resumed.reply
        while True:
            request = ModelRequest(
                model=machine.model,
                messages=[],
                tools=tools,
                tool_choice=tool_choice,
                language=turn.caller.language,
            )
            if call is not None:
                events, call = machine.resume(call), None
            else:
                items = [*stored, *machine.items]
                events = await self._ask_fitting(work, request, items, files)
            tool_choice = None  # the user's choice applies to the first model call only
            match machine.next_action:
                case CallTools(calls):
                    # Stored before the calls run: after a crash, the model knows they had begun.
                    await self._store(work, events, machine.under_way())
                    results, cards = await self.calls.run(
                        calls, machine, turn.caller, work.publish, reply
                    )
                    reply = None
                    events = machine.tools_done(results, cards)
                    if isinstance(machine.next_action, Finish):
                        return events
                    await self._store(work, events)
                    if any(result.files for result in results):
                        items = [*stored, *machine.items]
                        files = await self._load_files(work, items, machine.model)
                case AskModel():
                    raise AssertionError("an answered machine never asks again")
                case _:
                    return events

    async def _ask_fitting(
        self,
        work: _Work,
        request: ModelRequest,
        items: Sequence[Item],
        files: Mapping[str, FileContent],
    ) -> list[Event]:
        """`_ask` with `items` as messages; shortens them if the provider finds them too long."""
        fitted, budget = self.context.fit(items, request.model), None
        left_out = False  # the contents of the files
        for attempt in range(_MAX_SHORTER + 1):
            messages = self.context.messages(fitted, files, work.turn.caller)
            try:
                events = await self._ask(work, replace(request, messages=messages))
            except ModelFault as fault:
                if fault.kind != "too_long" or work.heard or attempt == _MAX_SHORTER:
                    raise
                shorter = self.context.shorten(items, fitted)
                if shorter is None and (left_out or not _has_contents(files)):
                    raise
                if attempt > 0 or shorter is None:  # a file may be all that is too long
                    files, left_out = names_only(items), True
                if shorter is not None:
                    if not fitted.trimmed and shorter[0].trimmed:
                        work.publish([_trimmed(work.turn.say)])
                    fitted, budget = shorter
            else:
                if budget is not None and not left_out:
                    # Of the model that answered: another one may have found it too long.
                    self.context.learned[work.machine.model] = max(budget, fitted.tokens)
                return events
        raise AssertionError("the last attempt returns or raises")

    async def _ask(self, work: _Work, request: ModelRequest) -> list[Event]:
        """Stream one model answer. Returns its last events, not yet published."""
        machine = work.machine
        work.heard = False
        waiting = ExitStack()
        waiting.enter_context(
            show_progress_after(SLOW_S, work.publish, work.turn.say("wait.model"))
        )
        try:
            async with aclosing(self.model.stream(request)) as batches:
                async for batch in batches:
                    waiting.close()
                    work.heard = work.heard or not isinstance(batch[0], AnsweredBy | Lacks)
                    events = machine.receive(batch)
                    if any(type(event) is ItemDone for event in events):
                        await self._store(work, events)
                    else:
                        work.publish(events)
                    if not work.answering and any(type(delta) is TextDelta for delta in batch):
                        work.answering = True
                        work.naming = self.titles.begin(
                            work.turn.begun, work.first, work.turn.caller.language, work.publish
                        )
        except ModelFault as fault:
            if not (fault.kind == "empty" and machine.has_shown):  # a card alone is an answer
                raise
        finally:
            waiting.close()
        return machine.answered()

    async def _tools(
        self, turn: RunningTurn, machine: Turn, stored: Sequence[Item]
    ) -> tuple[ToolSpec, ...]:
        own = {tool.name for tool in self.own_tools}
        listed = await self.calls.tools.list_tools(self.context.tools_budget(turn.model))
        names = {tool.name for tool in listed}
        every = await self.calls.tools.list_tools()
        chosen = [
            tool
            for tool in every
            if tool.name == turn.options.tool_choice and tool.name not in names
        ]
        others = (tool for tool in (*listed, *chosen) if tool.name not in own)
        tools = (*self.own_tools, *others)
        bodies = [item.body for item in stored]
        begins = not any(isinstance(body, AssistantMessage) for body in bodies)
        rounds = history.rounds_since_the_user(bodies)
        machine.approvals = Approvals.of(self.approval, every, bodies)
        machine.offer(tools, after_rounds=rounds, begins=begins)
        return tools

    async def _files(self, work: _Work, stored: Sequence[Item]) -> Mapping[str, FileContent]:
        """Load the attached files. Shows a step that names those of the new message."""
        turn = work.turn
        if not attachments_of(stored):
            return {}
        with show_progress_after(
            PROGRESS_AFTER_S, work.publish, turn.say("wait.files"), "document"
        ):
            files = await self._load_files(work, stored, turn.model)
        read = [
            FileSource(title=attachment.name, filename=attachment.name)
            for attachment in (turn.message.attachments if turn.message is not None else ())
            if not isinstance(files.get(attachment.id), NameContent | None)
        ]
        if read:
            step = FileTask(
                status="complete", title=turn.say("step.files_read"), sources=tuple(read)
            )
            await self._store(work, work.machine.show_step(step))
        return files

    async def _load_files(
        self, work: _Work, items: Sequence[Item], model: str
    ) -> Mapping[str, FileContent]:
        fitted = self.context.fit(items, model).items
        return await _with_retries(lambda: self.context.load_files(fitted, work.turn.caller, model))

    async def _store(
        self, work: _Work, events: list[Event], calls: ToolRound | None = None
    ) -> None:
        """Store new final items and the calls about to run, then publish `events`."""
        work.pending = events
        new = work.unstored()
        await _with_retries(lambda: self.turns.add_items(work.turn.lease, new, calls))
        work.stored += len(new)
        work.publish_pending()

    async def _fail(self, work: _Work, error: ErrorEvent) -> None:
        await self._end(work, "failed", work.machine.stop("failed"), error)

    async def _end(
        self, work: _Work, state: TurnState, events: list[Event], error: ErrorEvent | None
    ) -> None:
        turn, machine = work.turn, work.machine
        turn.ending = True  # from here on, `stop` has no effect
        keep = state == "done" or (
            state == "cancelled" and any(not item.body.hidden for item in machine.items)
        )
        ending = Ending(
            state=state,
            items=tuple(work.unstored()),
            model=machine.model,
            usage=machine.usage,
            keep=keep,
        )
        await _with_retries(lambda: self.turns.finish(turn.lease, ending))
        work.publish_pending()
        work.publish(events)
        # The page runs its tool only once the stream ends, so that does not wait for a title.
        wait = state == "done" and not isinstance(machine.items[-1].body, ClientToolCall)
        await self.titles.end(turn.begun, work.first, work.naming, work.publish, wait=wait)
        if error is not None:
            work.publish([error])


@dataclass(slots=True, kw_only=True)
class _Work:
    """The state of one run.

    `first`: the message that names an untitled thread. `stored`: how many of the machine's items
    are stored. `heard`: whether the answer of this model call has begun. `pending`: events to
    publish once their items are stored.
    """

    turn: RunningTurn
    machine: Turn
    first: UserMessage | None
    stored: int = 0
    heard: bool = False
    answering: bool = False
    naming: Naming | None = None
    pending: list[Event] = field(default_factory=list)

    def publish(self, events: list[Event]) -> None:
        if events:
            self.turn.log.append(events)

    def publish_pending(self) -> None:
        self.publish(self.pending)
        self.pending = []

    def unstored(self) -> list[Item]:
        return self.machine.items[self.stored :]


def _has_contents(files: Mapping[str, FileContent]) -> bool:
    return any(not isinstance(content, NameContent) for content in files.values())


def _trimmed(say: Say) -> Notice:
    return Notice(level="info", title=say("notice.trimmed_title"), message=say("notice.trimmed"))


async def _with_retries(operation: Callable[[], Awaitable[_Result]]) -> _Result:
    """Run `operation`; retry on Unavailable for up to PATIENCE_S seconds, then raise it."""
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
