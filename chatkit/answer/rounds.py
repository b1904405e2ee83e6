"""The tool calls of one model answer, and the results that have come so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.protocol.bodies import CallRecord, ToolRound
from chatkit.protocol.calls import Effect, ToolCall, ToolResult

#: What is recorded for a call whose result was never seen, so that no call stands without one. It
#: does not count as failed: it may have done its work.
UNKNOWN_OUTCOME: Final = (
    "The answer was stopped during this call; whether it took effect is not known."
)


class Round:
    """Calls in the order of the model. Not reusable."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._results: dict[str, ToolResult] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, call: ToolCall) -> None:
        """One more call."""
        self._calls.append(call)

    def note(self, call: ToolCall, result: ToolResult) -> None:
        """What came of a call."""
        self._results[call.call_id] = result

    def note_all(self, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> None:
        """What came of several, in the same order."""
        for call, result in zip(calls, results, strict=True):
            self.note(call, result)

    def effects(self) -> list[Effect]:
        """What the page is to be told of the results."""
        return [effect for result in self._results.values() for effect in result.effects]

    def record(self, *, after_text: bool) -> ToolRound:
        """The round as it is stored, now or at its end."""
        return ToolRound(calls=tuple(map(self._record_of, self._calls)), after_text=after_text)

    def _record_of(self, call: ToolCall) -> CallRecord:
        unknown = ToolResult(call_id=call.call_id, output=UNKNOWN_OUTCOME)
        return CallRecord.of(call, self._results.get(call.call_id, unknown))
