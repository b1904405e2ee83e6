"""The demo as the engine's `Model`: text in pieces, or tool calls, and a rough count of words."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

from chatkit.demo.conversation import answer
from chatkit.demo.transcript import read_text
from chatkit.demo.values import Call
from chatkit.models.pure.deltas import (
    Delta,
    ModelRequest,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.words.catalogue import say_in

#: Names of the demo's models begin with this.
PREFIX: Final = "demo/"
#: In tokens. The server uses half of it, up to its own limit.
_WINDOW: Final = 1_000_000


class DemoModel:
    """The built-in model. It reads only the text of the messages, no images or files."""

    async def warm_up(self, model: str) -> None:
        """Do nothing: there is nothing to load."""

    def context_window(self, model: str) -> int | None:  # noqa: ARG002 - the port's
        """More than any thread contains."""
        return _WINDOW

    def supports_vision(self, model: str) -> bool | None:  # noqa: ARG002 - the port's
        """Always False."""
        return False

    def supports_pdf(self, model: str) -> bool | None:  # noqa: ARG002 - the port's
        """Always False."""
        return False

    async def complete(self, request: ModelRequest) -> str:
        """The whole text; empty if the step is tool calls."""
        async with aclosing(self.stream(request)) as batches:
            return "".join(
                [d.text async for batch in batches for d in batch if isinstance(d, TextDelta)]
            )

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port. A batch is one word, or all calls of a round. The last batch is the end."""
        step = answer(
            request.messages,
            [tool.name for tool in request.tools],
            datetime.now(UTC).date(),
            say_in(request.language),
            request.tool_choice,
        )
        if isinstance(step, str):
            for piece in re.findall(r"\s*\S+\s*", step):
                yield [TextDelta(piece)]
                await asyncio.sleep(0)  # lets readers receive the word
        else:
            yield _tool_calls(step, request)
        reason = "stop" if isinstance(step, str) else "tool_calls"
        yield [_usage(request, step), StreamEnd(reason)]


def _tool_calls(step: list[Call], request: ModelRequest) -> list[ToolCallDelta]:
    """The calls of a round. Ids are a hash of the conversation, so the same messages get the same
    ids."""
    seen = json.dumps(request.messages, default=str, sort_keys=True).encode("utf-8", "replace")
    digest = hashlib.sha256(seen).hexdigest()[:12]
    return [
        ToolCallDelta(
            index=place,
            call_id=f"call_{digest}_{len(request.messages)}_{place}",
            name=call.name,
            arguments=json.dumps(dict(call.arguments), ensure_ascii=False),
        )
        for place, call in enumerate(step)
    ]


def _usage(request: ModelRequest, step: list[Call] | str) -> Usage:
    """Counts words as tokens."""
    read = sum(len(read_text(message.get("content")).split()) for message in request.messages)
    said = step if isinstance(step, str) else " ".join(str(call) for call in step)
    return Usage(input_tokens=read, output_tokens=len(said.split()))
