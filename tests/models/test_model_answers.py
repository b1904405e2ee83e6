"""The deltas of an answer, by each way in which it can be read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from chatkit.models import litellm_model as model_module
from chatkit.models import litellm_stream as model_stream
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.answer_guard import MAX_REPEATS
from chatkit.models.pure.deltas import (
    Citation,
    Delta,
    FaultKind,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tests.model_server import ModelServer
from tests.model_steps import CUT, EOF, Chunk, Raw, Step, call, cite, error, finish, refusal, usage
from tests.models.model_calls import NAMES, ask, flat, read

ANSWERS: dict[str, tuple[list[Step], list[Delta], FaultKind | None]] = {
    "text": (
        ["Hel", "lo ", "wörld"],
        [
            *map(TextDelta, ("Hel", "lo ", "wörld")),
            Usage(input_tokens=10, output_tokens=3),
            StreamEnd("stop"),
        ],
        None,
    ),
    "reasoning": (
        [Chunk({"reasoning": "hm "}), Chunk({"reasoning": "so"}), "yes", usage(7, 3)],
        [
            ReasoningDelta("hm "),
            ReasoningDelta("so"),
            TextDelta("yes"),
            Usage(input_tokens=7, output_tokens=3),
            StreamEnd("stop"),
        ],
        None,
    ),
    "parallel calls": (
        [
            "I ",
            call("f", '{"a":', call_id="c0"),
            call("g", "", call_id="c1", index=1),
            call(None, "1}"),
            call(None, "{}", index=1),
            usage(1, 1),
        ],
        [
            TextDelta("I "),
            ToolCallDelta(index=0, call_id="c0", name="f", arguments='{"a":'),
            ToolCallDelta(index=1, call_id="c1", name="g"),
            ToolCallDelta(index=0, arguments="1}"),
            ToolCallDelta(index=1, arguments="{}"),
            Usage(input_tokens=1, output_tokens=1),
            StreamEnd("tool_calls"),
        ],
        None,
    ),
    "whole calls in one chunk": (
        [
            Chunk(
                {
                    "tool_calls": [
                        {"index": i, "id": f"c{i}", "function": {"name": "f", "arguments": "{}"}}
                        for i in range(2)
                    ]
                }
            ),
            usage(1, 1),
        ],
        [
            ToolCallDelta(index=0, call_id="c0", name="f", arguments="{}"),
            ToolCallDelta(index=1, call_id="c1", name="f", arguments="{}"),
            Usage(input_tokens=1, output_tokens=1),
            StreamEnd("tool_calls"),
        ],
        None,
    ),
    "citations": (
        [
            "Rome is old.",
            cite("https://a.example/rome", "Rome", 12),
            cite("javascript:alert(1)", "Rome", 12),
            usage(1, 1),
        ],
        [
            TextDelta("Rome is old."),
            Citation(url="https://a.example/rome", title="Rome", index=12),
            Usage(input_tokens=1, output_tokens=1),
            StreamEnd("stop"),
        ],
        None,
    ),
    "cut short by length": (
        ["a", finish("length"), usage(1, 1)],
        [TextDelta("a"), Usage(input_tokens=1, output_tokens=1), StreamEnd("length")],
        None,
    ),
    "error inside": (["a", error(message="boom", code=503), EOF], [TextDelta("a")], "unavailable"),
    "connection cut": (["a", "b", CUT], [TextDelta("a"), TextDelta("b")], "unavailable"),
    "cut after the reason": (
        ["a", finish("stop"), usage(1, 1), CUT],
        [TextDelta("a"), Usage(input_tokens=1, output_tokens=1), StreamEnd("stop")],
        None,
    ),
    "a dull table": (
        [*["again "] * 150, usage(7, 3)],
        [
            *[TextDelta("again ")] * 150,
            Usage(input_tokens=7, output_tokens=3),
            StreamEnd("stop"),
        ],
        None,
    ),
    "white space": ([" ", "\n\n", finish("stop")], [], "empty"),
    "thinking as text": (
        ["<thi", "nk>hm", " so</", "think>\n\n", "yes", usage(7, 3)],
        [
            ReasoningDelta("hm"),
            ReasoningDelta(" so"),
            TextDelta("yes"),
            Usage(input_tokens=7, output_tokens=3),
            StreamEnd("stop"),
        ],
        None,
    ),
    "text behind the finish reason": (
        ["a", finish("stop"), "b", usage(7, 3)],
        [TextDelta("a"), TextDelta("b"), Usage(input_tokens=7, output_tokens=3), StreamEnd("stop")],
        None,
    ),
    "empty": ([finish("stop")], [], "empty"),
    "nothing at all": ([EOF], [], "empty"),
    "one piece for ever": (
        [*["again "] * (MAX_REPEATS + 50)],
        [TextDelta("again ")] * (MAX_REPEATS - 1),
        "malformed",
    ),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_read_by_hand_an_answer_gives_its_deltas(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, name: str, answer: str
) -> None:
    steps, deltas, kind = ANSWERS[answer]
    server.script(*steps)

    batches, fault = await read(make_model(), ask(name))

    if answer != "one piece for ever":  # its one read is refused as a whole
        assert flat(batches) == deltas
    assert fault == kind


@pytest.mark.usefixtures("through_the_wrapper")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_read_through_the_wrapper_an_answer_gives_the_same_deltas(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, name: str, answer: str
) -> None:
    steps, deltas, kind = ANSWERS[answer]
    server.script(*steps)

    batches, fault = await read(make_model(), ask(name))

    if answer != "one piece for ever":
        assert flat(batches) == deltas
    assert fault == kind


@pytest.mark.parametrize("answer", ANSWERS)
async def test_read_by_hand_from_the_openai_sdk_an_answer_gives_the_same_deltas(
    make_model: Callable[..., LiteLLMModel],
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    steps, deltas, kind = ANSWERS[answer]
    server.script(*steps)
    model = make_model()
    await model.warm_up("openai/m")
    monkeypatch.setenv("EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER", "False")

    batches, fault = await read(model, ask())

    assert "x-stainless-lang" in server.requests[0].headers  # so does the SDK give itself away
    if answer != "one piece for ever":
        assert flat(batches) == deltas
    assert fault == kind


async def test_a_refusal_is_text(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    server.script(refusal("I can"), refusal("not"), usage(1, 1))

    batches, _ = await read(make_model(), ask())

    assert flat(batches)[:2] == [TextDelta("I can"), TextDelta("not")]


@pytest.mark.usefixtures("through_the_wrapper")
async def test_the_wrapper_drops_refusals_and_the_answer_is_a_fault_then(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    # LiteLLM counts such chunks as empty. When this fails it has learned better: hold the refusal
    # against the other way like every answer.
    server.script(refusal("I can"), refusal("not"))

    assert await read(make_model(), ask()) == ([], "empty")


@pytest.mark.parametrize("name", NAMES)
async def test_openai_chunks_are_read_by_hand(
    make_model: Callable[..., LiteLLMModel],
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    opened: list[str] = []

    def spy(wrapper: Any) -> model_stream.ChunkSource:
        source = model_stream.open_source(wrapper)
        opened.append(type(source).__name__)
        return source

    monkeypatch.setattr(model_module, "open_source", spy)
    server.script("a")
    await read(make_model(), ask(name))

    assert opened == ["_ByteSource"]


async def test_a_compressed_stream_is_read(make_model: Callable[..., LiteLLMModel]) -> None:
    async with ModelServer(gzip=True) as packed:
        packed.script("Hel", "lo")
        model = make_model(api_base=packed.api_base)

        assert await model.complete(ask()) == "Hello"


async def test_what_one_read_brings_is_one_batch_and_the_first_delta_waits_for_nothing(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    more = asyncio.Event()
    server.script("a", "b", more, "c", "d", "e", usage(1, 1))

    async with aclosing(make_model().stream(ask())) as batches:
        assert await anext(batches) == [TextDelta("a"), TextDelta("b")]
        more.set()
        assert await anext(batches) == [TextDelta("c"), TextDelta("d"), TextDelta("e")]


@pytest.mark.usefixtures("through_the_wrapper")
async def test_the_wrapper_joins_what_is_ready_and_the_first_delta_waits_for_nothing(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    more = asyncio.Event()
    server.script("a", more, "b", "c", "d", usage(1, 1))

    async with aclosing(make_model().stream(ask())) as batches:
        assert await anext(batches) == [TextDelta("a")]
        more.set()
        assert await anext(batches) == [TextDelta("b"), TextDelta("c"), TextDelta("d")]


@pytest.mark.parametrize("garbage", [b"data: {nope\n\n", b"data: [1]\n\n"])
async def test_garbage_is_malformed_and_what_came_before_it_is_kept(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, garbage: bytes
) -> None:
    server.script("a", Raw(garbage), EOF)

    assert await read(make_model(), ask()) == ([[TextDelta("a")]], "malformed")


async def test_a_stream_without_an_end_was_cut_even_in_the_middle_of_a_chunk(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    server.script("a", Raw(b'data: {"choi'), EOF)

    assert await read(make_model(), ask()) == ([[TextDelta("a")]], "unavailable")


async def test_a_last_frame_without_its_blank_line_still_counts(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    server.script("a", Raw(b"data: [DONE]"), EOF)

    assert await read(make_model(), ask()) == ([[TextDelta("a")], [StreamEnd("stop")]], None)


async def test_a_character_split_over_chunks_arrives_whole(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": "\ud83d"}}]}
    server.script(Raw(b"data: " + json.dumps(chunk).encode() + b"\n\n"), "\ude00!\0")

    assert await make_model().complete(ask()) == "😀!"
