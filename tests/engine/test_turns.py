"""Turns that survive: leaving, returning, stopping, the same request again, shutting down."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from chatkit.answer.leaving import GRACE_S
from chatkit.engine import faults
from chatkit.engine import turns as turns_module
from chatkit.engine.running_turn import RunningTurn
from chatkit.models.pure.deltas import StreamEnd, TextDelta, ToolCallDelta
from chatkit.protocol.errors import Unavailable, Unprocessable
from chatkit.protocol.paging import Cursor, Order
from chatkit.protocol.params import (
    AddUserMessage,
    CreateThread,
    DeleteThread,
    GetThread,
    ListItems,
    RetryAfterItem,
    UpdateThread,
)
from tests.engine.conftest import (
    ALICE,
    Engine,
    NewEngine,
    named_key,
    new_key,
    said,
    until,
)
from tests.fakes import ScriptedTools, says
from tests.frames import events_in
from tests.wording import SAY

HELLO = CreateThread(input=said("Hello"))


def slow(hold: asyncio.Event) -> list[Any]:
    """An answer that waits in its middle."""
    return [[TextDelta("Half")], hold, [TextDelta(" done.")]]


async def ended(turn: RunningTurn) -> None:
    assert turn.task is not None
    async with asyncio.timeout(30):
        await asyncio.wait([turn.task])


async def shown(engine: Engine, thread_id: str) -> list[str]:
    """The texts that `items.list` shows, oldest first."""
    params = ListItems(thread_id=thread_id, cursor=Cursor(order="asc"))
    page = json.loads(await engine.answer(params, ALICE, new_key()))
    return ["".join(part["text"] for part in item["content"]) for item in page["data"]]


async def test_leaving_with_cancel_stops_the_model_and_keeps_the_text_once(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(slow(asyncio.Event()), says("Next."))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
        assert engine.model.open_streams == 1
    await ended(turn)
    assert engine.model.open_streams == 0
    assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert await engine.states() == ["cancelled"]
    await engine.chat(AddUserMessage(thread_id=turn.lease.thread_id, input=said("Go on")))
    told = [message["content"] for message in engine.model.requests[1].messages]
    assert any("the user left" in text for text in told)


async def test_leaving_with_continue_lets_the_answer_end(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    engine = await new_engine(slow(hold), on_disconnect="continue")
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
    hold.set()
    await ended(turn)
    assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half done."]
    assert await engine.states() == ["done"]


async def test_leaving_with_auto_stops_when_the_user_does_not_return(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GRACE_S, "auto", 0.05)
    engine = await new_engine(slow(asyncio.Event()), on_disconnect="auto")
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
    assert turn.stop_reason is None
    await ended(turn)
    assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert await engine.states() == ["cancelled"]


async def test_leaving_with_auto_goes_on_when_the_user_reads_the_thread_again(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GRACE_S, "auto", 0.05)
    hold = asyncio.Event()
    engine = await new_engine(slow(hold), on_disconnect="auto")
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
    params = GetThread(thread_id=turn.lease.thread_id)
    thread = json.loads(await engine.answer(params, ALICE, new_key()))
    unfinished = thread["items"]["data"][-1]
    assert unfinished["content"][0]["text"] == "Half"
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.15, passed.set)
    await passed.wait()  # well after the time in which it would have been stopped
    hold.set()
    await ended(turn)
    assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half done."]


async def test_a_reader_of_a_running_thread_sees_the_text_so_far_in_both_orders(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    engine = await new_engine(slow(hold))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
        thread_id = turn.lease.thread_id
        assert await shown(engine, thread_id) == ["Hello", "Half"]
        newest = ListItems(thread_id=thread_id, cursor=Cursor(limit=1))
        page = json.loads(await engine.answer(newest, ALICE, new_key()))
        assert [item["type"] for item in page["data"]] == ["assistant_message", "user_message"]
        hold.set()
        await ended(turn)
    assert await shown(engine, thread_id) == ["Hello", "Half done."]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2])
async def test_pages_of_a_running_thread_can_be_followed_to_the_end(
    new_engine: NewEngine, order: Order, limit: int
) -> None:
    engine = await new_engine(says("Hi."), slow(asyncio.Event()))
    thread_id = await engine.hello()
    turn = await engine.begin(AddUserMessage(thread_id=thread_id, input=said("And now?")))
    await until(lambda: len(turn.log) == 5)
    seen: list[str] = []
    after: str | None = None
    while after is not None or not seen:
        cursor = Cursor(limit=limit, order=order, after=after)
        params = ListItems(thread_id=thread_id, cursor=cursor)
        page = json.loads(await engine.answer(params, ALICE, new_key()))
        seen += [item["content"][0]["text"] for item in page["data"]]
        after = page.get("after")
    texts = ["Hello", "Hi.", "And now?", "Half"]
    assert seen == (texts if order == "asc" else texts[::-1])


async def test_followers_see_the_same_numbered_events_from_any_point(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    engine = await new_engine(slow(hold))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn) as first:
        await until(lambda: len(turn.log) == 6)
        hold.set()
        await ended(turn)
        whole = b""
        while (chunk := await first.read()) is not None:
            whole += chunk
    events = events_in(whole)
    for after in range(len(events)):
        with engine.turns.following(turn, after=after) as late:
            rest = b""
            while (chunk := await late.read()) is not None:
                rest += chunk
        frames = rest.decode().split("\n\n")[:-1]
        turn_id = turn.lease.turn_id
        assert [frame.split("\n")[1] for frame in frames] == [
            f"id: {turn_id}.{number}" for number in range(after + 1, len(events) + 1)
        ]
        assert [json.loads(f.split("\n")[0].removeprefix("data: ")) for f in frames] == events[
            after:
        ]


async def test_cancel_stops_the_turn_and_waits_until_it_is_stored(new_engine: NewEngine) -> None:
    engine = await new_engine(slow(asyncio.Event()))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
        assert await engine.turns.stop("alice", turn.lease.thread_id, "user") is True
        assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert await engine.turns.stop("alice", turn.lease.thread_id, "user") is False


async def test_another_user_cannot_stop_a_turn(new_engine: NewEngine) -> None:
    engine = await new_engine(slow(asyncio.Event()))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        assert await engine.turns.stop("bob", turn.lease.thread_id, "user") is False
        assert turn.stop_reason is None


async def test_a_cancel_before_the_first_delta_leaves_the_message_alone(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine([asyncio.Event()])
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: engine.model.open_streams == 1)
        await engine.turns.stop("alice", turn.lease.thread_id, "user")
    assert engine.model.open_streams == 0
    assert await engine.texts(turn.lease.thread_id) == ["Hello"]


async def test_a_cancel_in_a_tool_call_cancels_it_and_records_an_unknown_outcome(
    new_engine: NewEngine,
) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def wait_for_ever(_: str) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return ""

    script = [[ToolCallDelta(index=0, call_id="c", name="wait")], [StreamEnd("tool_calls")]]
    engine = await new_engine(script, says("Ok."), tools=ScriptedTools(wait=wait_for_ever))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await began.wait()
        await engine.turns.stop("alice", turn.lease.thread_id, "user")
    assert cancelled.is_set()
    await engine.chat(AddUserMessage(thread_id=turn.lease.thread_id, input=said("And?")))
    roles = [message["role"] for message in engine.model.requests[1].messages]
    assert roles == ["system", "user", "assistant", "tool", "user", "user"]


async def test_a_turn_that_nobody_follows_gives_way_to_the_next_message(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(slow(asyncio.Event()), says("New."), on_disconnect="continue")
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
    thread_id = turn.lease.thread_id
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Other")))
    assert await engine.texts(thread_id) == ["Hello", "Half", "Other", "New."]
    assert await engine.states() == ["cancelled", "done"]


async def test_leaving_at_every_frame_keeps_exactly_the_text_that_was_seen(
    new_engine: NewEngine,
) -> None:
    pieces = ["One ", "two ", "three ", "four."]
    for seen in range(len(pieces) + 1):
        holds = [asyncio.Event() for _ in pieces]
        script: list[Any] = []
        for hold, piece in zip(holds, pieces, strict=True):
            script += [hold, [TextDelta(piece)]]
        engine = await new_engine([*script, asyncio.Event()], owner=f"p{seen}")
        turn = await engine.begin(HELLO)
        with engine.turns.following(turn):
            for place in range(seen):
                holds[place].set()
            frames = 3 + (2 + seen if seen else 0)
            await until(lambda n=frames, t=turn: len(t.log) == n)  # type: ignore[misc]
        await ended(turn)
        text = "".join(pieces[:seen])
        expected = ["Hello", text] if text else ["Hello"]
        assert await engine.texts(turn.lease.thread_id) == expected
        assert engine.model.open_streams == 0


async def test_a_change_with_an_explicit_key_is_answered_as_before(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    thread_id = await engine.hello()
    delete = DeleteThread(thread_id=thread_id)
    for _ in range(2):
        assert await engine.answer(delete, ALICE, named_key("d")) == "{}"
    rename = UpdateThread(thread_id=thread_id, title="x")
    with pytest.raises(Unprocessable):
        await engine.answer(rename, ALICE, named_key("d", b"other"))


async def test_a_request_that_was_refused_can_be_sent_again(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    engine = await new_engine(slow(hold), says("Next."))
    turn = await engine.begin(HELLO)
    message = AddUserMessage(thread_id=turn.lease.thread_id, input=said("Next"))
    key = named_key("n")
    with engine.turns.following(turn):
        assert await engine.operations.begin(message, ALICE, key) == faults.BUSY
        hold.set()
        await ended(turn)
    await ended(await engine.begin(message, key=key))
    assert await engine.texts(turn.lease.thread_id) == ["Hello", "Half done.", "Next", "Next."]


async def test_deleting_a_thread_stops_its_turn_first(new_engine: NewEngine) -> None:
    engine = await new_engine(slow(asyncio.Event()))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
        delete = DeleteThread(thread_id=turn.lease.thread_id)
        assert await engine.answer(delete, ALICE, new_key()) == "{}"
    assert engine.model.open_streams == 0
    assert await engine.rows("SELECT id FROM items") == []
    assert await engine.rows("SELECT id FROM turns") == []


async def test_a_shutdown_waits_for_answers_and_interrupts_what_is_left(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "SHUTDOWN_S", 0.2)
    hold = asyncio.Event()
    engine = await new_engine(slow(hold), slow(asyncio.Event()), on_disconnect="continue")
    first = await engine.begin(HELLO)
    await until(lambda: len(first.log) == 6)
    second = await engine.begin(CreateThread(input=said("Second")))
    await until(lambda: len(second.log) == 6)
    asyncio.get_running_loop().call_later(0.02, hold.set)
    await engine.turns.shut_down()
    assert await engine.states() == ["done", "interrupted"]
    assert await engine.texts(second.lease.thread_id) == ["Second", "Half"]
    assert (
        json.loads(second.log.lines().split("\n")[-1])["message"]
        == faults.INTERRUPTED.event(SAY).message
    )
    with pytest.raises(Unavailable):
        await engine.operations.begin(HELLO, ALICE, new_key())


async def test_a_retry_that_the_user_stops_before_any_text_brings_the_old_answer_back(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Old."), [asyncio.Event()])
    thread_id = await engine.hello()
    message_id = (await engine.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    turn = await engine.begin(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    with engine.turns.following(turn):
        await until(lambda: engine.model.open_streams == 1)
        await engine.turns.stop("alice", thread_id, "user")
    assert await engine.texts(thread_id) == ["Hello", "Old."]
