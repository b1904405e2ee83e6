"""Another model answers when the one that was asked cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from chatkit.models.fallback import Fallbacks
from chatkit.models.pure.deltas import (
    AnsweredBy,
    Delta,
    FaultKind,
    Lacks,
    ModelFault,
    ModelRequest,
    StreamEnd,
    TextDelta,
)
from tests.fakes import Script, ScriptedModel, says

REQUEST = ModelRequest(model="a", messages=[])
ANSWER: list[Delta] = [TextDelta("Hi."), StreamEnd("stop")]


def refusing(kind: FaultKind) -> list[ModelFault]:
    return [ModelFault(kind)]


async def read(batches: AsyncGenerator[Sequence[Delta], None]) -> list[Delta]:
    return [delta async for batch in batches for delta in batch]


def asked(model: ScriptedModel) -> list[str]:
    return [request.model for request in model.requests]


async def test_the_model_that_was_asked_answers_if_it_can() -> None:
    model = ScriptedModel(says("Hi."))
    assert await read(Fallbacks(model, ["b"]).stream(REQUEST)) == ANSWER
    assert asked(model) == ["a"]


@pytest.mark.parametrize(
    "kind",
    [
        "timeout",
        "rate_limited",
        "unavailable",
        "overloaded",
        "quota",
        "credentials",
        "unknown_model",
    ],
)
async def test_the_next_answers_for_one_that_is_away_and_says_who_it_is(kind: FaultKind) -> None:
    model = ScriptedModel(refusing(kind), refusing(kind), says("Hi."))
    deltas = await read(Fallbacks(model, ["b", "c"]).stream(REQUEST))
    assert deltas == [AnsweredBy("c"), *ANSWER]
    assert asked(model) == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["refused", "too_long", "misconfigured", "bad_call", "malformed"])
async def test_what_lies_in_the_request_is_not_tried_elsewhere(kind: FaultKind) -> None:
    model = ScriptedModel(refusing(kind), says("Hi."))
    with pytest.raises(ModelFault, match=kind):
        await read(Fallbacks(model, ["b"]).stream(REQUEST))
    assert asked(model) == ["a"]


async def test_after_the_first_delta_nobody_else_is_asked() -> None:
    model = ScriptedModel([[TextDelta("Hal")], ModelFault("unavailable")], says("Hi."))
    with pytest.raises(ModelFault, match="unavailable"):
        await read(Fallbacks(model, ["b"]).stream(REQUEST))
    assert asked(model) == ["a"]


async def test_what_a_model_lacks_that_does_not_answer_is_not_told() -> None:
    lacking: Script = [[Lacks("tools")], ModelFault("unavailable")]
    model = ScriptedModel(lacking, [[Lacks("images")], *says("Hi.")])
    deltas = await read(Fallbacks(model, ["b"]).stream(REQUEST))
    assert deltas == [AnsweredBy("b"), Lacks("images"), *ANSWER]


async def test_if_all_are_away_the_last_fault_is_told() -> None:
    model = ScriptedModel(refusing("unavailable"), refusing("rate_limited"))
    with pytest.raises(ModelFault, match="rate_limited"):
        await read(Fallbacks(model, ["b"]).stream(REQUEST))


async def test_one_whose_quota_is_gone_is_not_asked_first_for_a_minute() -> None:
    now = 0.0
    model = ScriptedModel(refusing("quota"), says("Hi."))
    fallbacks = Fallbacks(model, ["b"], now=lambda: now)
    await read(fallbacks.stream(REQUEST))
    assert (await read(fallbacks.stream(REQUEST)))[0] == AnsweredBy("b")
    assert asked(model) == ["a", "b", "b"]
    now = 61.0
    assert await read(fallbacks.stream(REQUEST)) == ANSWER
    assert asked(model)[3:] == ["a"]


async def test_one_that_took_over_goes_on_and_only_those_behind_it_may_follow() -> None:
    model = ScriptedModel(refusing("unavailable"), says("Hi."))
    fallbacks = Fallbacks(model, ["b", "c"])
    request = ModelRequest(model="b", messages=[])
    assert await read(fallbacks.stream(request)) == [AnsweredBy("c"), *ANSWER]
    assert asked(model) == ["b", "c"]
