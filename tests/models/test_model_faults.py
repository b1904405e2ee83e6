"""How a call of the model fails: kinds of faults, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import FaultKind, ReasoningDelta, TextDelta
from tests.model_server import ModelServer
from tests.model_steps import CUT, EOF, HANG, Raw, Status, Step, error, reasoning
from tests.models.model_calls import KEY, NAMES, WORDS, ask, flat, read

BAD = {"message": f"Incorrect API key provided: {KEY}"}


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [
        (Status(400, {"message": "no such parameter"}), "misconfigured", 1),
        (Status(401, BAD), "credentials", 1),
        (Status(402, {"message": "Insufficient Balance"}), "quota", 1),
        (Status(403, BAD), "credentials", 1),
        (Status(404, {"message": "no such model"}), "unknown_model", 1),
        (Status(404), "misconfigured", 1),
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
    await model.warm_up("openai/m")
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
    await model.warm_up("openai/m")
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
        await model.warm_up("openai/m")
        pinging.script(*[Raw(b": ping\n\n")] * 100)

        assert await read(model, ask()) == ([], "timeout")


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize(
    ("quota", "kind"), [("RequestsPerMinute", "rate_limited"), ("RequestsPerDay", "quota")]
)
async def test_the_details_of_an_error_tell_more_than_its_message(
    make_model: Callable[..., LiteLLMModel], server: ModelServer, quota: str, kind: FaultKind
) -> None:
    exceeded = {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "details": [{"violations": [{"quotaId": quota}]}],
    }
    server.answer = lambda _: [Status(429, exceeded)]
    assert await read(make_model(), ask("gemini/gemini-2.5-flash")) == ([], kind)
