"""The demo as the engine's model."""

from __future__ import annotations

import json
from typing import Any

from chatkit.demo.model import DemoModel
from chatkit.models.pure.deltas import (
    Delta,
    ModelRequest,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.models.pure.tools import ToolSpec
from tests.demo.desk import TOOLS

SPECS = tuple(ToolSpec(name=name, description="", parameters={}) for name in TOOLS)


async def stream(said: str | list[Any], choice: str | None = None) -> list[list[Delta]]:
    request = ModelRequest(
        model="demo/tasks",
        messages=[{"role": "user", "content": said}],
        tools=SPECS,
        tool_choice=choice,
    )
    return [list(batch) async for batch in DemoModel().stream(request)]


def calls_in(batches: list[list[Delta]]) -> list[ToolCallDelta]:
    return [delta for batch in batches for delta in batch if isinstance(delta, ToolCallDelta)]


async def test_text_streams_in_words_and_ends_with_the_usage() -> None:
    *words, (usage, end) = await stream("What can you help me with?")
    pieces = [delta.text for (delta,) in words if isinstance(delta, TextDelta)]
    assert len(pieces) == len(words) > 20
    assert max(map(len, pieces)) < 40
    assert isinstance(usage, Usage)
    assert usage.input_tokens == 6
    assert usage.output_tokens > 20
    assert end == StreamEnd("stop")


async def test_parallel_tool_calls_arrive_in_one_round() -> None:
    round_, (_, end) = await stream("add: A; B; C")
    calls = calls_in([round_])
    assert [(call.index, call.name) for call in calls] == [
        (0, "add_task"),
        (1, "add_task"),
        (2, "add_task"),
    ]
    assert [json.loads(call.arguments)["title"] for call in calls] == ["A", "B", "C"]
    assert len({call.call_id for call in calls}) == 3
    assert end == StreamEnd("tool_calls")


async def test_a_chosen_tool_is_called() -> None:
    assert [call.name for call in calls_in(await stream("buy milk", "ask_user"))] == ["ask_user"]


async def test_the_same_messages_get_the_same_call_ids() -> None:
    first, second = [calls_in(await stream("show my tasks")) for _ in range(2)]
    assert first == second != []


async def test_the_whole_text_is_what_streams() -> None:
    request = ModelRequest(model="demo/tasks", messages=[{"role": "user", "content": "hello"}])
    text = await DemoModel().complete(request)
    pieces = [d.text for batch in await stream("hello") for d in batch if isinstance(d, TextDelta)]
    assert text == "".join(pieces) != ""


async def test_the_text_is_read_among_parts_and_images_are_not_seen() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    (call,) = calls_in(await stream([{"type": "text", "text": "Show me my tasks"}, image]))
    assert call.name == "list_tasks"
    assert DemoModel().supports_vision("demo/tasks") is False
    assert DemoModel().supports_pdf("demo/tasks") is False
    assert DemoModel().context_window("demo/tasks") == 1_000_000
