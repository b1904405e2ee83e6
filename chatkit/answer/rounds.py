"""The tool calls of one model answer, with the results known so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.protocol.bodies import ToolRound
from chatkit.protocol.calls import CallRecord, Effect, ToolCall, ToolResult

#: Recorded as the result of a call whose real result is unknown, so that every call has a result.
#: The call does not count as failed: it may have succeeded.
UNKNOWN_OUTCOME: Final = (
    "The answer was stopped during this call; whether it took effect is not known."
)


class Round:
    """Calls in the model's order. Not reusable."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._results: dict[str, ToolResult] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, call: ToolCall) -> None:
        """Append a call."""
        self._calls.append(call)

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

    def record(self, *, after_text: bool) -> ToolRound:
        """The round as a storable body. Calls without a result get UNKNOWN_OUTCOME."""
        return ToolRound(calls=tuple(map(self._record_of, self._calls)), after_text=after_text)

    def _record_of(self, call: ToolCall) -> CallRecord:
        unknown = ToolResult(call_id=call.call_id, output=UNKNOWN_OUTCOME)
        return CallRecord.of(call, self._results.get(call.call_id, unknown))
