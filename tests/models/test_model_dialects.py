"""What differs from provider to provider: streams of their own, and what a request may hold."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import (
    Citation,
    Delta,
    ModelFault,
    ModelRequest,
    ReasoningDelta,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.models.pure.tools import ToolSpec
from tests.model_server import ModelServer
from tests.model_steps import EOF, Chunk, Raw, Reply, Step, reasoning, usage

URL = "https://a.example/rome"
ROME = Citation(url=URL, title="Rome")
TOOLS = tuple(ToolSpec(name=name, description="d", parameters={"type": "object"}) for name in "fg")


@asynccontextmanager
async def served(server: ModelServer, **changes: Any) -> AsyncIterator[LiteLLMModel]:
    given = {"api_base": server.api_base, "api_key": "sk-ours", "timeout_s": 20.0, **changes}
    model = LiteLLMModel(**given)
    try:
        yield model
    finally:
        await model.aclose()


def ask(name: str, content: object = "Rome?", **more: Any) -> ModelRequest:
    return ModelRequest(model=name, messages=[{"role": "user", "content": content}], **more)


async def read(model: LiteLLMModel, request: ModelRequest) -> list[Delta]:
    return [delta async for batch in model.stream(request) for delta in batch]


def event(**fields: Any) -> Raw:
    return Raw(f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode())


def block(index: int, **delta: Any) -> Raw:
    return event(type="content_block_delta", index=index, delta=delta)


def candidate(*parts: dict[str, Any], usage: dict[str, int] | None = None, **more: Any) -> Raw:
    content = {"parts": [*parts], "role": "model"}
    chunk = {"candidates": [{"content": content, "index": 0, **more}]}
    return Raw(
        f"data: {json.dumps(chunk | ({'usageMetadata': usage} if usage else {}))}\n\n".encode()
    )


_PLACE = {"type": "web_search_result_location", "cited_text": "x", "encrypted_index": "e"}
_SUPPORT = {"segment": {"startIndex": 0, "endIndex": 12}, "groundingChunkIndices": [0]}
_GROUNDS = {
    "groundingChunks": [{"web": {"uri": URL, "title": "Rome"}}],
    "groundingSupports": [_SUPPORT],
}
_START = {"id": "m", "role": "assistant", "content": [], "model": "c"}

#: Streams that are no OpenAI chunks, each with reasoning, text, a citation and usage.
OTHERS: dict[str, tuple[list[Step], Citation]] = {
    "anthropic/claude-haiku-5-5": (
        [
            event(
                type="message_start",
                message={**_START, "usage": {"input_tokens": 7, "output_tokens": 1}},
            ),
            event(
                type="content_block_start",
                index=0,
                content_block={"type": "thinking", "thinking": "", "signature": ""},
            ),
            block(0, type="thinking_delta", thinking="hm "),
            block(0, type="thinking_delta", thinking="so"),
            block(0, type="signature_delta", signature="abc"),
            event(type="content_block_stop", index=0),
            event(type="content_block_start", index=1, content_block={"type": "text", "text": ""}),
            block(1, type="text_delta", text="Rome is old."),
            block(1, type="citations_delta", citation={**_PLACE, "url": URL, "title": "Rome"}),
            event(type="content_block_stop", index=1),
            event(
                type="message_delta",
                delta={"stop_reason": "end_turn", "stop_sequence": None},
                usage={"output_tokens": 5},
            ),
            event(type="message_stop"),
            EOF,
        ],
        ROME,
    ),
    "gemini/gemini-3.5-flash-lite": (
        [
            candidate({"text": "hm ", "thought": True}),
            candidate({"text": "so", "thought": True}),
            candidate({"text": "Rome is old."}),
            candidate(
                {"text": ""},
                usage={"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12},
                finishReason="STOP",
                groundingMetadata=_GROUNDS,
            ),
            EOF,
        ],
        Citation(url=URL, title="Rome", index=12),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_a_provider_with_a_stream_of_its_own_gives_the_same_deltas(
    server: ModelServer, name: str
) -> None:
    steps, citation = OTHERS[name]
    server.script(*steps)

    async with served(server) as model:
        deltas = await read(model, ask(name))

    block = {"type": "thinking", "thinking": "hm so", "signature": "abc"}
    signed = ReasoningPart(form="thinking_blocks", value=block)
    assert deltas == [
        ReasoningDelta("hm "),
        ReasoningDelta("so"),
        TextDelta("Rome is old."),
        citation,
        *([signed] if name.startswith("anthropic") else []),
        Usage(input_tokens=7, output_tokens=5),
        StreamEnd("stop"),
    ]


@pytest.mark.parametrize("way", ["hand", "wrapper"])
@pytest.mark.parametrize("name", ["openai/m", "hosted_vllm/m", "deepseek/m"])
async def test_reasoning_in_its_common_field_is_read_both_ways(
    server: ModelServer, request: pytest.FixtureRequest, way: str, name: str
) -> None:
    if way == "wrapper":
        request.getfixturevalue("through_the_wrapper")
    server.script(reasoning("hm "), reasoning("so"), "yes", usage(1, 1))

    async with served(server) as model:
        deltas = await read(model, ask(name))

    assert deltas[:3] == [ReasoningDelta("hm "), ReasoningDelta("so"), TextDelta("yes")]


@pytest.mark.parametrize("name", ["openai/m", "openrouter/a/b", "perplexity/sonar"])
async def test_the_sources_beside_the_choices_are_read(server: ModelServer, name: str) -> None:
    sources = {"citations": [URL], "search_results": [{"title": "Rome", "url": URL}]}
    server.script(
        Chunk({"content": "Rome "}, None, sources),
        Chunk({"content": "is old [1]."}, None, sources),
        Chunk({}, "stop", {**sources, **usage(1, 1).more}),
    )

    async with served(server) as model:
        deltas = await read(model, ask(name))

    assert deltas == [
        ROME,
        TextDelta("Rome "),
        TextDelta("is old [1]."),
        Usage(input_tokens=1, output_tokens=1),
        StreamEnd("stop"),
    ]


async def test_a_chosen_tool_is_asked_for_by_name(server: ModelServer) -> None:
    async with served(server) as model:
        await model.complete(ask("openai/m", tools=TOOLS, tool_choice="g"))
        await model.complete(ask("openai/m", tools=TOOLS, tool_choice="gone"))
        await model.complete(ask("openai/m", tools=(), tool_choice="g"))
        await model.complete(ask("openai/m", tools=TOOLS))

    chosen = [request.body.get("tool_choice") for request in server.requests]
    assert chosen == [{"type": "function", "function": {"name": "g"}}, None, None, None]


async def test_a_provider_that_knows_no_chosen_tool_is_asked_without_one(
    server: ModelServer,
) -> None:
    async with served(server) as model:
        await model.complete(ask("fireworks_ai/m", tools=TOOLS, tool_choice="g"))

    assert len(server.requests[0].body["tools"]) == 2
    assert "tool_choice" not in server.requests[0].body


PARTS = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    {
        "type": "file",
        "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
    },
]


@pytest.mark.parametrize("name", ["openai/m", "openrouter/a/b", "hosted_vllm/m"])
async def test_parts_of_a_message_arrive_as_they_are(server: ModelServer, name: str) -> None:
    async with served(server) as model:
        assert await model.complete(ask(name, PARTS))

    assert server.requests[0].body["messages"] == [{"role": "user", "content": PARTS}]


async def test_parts_reach_a_provider_in_its_own_words(server: ModelServer) -> None:
    server.script(*OTHERS["anthropic/claude-haiku-5-5"][0])

    async with served(server) as model:
        await model.complete(ask("anthropic/claude-haiku-5-5", PARTS))

    text, image, file = server.requests[0].body["messages"][0]["content"]
    assert text["text"] == "What is this?"
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert file["type"] == "document"
    assert file["source"]["data"] == "JVBERi0="


async def test_what_a_model_can_see_is_known_after_the_warm_up(server: ModelServer) -> None:
    async with served(server) as model:
        assert model.supports_vision("gpt-6-luna") is None
        assert model.supports_pdf("gpt-6-luna") is None
        await model.warm_up("openai/m")
        seen = {
            name: (model.supports_vision(name), model.supports_pdf(name))
            for name in (
                "gpt-6-luna",
                "openrouter/openai/gpt-6-luna",
                "gpt-3.5-turbo",
            )
        }

    assert seen == {
        "gpt-6-luna": (True, True),
        "openrouter/openai/gpt-6-luna": (True, True),
        "gpt-3.5-turbo": (False, False),
    }


async def test_address_and_key_serve_the_models_of_one_provider_and_are_shown_to_no_other(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-theirs")
    async with ModelServer() as other, served(server, model="openai/m") as model:
        monkeypatch.setenv("OPENROUTER_API_BASE", other.api_base)
        assert await model.complete(ask("openai/m"))
        assert await model.complete(ask("gpt-6-luna"))
        assert await model.complete(ask("openrouter/a/b"))
        with pytest.raises(ModelFault):
            await model.complete(ask("nobody/m"))

    ours, theirs = (
        [(request.body["model"], request.headers["authorization"]) for request in one.requests]
        for one in (server, other)
    )
    assert ours == [("m", "Bearer sk-ours"), ("gpt-6-luna", "Bearer sk-ours")]
    assert theirs == [("a/b", "Bearer sk-theirs")]


_WHOLE = {
    "choices": [{"message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}
_PIECES = [
    {"choices": [{"delta": {"content": "H"}}]},
    {"choices": [{"delta": {"content": "i."}, "finish_reason": "stop"}]},
    {"choices": [], "usage": _WHOLE["usage"]},
]
_LINES = "\n".join(map(json.dumps, _PIECES)).encode()
BODIES = {
    "one object": Reply(json.dumps(_WHOLE).encode()),
    "one object in lines": Reply(json.dumps(_WHOLE, indent=2).encode()),
    "an object a line": Reply(_LINES, "application/x-ndjson"),
    "an object a line, as JSON": Reply(_LINES + b"\n"),
    "single line ends": Reply(
        b"".join(b"data: " + line + b"\n" for line in _LINES.split(b"\n")), "text/event-stream"
    ),
    "events of another type": Reply(
        b"".join(b"data: " + line + b"\n\n" for line in _LINES.split(b"\n")), "text/plain"
    ),
}


@pytest.mark.parametrize("name", ["openai/m", "openrouter/a/b", "hosted_vllm/m"])
@pytest.mark.parametrize("body", BODIES)
async def test_an_answer_in_another_form_than_events_is_read(
    server: ModelServer, body: str, name: str
) -> None:
    server.script(BODIES[body])
    async with served(server) as model:
        deltas = await read(model, ask(name))
    assert "".join(each.text for each in deltas if isinstance(each, TextDelta)) == "Hi."
    assert deltas[-2:] == [Usage(input_tokens=7, output_tokens=3), StreamEnd("stop")]


@pytest.mark.parametrize("name", ["openai/m", "openrouter/a/b", "hosted_vllm/m"])
async def test_a_web_page_in_place_of_an_answer_is_a_fault_of_the_set_up(
    server: ModelServer, name: str
) -> None:
    server.script(Reply(b"<!DOCTYPE html><html><body>Welcome</body></html>", "text/html"))
    async with served(server) as model:
        with pytest.raises(ModelFault) as raised:
            await read(model, ask(name))
    assert raised.value.kind == "misconfigured"


async def test_the_signature_of_a_gemini_call_is_kept_for_the_next_request(
    server: ModelServer,
) -> None:
    called = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}
    server.script(candidate(called, finishReason="STOP"), EOF)
    async with served(server) as model:
        deltas = await read(model, ask("gemini/gemini-3.5-flash-lite", tools=TOOLS))
    (call,) = (each for each in deltas if isinstance(each, ToolCallDelta))
    assert call.extra == {"provider_specific_fields": {"thought_signature": "c2ln"}}
    assert "__thought__" not in (call.call_id or "")
