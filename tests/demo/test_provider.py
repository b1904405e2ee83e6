"""The demo model through LiteLLM itself; the one module here that pays for its import."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # before the import: no network

import litellm
import pytest

from chatkit.demo.provider import MODEL, PROVIDER, register, split_pieces
from tests.demo.desk import TOOLS

# LiteLLM builds Pydantic models of its own types when they are first wanted.
pytestmark = pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning")

SPECS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in TOOLS
]


@pytest.fixture(autouse=True)
def _registered() -> None:
    register()


async def stream(said: str, **parameters: Any) -> list[Any]:
    opened = await litellm.acompletion(
        model=MODEL,
        messages=[{"role": "user", "content": said}],
        stream=True,
        stream_options={"include_usage": True},
        **parameters,
    )
    return [chunk async for chunk in opened]


async def test_text_streams_in_small_pieces_and_ends() -> None:
    chunks = await stream("hello", tools=SPECS)
    pieces = [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content]
    assert "".join(pieces).startswith("Hello! I can look after your to-do list.")
    assert len(pieces) > 20
    assert max(map(len, pieces)) < 40
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert [reason for reason in reasons if reason] == ["stop"]
    assert chunks[-1].usage.completion_tokens > 0


async def test_parallel_tool_calls_arrive_in_one_round() -> None:
    chunks = await stream("add: A; B; C", tools=SPECS)
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [(call.index, call.function.name) for call in calls] == [
        (0, "add_task"),
        (1, "add_task"),
        (2, "add_task"),
    ]
    titles = [json.loads(call.function.arguments)["title"] for call in calls]
    assert titles == ["A", "B", "C"]
    assert len({call.id for call in calls}) == 3
    assert "tool_calls" in [chunk.choices[0].finish_reason for chunk in chunks]


async def test_a_chosen_tool_reaches_the_model() -> None:
    choice = {"type": "function", "function": {"name": "ask_user"}}
    chunks = await stream("buy milk", tools=SPECS, tool_choice=choice)
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [call.function.name for call in calls] == ["ask_user"]


async def test_the_same_messages_get_the_same_call_ids() -> None:
    first, second = [
        [
            call.id
            for chunk in await stream("list", tools=SPECS)
            for call in chunk.choices[0].delta.tool_calls or []
        ]
        for _ in range(2)
    ]
    assert first == second


async def test_without_streaming_the_answer_comes_whole() -> None:
    system = {"role": "system", "content": "Give this conversation a short title."}
    user = {"role": "user", "content": "please add milk"}
    titled = await litellm.acompletion(model=MODEL, messages=[system, user])
    assert titled.choices[0].message.content == "Add milk"
    assert titled.usage.total_tokens > 0
    called = await litellm.acompletion(model=MODEL, messages=[user], tools=SPECS)
    (call,) = called.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("add_task", '{"title": "Milk"}')


async def test_a_title_of_one_word_repeated_does_not_look_like_a_lost_model() -> None:
    system = {"role": "system", "content": "x"}
    task = {"id": "1", "title": "la " * 80}
    result = json.dumps({"success": True, "tasks": [task] * 20, "total": 20})
    call = {"id": "c", "type": "function", "function": {"name": "list_tasks", "arguments": "{}"}}
    opened = await litellm.acompletion(
        model=MODEL,
        messages=[
            system,
            {"role": "user", "content": "list"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": result},
        ],
        tools=SPECS,
        stream=True,
    )
    pieces = [chunk.choices[0].delta.content or "" async for chunk in opened]
    assert "".join(pieces).count("la") >= 1600


def test_pieces_give_the_text_back_and_never_repeat_in_a_row() -> None:
    text = "la la la la la la\n\n- la la"
    pieces = list(split_pieces(text))
    assert "".join(pieces) == text
    assert all(one != two for one, two in pairwise(pieces))


def test_registering_twice_is_once() -> None:
    register()
    names = [item["provider"] for item in litellm.custom_provider_map]
    assert names.count(PROVIDER) == 1
