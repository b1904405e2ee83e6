"""Two engines on one database, as two processes of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chatkit.engine.running_turn import RunningTurn
from chatkit.models.pure.deltas import TextDelta
from chatkit.protocol.params import CreateThread
from tests.engine.conftest import Engine, NewEngine, said
from tests.fakes import says

HELLO = CreateThread(input=said("Hello"))


def slow(hold: asyncio.Event) -> list[Any]:
    return [[TextDelta("Half")], hold, [TextDelta(" done.")]]


async def pair(new_engine: NewEngine, *scripts: Any, **options: Any) -> tuple[Engine, Engine]:
    one = await new_engine(*scripts, owner="one", alone=False, **options)
    two = await new_engine(says("From two."), owner="two", alone=False, **options)
    return one, two


async def written(engine: Engine, frames: int) -> None:
    """Until so many events are in the database."""
    async with asyncio.timeout(30):
        query = "SELECT COALESCE(sum(cardinality(frames)), 0) AS n FROM turn_events"
        while (await engine.rows(query))[0]["n"] < frames:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


@asynccontextmanager
async def half_written(engine: Engine) -> AsyncIterator[RunningTurn]:
    """A turn that is followed, with half of its answer in the database."""
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await written(engine, 6)
        yield turn


async def ended(turn: RunningTurn) -> None:
    """Until its process is done with it."""
    assert turn.task is not None
    await turn.task
