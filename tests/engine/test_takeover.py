"""What a process that has died leaves behind, and who ends it."""

from __future__ import annotations

import asyncio
import json

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.drafting import WRITE_DRAFT
from chatkit.answer.marks import NOTES
from chatkit.answer.rounds import UNKNOWN_OUTCOME
from chatkit.engine import elsewhere, faults, runner
from chatkit.engine.running_turn import RunningTurn
from chatkit.models.pure.deltas import StreamEnd, ToolCallDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddUserMessage,
    GetThread,
    RetryAfterItem,
)
from chatkit.words.catalogue import Catalogue
from tests.engine.conftest import ALICE, Engine, NewEngine, new_key, said
from tests.engine.two_processes import HELLO, ended, half_written, pair, slow, written
from tests.fakes import ScriptedTools, says
from tests.wording import SAY, add_catalogue


async def test_calls_that_a_killed_process_had_begun_are_known_to_the_next_answer(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "STOP_S", 0.2)
    calling = [[ToolCallDelta(index=0, call_id="c", name="add", arguments='{"title":"Milk"}')]]
    called = asyncio.Event()

    async def add(_: str) -> str:
        called.set()
        await asyncio.Event().wait()
        return ""

    tools = ScriptedTools(add=add)
    one = await new_engine(calling, owner="one", alone=False, tools=tools)
    two = await new_engine(says("Again."), owner="two", alone=False)
    turn = await one.begin(HELLO)
    await called.wait()
    await silence(one, monkeypatch)
    thread_id = turn.lease.thread_id
    assert await two.turns.stop("alice", thread_id, "user") is True
    message_id = (await two.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    await two.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    told = two.model.requests[0].messages
    assert [call["function"]["name"] for call in told[2]["tool_calls"]] == ["add"]
    assert told[3]["content"] == UNKNOWN_OUTCOME


async def test_an_interrupted_answer_says_so_to_whoever_reads_it_later(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await new_engine(slow(asyncio.Event()), says("Whole."), owner="one")
    turn = await one.begin(HELLO)
    thread_id = turn.lease.thread_id
    await written(one, 6)
    await silence(one, monkeypatch)
    two = await new_engine(says("Whole."), owner="two")
    await two.turns.adopt_orphans()
    page = json.loads(await two.answer(GetThread(thread_id=thread_id), ALICE, new_key()))
    message, text, mark = page["items"]["data"]
    assert text["content"][0]["text"] == "Half"
    assert mark["type"] == "task"
    assert mark["task"]["title"] == "Interrupted"
    await two.chat(RetryAfterItem(thread_id=thread_id, item_id=message["id"]))
    page = json.loads(await two.answer(GetThread(thread_id=thread_id), ALICE, new_key()))
    assert [item["type"] for item in page["items"]["data"]] == ["user_message", "assistant_message"]


@pytest.mark.parametrize("taken", ["at the start", "for another request"])
async def test_an_interruption_is_written_in_the_language_of_the_user_of_the_turn(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    sentences = {"mark.interrupted_title": "Przerwano"}
    polish = Catalogue(language="pl", sentences=sentences, plural=lambda _: "other")
    add_catalogue(monkeypatch, polish)
    monkeypatch.setattr(elsewhere, "STOP_S", 0)
    alone = taken == "at the start"
    one = await new_engine(slow(asyncio.Event()), owner="one", alone=alone)
    turn = await one.begin(HELLO, Caller(user_id="alice", language="pl"))
    thread_id = turn.lease.thread_id
    await written(one, 6)
    await silence(one, monkeypatch)
    two = await new_engine(says("Two."), owner="two", alone=alone)
    if alone:
        await two.turns.adopt_orphans()
    else:
        assert await two.turns.stop("alice", thread_id, "user") is True
    page = json.loads(await two.answer(GetThread(thread_id=thread_id), ALICE, new_key()))
    assert page["items"]["data"][-1]["task"]["title"] == "Przerwano"


async def test_a_turn_is_stored_with_its_language_however_it_begins(
    new_engine: NewEngine,
) -> None:
    call = [ToolCallDelta(index=0, call_id="c", name="look", arguments="{}")]
    look = ToolSpec(name="look", description="", parameters={"type": "object"}, kind="client")
    one = await new_engine([call, [StreamEnd("tool_calls")]], says("Two."), own_tools=(look,))
    first, *_ = await one.chat(HELLO, Caller(user_id="alice", language="de"))
    thread_id = first["thread"]["id"]
    await one.chat(
        AddClientToolOutput(thread_id=thread_id, result=1), Caller(user_id="alice", language="fr")
    )
    again = AddUserMessage(thread_id=thread_id, input=said("Again"))
    await one.chat(again, Caller(user_id="alice", language="ja"))
    message_id = (await one.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    retry = RetryAfterItem(thread_id=thread_id, item_id=message_id)
    await one.chat(retry, Caller(user_id="alice", language="ur"))
    rows = await one.rows("SELECT language FROM turns ORDER BY created_at")
    assert [row["language"] for row in rows] == ["de", "fr", "ja", "ur"]


async def silence(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an engine's process die: it reaches the database no more, and waits for nothing."""
    monkeypatch.setattr(runner, "PATIENCE_S", 0)
    await engine.database.close()
    await engine.turns.interrupt_all()


async def test_a_dead_owners_turn_is_taken_over_and_its_text_is_kept(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "STOP_S", 0.2)
    one, two = await pair(new_engine, slow(asyncio.Event()), on_disconnect="continue")
    turn = await one.begin(HELLO)
    await written(one, 6)
    await silence(one, monkeypatch)
    assert await two.turns.stop("alice", turn.lease.thread_id, "user") is True
    assert await two.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert await two.states() == ["interrupted"]
    await two.chat(AddUserMessage(thread_id=turn.lease.thread_id, input=said("Again")))
    told = [message["content"] for message in two.model.requests[0].messages]
    assert f"[Note from the server: {NOTES['orphaned']}]" in told


async def test_an_owner_that_was_taken_over_writes_nothing_more(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "STOP_S", 0)
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold))
    async with half_written(one) as turn:
        assert await two.turns.stop("alice", turn.lease.thread_id, "replaced") is True
        hold.set()
        await ended(turn)
    assert await two.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert await two.states() == ["interrupted"]
    assert json.loads(turn.log.lines().split("\n")[-1])["message"] == faults.LOST.event(SAY).message


async def test_the_followers_of_an_owner_that_renews_no_more_do_not_count(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "STOP_S", 0.1)
    one, two = await pair(new_engine, slow(asyncio.Event()), living_s=59.8)
    turn = await one.begin(HELLO)
    message = AddUserMessage(thread_id=turn.lease.thread_id, input=said("Again"))
    with one.turns.following(turn):
        await written(one, 6)
        await silence(one, monkeypatch)
        async with asyncio.timeout(30):
            while not isinstance(  # noqa: ASYNC110 - another process
                await two.operations.begin(message, ALICE, new_key()), RunningTurn
            ):
                await asyncio.sleep(0.02)
    await two.turns.stop("alice", turn.lease.thread_id, "user")
    assert (await two.texts(turn.lease.thread_id))[:3] == ["Hello", "Half", "Again"]


async def test_turns_whose_lease_ran_out_are_adopted(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await pair(new_engine, slow(asyncio.Event()), lease_s=0.1)
    turn = await one.begin(HELLO)
    await written(one, 6)
    await silence(one, monkeypatch)
    async with asyncio.timeout(30):
        while await two.states() == ["running"]:
            await two.turns.adopt_orphans()
    assert await two.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert await two.states() == ["interrupted"]


async def test_a_live_lease_is_left_alone(new_engine: NewEngine) -> None:
    one, two = await pair(new_engine, slow(asyncio.Event()))
    turn = await one.begin(HELLO)
    with one.turns.following(turn):
        await two.turns.adopt_orphans()
        assert await two.states() == ["running"]


async def test_a_restart_on_the_embedded_database_ends_what_a_killed_process_left(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await new_engine(says("Old."), slow(asyncio.Event()), owner="one")
    thread_id = await one.hello()
    message_id = (await one.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    await one.begin(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    await written(one, 4)
    await silence(one, monkeypatch)
    two = await new_engine(says("Two."), owner="two")
    await two.turns.adopt_orphans()
    assert await two.texts(thread_id) == ["Hello", "Old."]
    assert await two.states() == ["done", "interrupted"]


async def test_a_draft_that_a_killed_process_left_is_known_to_the_model(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = '{"title": "Mail", "text": "Dear'
    call = ToolCallDelta(index=0, call_id="c", name="write_draft", arguments=arguments)
    one = await new_engine([[call], asyncio.Event()], owner="one", own_tools=(WRITE_DRAFT,))
    turn = await one.begin(HELLO)
    await written(one, 6)
    await silence(one, monkeypatch)
    two = await new_engine(says("Two."), owner="two")
    await two.turns.adopt_orphans()
    message = AddUserMessage(thread_id=turn.lease.thread_id, input=said("What is it?"))
    await two.chat(message)
    _, _, known, result, *_ = two.model.requests[0].messages
    assert known["tool_calls"][0]["function"]["arguments"] == '{"title":"Mail","text":"Dear"}'
    assert "was shown" in result["content"]


async def test_logs_of_ended_turns_are_swept(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    one = await new_engine(slow(hold))
    async with half_written(one) as turn:
        hold.set()
        await ended(turn)
    await written(one, len(turn.log))
    await one.turns._logs.sweep(60)
    assert await one.rows("SELECT last FROM turn_events WHERE last") == [{"last": True}]
    await one.turns._logs.sweep(0)
    assert await one.rows("SELECT turn_id FROM turn_events") == []
