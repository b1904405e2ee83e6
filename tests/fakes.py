"""Stand-ins with behaviour for what is outside: a model that plays scripts, tools, ids, a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chatkit.access.caller import Caller
from chatkit.models.pure.deltas import Delta, ModelFault, ModelRequest, StreamEnd, TextDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import Elicitation, ElicitationReply, ToolCall, ToolResult
from chatkit.protocol.ids import Prefix

START = datetime(2026, 11, 22, 12, tzinfo=UTC)

#: One model answer: batches of deltas, with a fault to raise or an event to wait for in between.
Script = Sequence["Sequence[Delta] | ModelFault | asyncio.Event"]


def counting_ids() -> Callable[[Prefix], str]:
    """Ids that count up: `msg_1`, `hid_2` …"""
    numbers = count(1)
    return lambda prefix: f"{prefix}_{next(numbers)}"


def ticking_clock() -> Callable[[], datetime]:
    """A clock that moves on by a second each time it is read."""
    seconds = count()
    return lambda: START + timedelta(seconds=next(seconds))


def says(*pieces: str) -> Script:
    """An answer of text, a batch for each piece."""
    return [*([TextDelta(piece)] for piece in pieces), [StreamEnd("stop")]]


class ScriptedModel:
    """Plays its scripts in order, the last one again and again; keeps the requests it got."""

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[ModelRequest] = []
        self.open_streams = 0
        self._scripts = list(scripts)

    async def warm_up(self, model: str) -> None:
        """Nothing to do."""

    def context_window(self, model: str) -> int | None:
        """Not known."""
        return None

    def supports_vision(self, model: str) -> bool | None:
        """Not known."""
        return None

    def supports_pdf(self, model: str) -> bool | None:
        """It does."""
        return True

    async def complete(self, request: ModelRequest) -> str:
        """No titles from here."""
        raise ModelFault("unavailable")

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """The next script."""
        self.requests.append(request)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        self.open_streams += 1
        try:
            for step in script:
                if isinstance(step, ModelFault):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    await asyncio.sleep(0)
                    yield step
        finally:
            self.open_streams -= 1


class ScriptedTools:
    """Tools that answer from a table of functions; keeps who called what.

    The tools named in `reads` declare that they only read.
    """

    def __init__(self, *reads: str, **tools: Callable[[str], Any]) -> None:
        self.calls: list[tuple[ToolCall, Caller]] = []
        self.replies: list[ElicitationReply] = []
        self.given_up: list[Elicitation] = []
        self._reads = reads
        self._tools = tools

    async def list_tools(self, budget: int | None = None) -> Sequence[ToolSpec]:
        """One for each function, without parameters."""
        return [
            ToolSpec(
                name=name,
                description=name,
                parameters={"type": "object"},
                read_only=name in self._reads,
            )
            for name in self._tools
        ]

    async def call(
        self,
        call: ToolCall,
        caller: Caller,
        progress: Callable[[str], None],
        reply: ElicitationReply | None = None,
    ) -> ToolResult:
        """The function's result as text, or a ToolResult as it is; an awaitable one is awaited.

        The function of a call that goes on finds the reply in `replies`.
        """
        self.calls.append((call, caller))
        if reply is not None:
            self.replies.append(reply)
        output = self._tools[call.name](call.arguments)
        if asyncio.isfuture(output) or asyncio.iscoroutine(output):
            output = await output
        if isinstance(output, ToolResult):
            return replace(output, call_id=call.call_id)
        return ToolResult(call_id=call.call_id, output=str(output))

    def give_up(self, asked: Elicitation, caller: Caller) -> None:
        """Keep what was given up."""
        self.given_up.append(asked)
