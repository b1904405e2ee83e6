"""The end of all that a user has, while an answer is being made."""

from __future__ import annotations

import asyncio

from chatkit.models.pure.deltas import TextDelta, ToolCallDelta
from chatkit.portable.erasing import Erasing
from chatkit.protocol.params import CreateThread
from store.erasure import Erasure
from tests.engine.conftest import NewEngine, said
from tests.fakes import ScriptedTools

HELLO = CreateThread(input=said("Hello"))


async def test_an_answer_that_is_being_made_ends_first(new_engine: NewEngine) -> None:
    engine = await new_engine([[TextDelta("Half")], asyncio.Event()], on_disconnect="continue")
    turn = await engine.begin(HELLO)
    erasing = Erasing(store=Erasure(engine.database), turns=engine.turns)
    await erasing.erase("alice")
    assert turn.log.closed
    assert engine.model.open_streams == 0
    assert await engine.rows("SELECT id FROM threads") == []


async def test_a_tool_that_is_under_way_is_cancelled_before_anything_is_deleted(
    new_engine: NewEngine,
) -> None:
    called = asyncio.Event()
    left: list[int] = []

    async def add(_: str) -> str:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.append(len(await engine.rows("SELECT id FROM threads")))
        return ""

    calling = [[ToolCallDelta(index=0, call_id="c", name="add", arguments="{}")]]
    engine = await new_engine(calling, tools=ScriptedTools(add=add), on_disconnect="continue")
    await engine.begin(HELLO)
    await called.wait()
    await Erasing(store=Erasure(engine.database), turns=engine.turns).erase("alice")
    assert left == [1]


async def test_an_answer_of_another_process_ends_too(new_engine: NewEngine) -> None:
    one = await new_engine(
        [[TextDelta("Half")], asyncio.Event()], owner="one", alone=False, on_disconnect="continue"
    )
    two = await new_engine(owner="two", alone=False)
    turn = await one.begin(HELLO)
    await Erasing(store=Erasure(two.database), turns=two.turns).erase("alice")
    assert turn.task is not None
    await asyncio.wait_for(turn.task, 30)
    assert await two.rows("SELECT id FROM turns") == []
