"""The model: what a request holds, the connection that it leaves, and what LiteLLM knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from chatkit.models import litellm_call as model_call
from chatkit.models.litellm_model import LiteLLMModel
from tests.model_server import ModelServer
from tests.model_steps import EOF, HANG, Pause, Raw, usage
from tests.models.model_calls import KEY, NAMES, WORDS, ask


async def test_the_request_carries_tools_key_and_the_wish_for_usage(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    server.script("a")
    await make_model().complete(ask())
    server.script("a")
    await make_model().complete(ask(tools=()))

    first, second = server.requests
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert first.path == "/v1/chat/completions"
    assert first.body == {
        "model": "m",
        "messages": [{"role": "user", "content": WORDS}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": "d",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
            for name in "fg"
        ],
    }
    assert "tools" not in second.body


@pytest.mark.parametrize("name", ["openai/m", "openrouter/a/b"])
async def test_a_request_composed_in_memory_is_the_one_of_litellms_front_door(
    make_model: Callable[..., LiteLLMModel],
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    model = make_model()
    threads: list[object] = []
    run_in_executor = asyncio.BaseEventLoop.run_in_executor
    await model.warm_up("openai/m")

    def watch(loop: asyncio.BaseEventLoop, *given: Any) -> Any:
        threads.append(given)
        return run_in_executor(loop, *given)

    monkeypatch.setattr(type(asyncio.get_running_loop()), "run_in_executor", watch)
    server.script("a", usage(1, 1))
    assert await model.complete(ask(name)) == "a"
    assert not threads
    monkeypatch.setattr(model_call, "_COMPOSED_IN_MEMORY", frozenset())
    server.script("a", usage(1, 1))
    assert await model.complete(ask(name)) == "a"
    assert threads

    composed_here, by_the_front_door = server.requests
    assert composed_here.body == by_the_front_door.body
    assert composed_here.path == by_the_front_door.path
    assert composed_here.headers == by_the_front_door.headers


async def test_litellm_works_out_no_price(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    litellm = await make_model().library()
    server.script("a", usage(1, 1))

    answer = await litellm.acompletion(
        model="openai/gpt-4o",
        messages=[{"role": "user", "content": WORDS}],
        stream=True,
        api_base=server.api_base,
        api_key=KEY,
    )
    await answer.aclose()

    assert litellm.model_cost["gpt-4o"]["input_cost_per_token"]
    assert answer._hidden_params["response_cost"] is None


@pytest.mark.parametrize("way", ["hand", "wrapper"])
@pytest.mark.parametrize("leave", ["aclose", "cancel"])
async def test_leaving_closes_the_providers_connection_within_a_second(
    make_model: Callable[..., LiteLLMModel],
    server: ModelServer,
    request: pytest.FixtureRequest,
    way: str,
    leave: str,
) -> None:
    if way == "wrapper":
        request.getfixturevalue("through_the_wrapper")
    server.script("a", HANG)
    seen = asyncio.Event()

    async def follow() -> None:
        async with aclosing(make_model().stream(ask())) as batches:
            async for _ in batches:
                seen.set()
                if leave == "aclose":
                    break

    task = asyncio.create_task(follow())
    await asyncio.wait_for(seen.wait(), 30.0)
    if leave == "cancel":
        await asyncio.sleep(0)  # it waits for the next delta by now
        task.cancel()
    await asyncio.wait([task])

    await asyncio.wait_for(server.requests[0].closed.wait(), 1.0)
    assert task.cancelled() is (leave == "cancel")


async def test_a_complete_answer_leaves_its_connection_for_the_next(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    model = make_model()
    # The body ends a moment after the answer does, in a packet of its own.
    server.script("a", Raw(b"data: [DONE]\n\n"), Pause(0.02), EOF)
    server.script("b")
    await model.complete(ask())
    await model.complete(ask())

    assert server.requests[0].closed is server.requests[1].closed


async def test_callers_share_one_import(make_model: Callable[..., LiteLLMModel]) -> None:
    model = make_model()
    assert model.context_window("gpt-6-luna") is None

    leaver = asyncio.create_task(model.warm_up("openai/m"))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(model.warm_up("openai/m"), model.warm_up("openai/m"))

    assert leaver.cancelled()
    assert model.context_window("gpt-6-luna") == 922_000
    assert model.context_window("openrouter/openai/gpt-6-luna") == 922_000
    assert model.context_window("nobody/nothing") is None


async def test_a_name_that_no_provider_has_is_told_to_the_operator(
    make_model: Callable[..., LiteLLMModel], caplog: pytest.LogCaptureFixture
) -> None:
    await make_model(model="nobody/nothing", api_base=None).warm_up("openai/m")
    assert [record.message for record in caplog.records] == [
        "MODEL: LiteLLM knows no provider of 'nobody/nothing'"
    ]
    caplog.clear()
    await make_model(model=NAMES[0]).warm_up("openai/m")
    assert caplog.records == []
