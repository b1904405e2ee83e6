"""Streams that rest, so that the deltas of a busy process gather."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pace import PAUSE_S, Pace
from chatkit.models.pure.deltas import StreamEnd, TextDelta
from tests.model_server import ModelServer
from tests.model_steps import CUT, HANG, Pause, Raw, Step
from tests.models.model_calls import ask, flat, read


class Busy(Pace):
    """The pace of a process that is always busy; `rests` counts."""

    def __init__(self, seconds: float = PAUSE_S) -> None:
        super().__init__()
        self.seconds = seconds
        self.rests = 0
        self.rested = asyncio.Event()

    def pause_s(self) -> float:
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
