"""One answer as a state machine: deltas and tool results in, events and the next action out.

    AskModel ──receive*──> answered ──no calls──> Finish
        ^                     │
        └──────tools_done──<──CallTools

It awaits nothing, reads no clock and makes no randomness: `now` and `new_id` are passed in. What
it has finished is in `ItemDone` events, hidden items included; the runner stores those and sends
the visible ones. At every moment `stop` gives the events that close what is still open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chatkit.protocol.calls import ToolCall, ToolResult
from chatkit.protocol.deltas import Delta, ModelFault, TextDelta, ToolCallDelta, Usage
from chatkit.protocol.events import (
    ClientEffect,
    Event,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    PartAdded,
    PartDelta,
    PartDone,
)
from chatkit.protocol.ids import NewId, Prefix
from chatkit.protocol.items import AssistantMessage, CallRecord, Item, Note, ToolRound

#: Most calls that one model answer may hold; an answer with more is malformed.
MAX_CALLS: Final = 32
#: Longest text of a call's arguments, in characters.
MAX_ARGUMENTS: Final = 200_000

#: What is recorded for a call whose result was never seen, so that no call stands without one.
UNKNOWN_OUTCOME: Final = (
    "The answer was stopped during this call; whether it took effect is not known."
)


@dataclass(frozen=True, slots=True)
class AskModel:
    """Send the thread so far to the model."""


@dataclass(frozen=True, slots=True)
class CallTools:
    """Run these calls, all of one model answer, and give their results in the same order."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete."""


Action = AskModel | CallTools | Finish


@dataclass(slots=True)
class _CallInProgress:
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class TooManyRounds(Exception):
    """The model kept calling tools."""


class Turn:
    """The machine of one answer. Not reusable."""

    def __init__(
        self, *, thread_id: str, new_id: NewId, now: Callable[[], datetime], max_rounds: int
    ) -> None:
        self.next_action: Action = AskModel()
        #: Tokens that the model calls of this turn took, as far as the provider counted them.
        self.usage = Usage(input_tokens=0, output_tokens=0)
        #: Every item that is final, hidden ones included, in the order of the thread.
        self.items: list[Item] = []
        self._thread_id = thread_id
        self._new_id = new_id
        self._now = now
        self._rounds_left = max_rounds
        self._open: Item | None = None  # the assistant message that is being written
        self._pieces: list[str] = []
        self._calls: dict[int, _CallInProgress] = {}

    def receive(self, batch: Sequence[Delta]) -> list[Event]:
        """What the model gave in one read. Text that came together leaves as one event."""
        events: list[Event] = []
        text = ""
        for delta in batch:
            match delta:
                case TextDelta(piece):
                    text += piece
                case ToolCallDelta():
                    self._grow_call(delta)
                case Usage():
                    self.usage = Usage(
                        input_tokens=self.usage.input_tokens + delta.input_tokens,
                        output_tokens=self.usage.output_tokens + delta.output_tokens,
                    )
                case _:  # reasoning is not shown; the reason of the end changes nothing
                    pass
        if text:
            if self._open is None:
                self._open = self._item("msg", AssistantMessage(text=None))
                events += [ItemAdded(self._open), PartAdded(self._open.id)]
            self._pieces.append(text)
            events.append(PartDelta(self._open.id, text))
        return events

    def _grow_call(self, delta: ToolCallDelta) -> None:
        call = self._calls.setdefault(delta.index, _CallInProgress())
        call.call_id = call.call_id or delta.call_id or ""
        call.name = call.name or delta.name or ""
        call.arguments += delta.arguments
        if len(self._calls) > MAX_CALLS or len(call.arguments) > MAX_ARGUMENTS:
            raise ModelFault("malformed")

    def answered(self) -> list[Event]:
        """The model's answer has ended; `next_action` says what follows.

        Raises TooManyRounds when it asks for tools once more than it may, and ModelFault when
        the answer was empty. Both leave the machine as it was, ready for `stop`.
        """
        if not self._calls:
            if self._open is None:
                raise ModelFault("malformed")
            self.next_action = Finish()
            return self._close_message()
        if self._rounds_left == 0:
            raise TooManyRounds
        self._rounds_left -= 1
        taken: set[str] = set()
        calls = []
        for index in sorted(self._calls):
            call = self._calls[index]
            call_id = call.call_id
            if not call_id or call_id in taken:  # some providers leave it out or repeat it
                call_id = self._new_id("tc")
            taken.add(call_id)
            calls.append(ToolCall(call_id=call_id, name=call.name, arguments=call.arguments))
        self._calls = {}
        self.next_action = CallTools(tuple(calls))
        return self._close_message()

    def tools_done(self, results: Sequence[ToolResult]) -> list[Event]:
        """The results of `next_action`'s calls, in their order."""
        if not isinstance(self.next_action, CallTools):
            raise TypeError("no tools were asked for")
        events = self._close_round(results)
        events += [ClientEffect(effect) for result in results for effect in result.effects]
        self.next_action = AskModel()
        return events

    def begin_with(self, bodies: Sequence[ToolRound | Note]) -> list[Event]:
        """Put hidden items into the thread, before the first answer."""
        return [self._done(self._item("hid", body)) for body in bodies]

    def stop(self, note: str) -> list[Event]:
        """End here, whatever was under way: text so far is kept, `note` tells the model why."""
        events = self._close_message()
        if isinstance(self.next_action, CallTools):
            events += self._close_round(
                [
                    ToolResult(call_id=call.call_id, output=UNKNOWN_OUTCOME, failed=True)
                    for call in self.next_action.calls
                ]
            )
        self._calls = {}
        self.next_action = Finish()
        events.append(self._done(self._item("hid", Note(text=note))))
        return events

    def _close_message(self) -> list[Event]:
        if self._open is None:
            return []
        item, text = self._open, "".join(self._pieces)
        self._open, self._pieces = None, []
        if not text.strip():
            return [ItemRemoved(item.id)]
        whole = Item(
            id=item.id,
            thread_id=item.thread_id,
            created_at=item.created_at,
            body=AssistantMessage(text=text),
        )
        return [PartDone(item.id, text), self._done(whole)]

    def _close_round(self, results: Sequence[ToolResult]) -> list[Event]:
        assert isinstance(self.next_action, CallTools)
        calls = tuple(
            CallRecord(
                call_id=call.call_id,
                name=call.name,
                arguments=call.arguments,
                output=result.output,
                failed=result.failed,
            )
            for call, result in zip(self.next_action.calls, results, strict=True)
        )
        after_text = bool(self.items) and isinstance(self.items[-1].body, AssistantMessage)
        return [self._done(self._item("hid", ToolRound(calls=calls, after_text=after_text)))]

    def _done(self, item: Item) -> ItemDone:
        self.items.append(item)
        return ItemDone(item)

    def _item(self, prefix: Prefix, body: AssistantMessage | ToolRound | Note) -> Item:
        return Item(
            id=self._new_id(prefix),
            thread_id=self._thread_id,
            created_at=self._now(),
            body=body,
        )
