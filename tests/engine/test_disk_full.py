"""A database whose disk is full in the middle of a turn, as PostgreSQL tells it (53100)."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from chatkit.models.pure.deltas import TextDelta
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.params import CreateThread
from tests.engine.conftest import ALICE, NewEngine, new_key, said, until
from tests.fakes import says

HELLO: Final = CreateThread(input=said("Hello"))
FILL: Final = """
CREATE FUNCTION refuse_for_want_of_space() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON items
    FOR EACH ROW EXECUTE FUNCTION refuse_for_want_of_space();
"""


async def test_an_answer_waits_for_space_and_is_stored_whole(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    engine = await new_engine([[TextDelta("Half ")], hold, [TextDelta("and whole.")]])
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: "Half " in turn.log.lines())
        await engine.database.execute(FILL)
        hold.set()
        await until(lambda: turn.ending)
        await engine.database.execute("DROP TRIGGER full_disk ON items")
        assert turn.task is not None
        await turn.task
    assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half and whole."]
    assert await engine.states() == ["done"]


async def test_a_message_that_finds_no_space_is_refused_and_leaves_nothing(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Hi."))
    await engine.database.execute(FILL)
    with pytest.raises(Unavailable):
        await engine.operations.begin(HELLO, ALICE, new_key())
    assert await engine.rows("SELECT id FROM threads") == []
    await engine.database.execute("DROP TRIGGER full_disk ON items")
    await engine.hello()
