"""What a turn waits for: the model, its tools, or nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.protocol.calls import ToolCall


@dataclass(frozen=True, slots=True)
class AskModel:
    """Send the thread so far to the model."""


@dataclass(frozen=True, slots=True)
class CallTools:
    """Run these calls of one model answer; pass the results to `tools_done` in the same order."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """The turn is over: the answer is complete, or the page or the user must reply."""


NextAction = AskModel | CallTools | Finish


class TooManyRounds(Exception):
    """The model called tools more often than `max_rounds`."""
