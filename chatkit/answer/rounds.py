"""The tool calls of one model answer, with its reasoning and the results known so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.models.pure.deltas import ReasoningPart
from chatkit.protocol.attachments import Attachment
from chatkit.protocol.bodies import ToolRound
from chatkit.protocol.calls import CallRecord, Effect, Reasoning, ToolCall, ToolResult

#: Recorded as the result of a call whose real result is unknown, so that every call has a result.
#: The call does not count as failed: it may have succeeded.
UNKNOWN_OUTCOME: Final = (
    "The answer was stopped during this call; whether it took effect is not known."
)
#: Recorded as the failed result of a call that had not begun when the answer was stopped.
NOT_RUN: Final = "The answer was stopped before this call, which was not run."


class Round:
    """Calls in the model's order. Not reusable."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._results: dict[str, ToolResult] = {}
        self._reasoning: list[ReasoningPart] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, call: ToolCall) -> None:
        """Append a call."""
        self._calls.append(call)

    def drop(self, call: ToolCall) -> None:
        """Remove a call, which has no result in this round."""
        self._calls.remove(call)

    def reason(self, part: ReasoningPart) -> None:
        """Append a part of the reasoning before the calls."""
        self._reasoning.append(part)

    def note(self, call: ToolCall, result: ToolResult) -> None:
        """Record the result of a call."""
        self._results[call.call_id] = result

    def note_all(self, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> None:
        """Record the results of several calls, in the same order."""
        for call, result in zip(calls, results, strict=True):
            self.note(call, result)

    def effects(self) -> list[Effect]:
        """The client effects of the results so far."""
        return [effect for result in self._results.values() for effect in result.effects]

    def files(self) -> list[Attachment]:
        """The files of the results so far."""
        return [file for result in self._results.values() for file in result.files]

    def record(self, model: str, *, after_text: bool) -> ToolRound:
        """The round as a storable body. Calls without a result get UNKNOWN_OUTCOME.

        `model` is the model that made the calls. What goes back to it is stored with its name.
        """
        reasoning = None
        if self._reasoning or any(call.extra for call in self._calls):
            parts = tuple((part.form, part.value) for part in self._reasoning)
            reasoning = Reasoning(model=model, parts=parts)
        return ToolRound(
            calls=tuple(map(self._record_of, self._calls)),
            after_text=after_text,
            reasoning=reasoning,
        )

    def _record_of(self, call: ToolCall) -> CallRecord:
        unknown = ToolResult(call_id=call.call_id, output=UNKNOWN_OUTCOME)
        return CallRecord.of(call, self._results.get(call.call_id, unknown))
