"""How many turns of one user may run at once."""

from __future__ import annotations

import asyncio

import pytest

from chatkit.access.caller import Caller
from chatkit.engine import faults
from chatkit.engine.faults import Fault
from chatkit.engine.running_turn import RunningTurn
from chatkit.models.pure.deltas import TextDelta
from chatkit.protocol.errors import NotFound
from chatkit.protocol.params import AddUserMessage, CreateThread
from tests.engine.conftest import ALICE, NewEngine, body_key, new_key, said
from tests.fakes import Script

HELLO = CreateThread(input=said("Hello"))
BOB = Caller(user_id="bob")
REFUSAL = faults.too_many_turns(2)


def endless() -> Script:
    return [[TextDelta("Half")], asyncio.Event()]


async def test_one_more_turn_than_allowed_is_refused_and_nothing_is_stored(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(endless(), max_turns=2)
    turns = [await engine.begin(HELLO), await engine.begin(HELLO)]
    assert await engine.refused(HELLO) == REFUSAL
    assert REFUSAL.allow_retry
    assert len(await engine.rows("SELECT FROM threads")) == 2
    assert len(await engine.rows("SELECT FROM accepted_requests")) == 2
    await engine.begin(HELLO, BOB)
    await engine.turns.stop("alice", turns[0].lease.thread_id, "user")
    await engine.begin(HELLO)
    assert await engine.refused(HELLO) == REFUSAL


async def test_many_begun_at_once_are_all_counted(new_engine: NewEngine) -> None:
    engine = await new_engine(endless(), max_turns=2)
    results = await asyncio.gather(
        *(engine.operations.begin(HELLO, ALICE, new_key()) for _ in range(12))
    )
    assert sum(isinstance(result, RunningTurn) for result in results) == 2
    assert [result for result in results if isinstance(result, Fault)] == [REFUSAL] * 10
    assert engine.turns.count("alice") == 2


@pytest.mark.parametrize("shared", [False, True])
async def test_turns_of_other_processes_count_with_shared_limits(
    new_engine: NewEngine, shared: bool
) -> None:
    one, two = [
        await new_engine(endless(), owner=name, alone=False, max_turns=1, shared_limits=shared)
        for name in ("one", "two")
    ]
    await one.begin(HELLO)
    begun = await two.operations.begin(HELLO, ALICE, new_key())
    assert isinstance(begun, Fault if shared else RunningTurn)


async def test_what_adds_no_turn_is_not_refused(new_engine: NewEngine) -> None:
    engine = await new_engine(endless(), max_turns=2)
    key = body_key(b"first")
    turn = await engine.begin(HELLO, key=key)
    await engine.begin(HELLO)
    assert await engine.operations.begin(HELLO, ALICE, key) is turn
    more = AddUserMessage(thread_id=turn.lease.thread_id, input=said("More"))
    with engine.turns.following(turn):
        assert await engine.refused(more) == faults.BUSY
    # Left by its follower, it gives way to the next message of its thread.
    replacing = await engine.begin(more)
    assert replacing.lease.turn_id != turn.lease.turn_id
    assert engine.turns.count("alice") == 2


async def test_a_turn_that_could_not_begin_is_not_counted(new_engine: NewEngine) -> None:
    engine = await new_engine(endless(), max_turns=2)
    missing = AddUserMessage(thread_id="thr_none", input=said("Hello"))
    for _ in range(5):
        with pytest.raises(NotFound):
            await engine.operations.begin(missing, ALICE, new_key())
    assert engine.turns.count("alice") == 0
