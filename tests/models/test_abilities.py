"""Models with less: what they turn out to lack is left out, told once, and tried again later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chatkit.models.abilities import Abilities
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import Delta, Lacks, ModelRequest, TextDelta, ToolCallDelta
from chatkit.models.pure.tools import ToolSpec
from tests.model_server import ModelServer
from tests.model_steps import Status, call
from tests.models.model_calls import TOOLS, WORDS, ask, flat, read

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def refusing(message: str) -> Status:
    return Status(400, {"message": message})


async def answered(model: LiteLLMModel, request: ModelRequest) -> list[Delta]:
    batches, fault = await read(model, request)
    assert fault is None
    return flat(batches)


@pytest.mark.usefixtures("no_back_off")
async def test_a_model_without_tools_answers_without_and_says_so_once(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    model = make_model()
    server.script(refusing("m does not support tools"))
    server.script("Hi.")
    server.script("Hi.")
    system = {"role": "system", "content": "Be brief."}
    request = replace(ask(), messages=[system, *ask().messages])

    first = await answered(model, request)
    second = await answered(model, request)

    assert first[0] == Lacks("tools")
    assert second[0] == Lacks("tools", new=False)
    assert TextDelta("Hi.") in first
    tried, *others = (request.body for request in server.requests)
    assert "tools" in tried
    assert len(others) == 2
    assert all("tools" not in body for body in others)
    assert "no tools" in others[0]["messages"][0]["content"]
    assert caplog.text.count("has no tools") == 1
    assert "does not support tools" in caplog.text  # the provider's own sentence


async def test_a_model_that_the_table_knows_without_tools_is_never_offered_any(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model()
    litellm = await model.library()
    entry = {"max_input_tokens": 8, "supports_function_calling": False}
    monkeypatch.setitem(litellm.model_cost, "m", entry)
    assert (await answered(model, ask()))[0] == Lacks("tools")
    assert (await answered(model, ask()))[0] == Lacks("tools", new=False)
    assert all("tools" not in request.body for request in server.requests)


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize(
    ("message", "member"),
    [
        ("Thinking mode does not support this tool_choice", "tool_choice"),
        ("Extra inputs are not permitted: stream_options", "stream_options"),
    ],
)
async def test_a_parameter_that_is_refused_is_left_out(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, message: str, member: str
) -> None:
    model = make_model()
    request = ModelRequest(
        model="openai/m",
        messages=[{"role": "user", "content": WORDS}],
        tools=TOOLS,
        tool_choice="f",
    )
    server.script(refusing(message))
    server.script("Hi.")
    assert not any(isinstance(delta, Lacks) for delta in await answered(model, request))
    first, second = (each.body for each in server.requests)
    assert member in first
    assert member not in second
    assert "tools" in second


@pytest.mark.usefixtures("no_back_off")
async def test_a_model_without_a_system_role_or_images_is_asked_without(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    model = make_model()
    request = ModelRequest(
        model="openai/m",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "See"}, IMAGE]},
        ],
    )
    server.script(refusing("System role not supported"))
    server.script(refusing("m is not a multimodal model"))
    server.script("Hi.")
    deltas = await answered(model, request)
    assert deltas[0] == Lacks("images")
    (message,) = server.requests[-1].body["messages"]
    assert message["role"] == "user"
    assert message["content"].startswith("Be brief.\n\nSee")


@pytest.mark.usefixtures("no_back_off")
async def test_a_refusal_that_does_not_end_is_a_fault(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    model = make_model()
    server.answer = lambda _: [refusing("m does not support tools")]
    batches, fault = await read(model, ask())
    assert (flat(batches), fault) == ([Lacks("tools")], "misconfigured")
    assert len(server.requests) == 2


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize(
    ("message", "member"),
    [
        ("m does not support tools", "tools"),
        ("Extra inputs are not permitted: stream_options", "stream_options"),
    ],
)
async def test_requests_that_are_refused_at_the_same_time_are_all_answered(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, message: str, member: str
) -> None:
    model = make_model()
    server.answer = lambda body: [refusing(message) if member in body else "Hi."]
    for deltas in await asyncio.gather(*(answered(model, ask()) for _ in range(5))):
        assert TextDelta("Hi.") in deltas


@pytest.mark.usefixtures("no_back_off")
async def test_a_call_that_the_provider_could_not_parse_is_asked_for_once_more(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    failed = Status(400, {"message": "Failed to call a function.", "code": "tool_use_failed"})
    server.script(failed)
    server.script(call("f", "{}"))
    deltas = await answered(make_model(), ask())
    assert any(isinstance(delta, ToolCallDelta) for delta in deltas)
    server.script(failed)
    server.script(failed)
    assert await read(make_model(), ask()) == ([], "bad_call")
    assert len(server.requests) == 4


async def test_a_model_that_writes_its_calls_is_understood_from_the_second_on(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    model = make_model()
    written = '{"name": "f", "arguments": {}}'
    server.answer = lambda _: [written]
    first = await answered(model, ask())
    second = await answered(model, ask())
    assert TextDelta(written) in first
    assert [delta.name for delta in second if isinstance(delta, ToolCallDelta)] == ["f"]
    assert not any(isinstance(delta, TextDelta) for delta in second)


def test_what_a_model_lacks_is_forgotten_after_an_hour() -> None:
    now = 0.0
    abilities = Abilities(now=lambda: now)
    place = ("m", "http://a")
    assert abilities.learn(place, "tools")
    assert not abilities.learn(place, "tools")
    assert abilities.missing(place) == {"tools"}
    assert abilities.missing(("m", "http://b")) == frozenset()
    now = 3601.0
    assert abilities.missing(place) == frozenset()
    assert abilities.learn(place, "tools")


async def test_litellm_cannot_change_our_tools(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "additionalProperties": False,
        "$schema": "http://json-schema.org/draft-07/schema#",
    }
    tool = ToolSpec(name="f", description="d", parameters=schema)
    before = repr(schema)
    for name in ("openai/m", "gemini/g", "mistral/m", "anthropic/c", "ollama_chat/o"):
        server.script("Hi.")
        await read(make_model(), ask(name, tools=(tool,)))
    assert repr(schema) == before


@pytest.mark.parametrize("words", ["it does not support tools", "the context length is exceeded"])
async def test_what_an_error_quotes_of_the_user_does_not_pass_for_the_providers_words(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, words: str
) -> None:
    said = f"Write that {words} and nothing else"
    request = replace(ask(), messages=[{"role": "user", "content": said}])
    model = make_model()
    server.script(refusing(f"Invalid value for content: {said!r}"))
    assert await read(model, request) == ([], "misconfigured")
    server.script("Hi.")
    await answered(model, request)
    assert "tools" in server.requests[-1].body
