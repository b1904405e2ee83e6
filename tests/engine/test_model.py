from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from chatkit.engine import model as model_module
from chatkit.engine import model_call, model_stream
from chatkit.engine.model import LiteLLMModel
from chatkit.engine.pace import REST_S, Pace
from chatkit.protocol import asking
from chatkit.protocol.calls import ToolSpec
from chatkit.protocol.deltas import (
    Citation,
    Delta,
    FaultKind,
    ModelFault,
    ModelRequest,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tests.model_server import (
    CUT,
    EOF,
    HANG,
    Chunk,
    ModelServer,
    Pause,
    Raw,
    Status,
    Step,
    call,
    cite,
    error,
    finish,
    reasoning,
    refusal,
    usage,
)

TOOLS = (
    ToolSpec(name="f", description="d", parameters={"type": "object", "properties": {}}),
    ToolSpec(name="g", description="d", parameters={"type": "object", "properties": {}}),
)
KEY = "sk-a-key-that-no-log-may-hold"
WORDS = "what the user wrote"
#: LiteLLM's own handler with OpenAI's parser, with OpenRouter's, and with the plain one.
NAMES = ("openai/m", "openrouter/a/b", "hosted_vllm/m")


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def make_model(server: ModelServer) -> AsyncIterator[Callable[..., LiteLLMModel]]:
    made: list[LiteLLMModel] = []

    def make(*, timeout_s: float = 20.0, **changes: Any) -> LiteLLMModel:
        given = {"api_base": server.api_base, "api_key": KEY, **changes}
        made.append(LiteLLMModel(timeout_s=timeout_s, **given))
        return made[-1]

    yield make
    for model in made:
        await model.aclose()


@pytest.fixture
def through_the_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer is read as that of a provider which speaks no OpenAI chunks."""
    monkeypatch.setattr(model_stream, "_PLAIN_PARSERS", frozenset())
    monkeypatch.setattr(model_module, "open_source", model_stream._WrapperSource)


@pytest.fixture
def no_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "_BACK_OFF_S", (0.0, 0.0))


def ask(name: str = NAMES[0], *, tools: tuple[ToolSpec, ...] = TOOLS) -> ModelRequest:
    return ModelRequest(model=name, messages=[{"role": "user", "content": WORDS}], tools=tools)


async def read(
    model: LiteLLMModel, request: ModelRequest
) -> tuple[list[Sequence[Delta]], FaultKind | None]:
    """The batches, and how the answer failed if it did."""
    batches: list[Sequence[Delta]] = []
    try:
        async for batch in model.stream(request):
            batches.append(batch)
    except ModelFault as fault:
        return batches, fault.kind
    return batches, None


def flat(batches: list[Sequence[Delta]]) -> list[Delta]:
    assert all(batches)
    return [delta for batch in batches for delta in batch]


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
    "empty": ([finish("stop")], [], "empty"),
    "nothing at all": ([EOF], [], "empty"),
    "one piece for ever": (
        [*["again "] * 150],
        [TextDelta("again ")] * 99,
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
    await model.warm_up()
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

    def spy(wrapper: Any) -> model_stream.Source:
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
    await model.warm_up()

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


BAD = {"message": f"Incorrect API key provided: {KEY}"}


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [
        (Status(400, {"message": "no such parameter"}), "misconfigured", 1),
        (Status(401, BAD), "credentials", 1),
        (Status(402, BAD), "credentials", 1),
        (Status(403, BAD), "credentials", 1),
        (Status(404, {"message": "no such model"}), "misconfigured", 1),
        (Status(408), "timeout", 1),
        (Status(422), "misconfigured", 1),
        (Status(429), "rate_limited", 3),
        (Status(500), "unavailable", 3),
        (Status(502), "unavailable", 3),
        (Status(503), "unavailable", 3),
        (
            Status(
                400,
                {
                    "message": "This model's maximum context length is 8 tokens.",
                    "type": "invalid_request_error",
                    "code": "context_length_exceeded",
                },
            ),
            "too_long",
            1,
        ),
        (Status(400, {"message": "The maximum context length is 8.", "code": 400}), "too_long", 1),
        (
            Status(
                400,
                {
                    "message": "Invalid prompt: flagged as potentially violating our usage policy",
                    "type": "invalid_request_error",
                    "code": "content_policy_violation",
                },
            ),
            "refused",
            1,
        ),
    ],
    ids=lambda value: (
        f"{value.status} {value.error['message'][:15]}" if isinstance(value, Status) else ""
    ),
)
async def test_a_status_is_a_fault_of_its_kind_and_no_log_holds_key_or_words(
    make_model: Callable[..., LiteLLMModel],
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    name: str,
    status: Status,
    kind: FaultKind,
    attempts: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(attempts):
        server.script(status)

    assert await read(make_model(), ask(name)) == ([], kind)
    assert len(server.requests) == attempts
    assert KEY not in caplog.text
    assert WORDS not in caplog.text


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("openai/m", "sk-broken\nkey", None),
        ("openrouter/a/b", "sk-broken\nkey", None),
        ("nobody/m", KEY, "misconfigured"),
        ("m-without-provider", KEY, "misconfigured"),
    ],
)
@pytest.mark.usefixtures("no_back_off")
async def test_what_litellm_cannot_even_send_is_a_fault_and_no_log_holds_the_key(
    make_model: Callable[..., LiteLLMModel],
    caplog: pytest.LogCaptureFixture,
    name: str,
    key: str,
    kind: FaultKind | None,
) -> None:
    caplog.set_level(logging.DEBUG)

    batches, fault = await read(make_model(api_key=key), ask(name))

    assert batches == []
    assert fault is not None
    assert kind in (None, fault)
    assert key not in caplog.text
    assert "sk-broken" not in caplog.text


@pytest.mark.usefixtures("no_back_off")
async def test_a_provider_that_is_not_there_is_unavailable(
    make_model: Callable[..., LiteLLMModel],
) -> None:
    async with ModelServer() as gone:
        api_base = gone.api_base

    assert await read(make_model(api_base=api_base), ask()) == ([], "unavailable")


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize(
    "first",
    [
        [Status(503)],
        [CUT],
        [error(message="busy", code=429), EOF],
    ],
)
async def test_before_the_first_delta_a_busy_provider_is_asked_again(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, first: list[Step]
) -> None:
    server.script(*first)
    server.script("yes")

    assert await make_model().complete(ask()) == "yes"
    assert len(server.requests) == 2


@pytest.mark.usefixtures("no_back_off")
async def test_after_the_first_delta_nothing_is_asked_again(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    server.script(reasoning("hm"), CUT)

    assert await read(make_model(), ask()) == ([[ReasoningDelta("hm")]], "unavailable")
    assert len(server.requests) == 1


async def test_retry_after_is_obeyed_when_it_is_short(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    model = make_model()
    await model.warm_up()
    server.script(Status(429, headers={"retry-after": "1"}))
    server.script("yes")
    started = time.monotonic()

    assert await model.complete(ask()) == "yes"
    assert time.monotonic() - started >= 1.0  # the back-off alone is half of that


async def test_a_long_retry_after_is_not_waited_for(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    server.script(Status(429, headers={"retry-after": "30"}))

    assert await read(make_model(), ask()) == ([], "rate_limited")
    assert len(server.requests) == 1


@pytest.mark.parametrize("steps", [[HANG], ["a", HANG], ["a", Raw(b": ping\n\n"), HANG]])
async def test_a_silent_provider_times_out_and_its_connection_is_closed(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, steps: list[Step]
) -> None:
    model = make_model(timeout_s=0.5)
    await model.warm_up()
    server.script(*steps)

    batches, fault = await read(model, ask())

    assert fault == "timeout"
    assert flat(batches) == [TextDelta(step) for step in steps if isinstance(step, str)]
    await asyncio.wait_for(server.requests[0].closed.wait(), 1.0)


async def test_pings_do_not_pass_for_an_answer(
    make_model: Callable[..., LiteLLMModel],
) -> None:
    async with ModelServer(pace_s=0.05) as pinging:
        model = make_model(api_base=pinging.api_base, timeout_s=0.5)
        await model.warm_up()
        pinging.script(*[Raw(b": ping\n\n")] * 100)

        assert await read(model, ask()) == ([], "timeout")


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


class Busy(Pace):
    """The pace of a process that is always busy; `rests` counts."""

    def __init__(self, seconds: float = REST_S) -> None:
        super().__init__()
        self.seconds = seconds
        self.rests = 0
        self.rested = asyncio.Event()

    def rest_s(self) -> float:
        self.rests += 1
        self.rested.set()
        return self.seconds


@pytest.mark.parametrize("way", ["hand", "gzip", "wrapper"])
async def test_the_deltas_of_a_busy_process_gather_and_the_first_does_not_wait(
    make_model: Callable[..., LiteLLMModel], request: pytest.FixtureRequest, way: str
) -> None:
    if way == "wrapper":
        request.getfixturevalue("through_the_wrapper")
    words = [f"{number} " for number in range(60)]
    async with ModelServer(pace_s=0.005, gzip=way == "gzip") as server:
        server.script(*words)
        model = make_model(api_base=server.api_base, pace=Busy())

        batches, fault = await read(model, ask())

    assert fault is None
    *text, end = flat(batches)
    assert [delta.text for delta in text if isinstance(delta, TextDelta)] == words
    assert end == StreamEnd("stop")
    assert batches[0] == [TextDelta("0 ")]
    assert len(batches) < len(words) / 2


async def test_an_answer_that_came_whole_never_rests(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    pace = Busy(seconds=60)
    server.script("a", "b", "c")

    assert await make_model(pace=pace).complete(ask()) == "abc"
    assert pace.rests == 0


@pytest.mark.parametrize(
    ("last", "fault"), [(CUT, "unavailable"), (Raw(b"data: {nope\n\n"), "malformed")]
)
async def test_what_came_before_a_fault_is_kept_though_the_stream_rests(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, last: Step, fault: str
) -> None:
    server.script("a", Pause(0.02), "b", Pause(0.02), "c", Pause(0.02), last)

    batches, found = await read(make_model(pace=Busy()), ask())

    assert (flat(batches), found) == ([TextDelta("a"), TextDelta("b"), TextDelta("c")], fault)


async def test_leaving_while_a_stream_rests_closes_the_providers_connection(
    make_model: Callable[..., LiteLLMModel], server: ModelServer
) -> None:
    pace = Busy(seconds=60)
    server.script("a", HANG)
    task = asyncio.create_task(read(make_model(pace=pace), ask()))
    await asyncio.wait_for(pace.rested.wait(), 30.0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    await asyncio.wait_for(server.requests[0].closed.wait(), 1.0)


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


async def test_callers_share_one_import(make_model: Callable[..., LiteLLMModel]) -> None:
    model = make_model()
    assert model.context_window("gpt-4o-mini") is None

    leaver = asyncio.create_task(model.warm_up())
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(model.warm_up(), model.warm_up())

    assert leaver.cancelled()
    assert model.context_window("gpt-4o-mini") == 128_000
    assert model.context_window("openrouter/openai/gpt-4o-mini") == 128_000
    assert model.context_window("demo/tasks") == 1_000_000
    assert model.context_window("nobody/nothing") is None


async def test_a_name_that_no_provider_has_is_told_to_the_operator(
    make_model: Callable[..., LiteLLMModel], caplog: pytest.LogCaptureFixture
) -> None:
    await make_model(model="nobody/nothing", api_base=None).warm_up()
    assert [record.message for record in caplog.records] == [
        "MODEL: LiteLLM knows no provider of 'nobody/nothing'"
    ]
    caplog.clear()
    await make_model(model=NAMES[0]).warm_up()
    assert caplog.records == []


async def test_the_demo_model_takes_the_chosen_tool(
    make_model: Callable[..., LiteLLMModel],
) -> None:
    request = replace(ask("demo/tasks", tools=(asking.ASK_USER,)), tool_choice=asking.ASK_USER.name)
    batches, fault = await read(make_model(api_base=None, api_key=None), request)
    calls = [delta for batch in batches for delta in batch if isinstance(delta, ToolCallDelta)]
    assert fault is None
    assert [call.name for call in calls] == ["ask_user"]


async def test_the_demo_model_answers_without_a_provider(
    make_model: Callable[..., LiteLLMModel],
) -> None:
    model = make_model(api_base=None, api_key=None)

    batches, fault = await read(model, ask("demo/tasks", tools=()))

    assert fault is None
    *text, counted, end = flat(batches)
    assert all(isinstance(delta, TextDelta) for delta in text)
    assert isinstance(counted, Usage)
    assert end == StreamEnd("stop")
