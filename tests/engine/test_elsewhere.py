"""Two processes on one database: following, refusing and stopping turns of the other."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import Any

import pytest

from chatkit.answer.leaving import GRACE_S, State
from chatkit.engine import elsewhere, faults
from chatkit.engine import turns as turns_module
from chatkit.engine.elsewhere import TurnElsewhere
from chatkit.engine.running_turn import RunningTurn
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.params import AddUserMessage, GetThread, RetryAfterItem
from tests.engine.conftest import (
    ALICE,
    Engine,
    NewEngine,
    body_key,
    new_key,
    said,
    until,
)
from tests.engine.two_processes import HELLO, ended, half_written, pair, slow, written
from tests.fakes import says
from tests.frames import events_in


async def found_by(engine: Engine, turn: RunningTurn) -> TurnElsewhere:
    """The turn as another process sees it."""
    found = await engine.turns.find_anywhere(ALICE, turn.lease.thread_id)
    assert isinstance(found, TurnElsewhere)
    return found


async def read_all(engine: Engine, turn: Any, **options: Any) -> bytes:
    with engine.turns.following(turn, **options) as follower:
        stream = b""
        async with asyncio.timeout(30):
            while (chunk := await follower.read()) is not None:
                stream += chunk
    return stream


async def test_a_second_process_follows_every_event_from_any_point(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold))
    async with half_written(one) as turn:
        found = await found_by(two, turn)
        readers = [asyncio.create_task(read_all(two, found, after=after)) for after in (0, 2, 6)]
        hold.set()
        streams = await asyncio.gather(*readers)
        await ended(turn)
    assert streams == [b"".join(turn.log.read(after)) for after in (0, 2, 6)]


async def test_a_second_process_shows_the_text_so_far_and_keeps_the_turn_alive(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GRACE_S, "auto", 0.6)
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold), on_disconnect="auto")
    async with half_written(one) as turn:
        pass  # and left
    get = GetThread(thread_id=turn.lease.thread_id)
    thread = json.loads(await two.answer(get, ALICE, new_key()))
    assert thread["items"]["data"][-1]["content"][0]["text"] == "Half"
    async with asyncio.timeout(30):
        while turn.leaving.state is not State.UNFOLLOWED:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    assert turn.stop_reason is None
    hold.set()
    await ended(turn)
    assert await one.states() == ["done"]


async def test_a_second_process_refuses_a_second_turn_while_the_first_is_followed(
    new_engine: NewEngine,
) -> None:
    one, two = await pair(new_engine, slow(asyncio.Event()))
    turn = await one.begin(HELLO)
    with one.turns.following(turn):
        message = AddUserMessage(thread_id=turn.lease.thread_id, input=said("Two"))
        assert await two.refused(message) == faults.BUSY


async def test_an_unfollowed_turn_of_another_process_gives_way(new_engine: NewEngine) -> None:
    one, two = await pair(new_engine, slow(asyncio.Event()), on_disconnect="continue")
    async with half_written(one) as turn:
        pass  # and left
    await left_by_owner(one)
    await two.chat(AddUserMessage(thread_id=turn.lease.thread_id, input=said("Other")))
    texts = await one.texts(turn.lease.thread_id)
    assert texts == ["Hello", "Half", "Other", "From two."]
    assert one.model.open_streams == 0


async def left_by_owner(engine: Engine) -> None:
    """Until the database knows that the owner has no follower."""
    async with asyncio.timeout(30):
        while (await engine.rows("SELECT followed FROM turns"))[0]["followed"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def test_the_number_of_an_event_of_an_earlier_turn_follows_from_the_beginning(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser's EventSource names the last event that it has, of whichever turn that was."""
    monkeypatch.setattr(turns_module, "LAG_S", 0.05)
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold))
    turn = await one.begin(HELLO)
    with one.turns.following(turn):
        found = await found_by(two, turn)
        reader = asyncio.create_task(read_all(two, found, after=57))
        await written(one, 6)
        hold.set()
        assert await reader == b"".join(turn.log.read(0))


async def test_an_event_that_another_process_has_not_seen_yet_is_waited_for(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who has followed the owner goes on elsewhere, where the log is a moment behind."""
    monkeypatch.setattr(turns_module, "LAG_S", 30)
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold))
    turn = await one.begin(HELLO)
    with one.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
        found = await found_by(two, turn)
        reader = asyncio.create_task(read_all(two, found, after=6))
        await written(one, 6)
        hold.set()
        assert await reader == b"".join(turn.log.read(6))


async def test_many_followers_in_one_process_look_once_for_all(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold))
    async with half_written(one) as turn:
        found = await found_by(two, turn)
        readers = [asyncio.create_task(read_all(two, found)) for _ in range(20)]
        await until(lambda: len(two.turns._mirrors) == 1)
        assert len(two.turns._copying) == 1
        hold.set()
        streams = set(await asyncio.gather(*readers))
    assert streams == {b"".join(turn.log.read(0))}
    await until(lambda: not two.turns._mirrors and not two.turns._copying)


@pytest.mark.parametrize("policy", ["cancel", "auto"])
async def test_a_turn_is_not_left_while_it_is_followed_elsewhere_and_is_when_that_ends(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    monkeypatch.setitem(GRACE_S, "auto", 0.05)
    one, two = await pair(new_engine, slow(asyncio.Event()), on_disconnect=policy)
    turn = await one.begin(HELLO)
    with ExitStack() as here:
        here.enter_context(one.turns.following(turn))
        await written(one, 6)
        found = await found_by(two, turn)
        with ExitStack() as there:
            follower = there.enter_context(two.turns.following(found))
            await follower.read()
            await until(lambda: turn.leaving.followed_elsewhere)
            here.close()
            await left_by_owner(one)
            passed = asyncio.Event()
            asyncio.get_running_loop().call_later(0.6, passed.set)
            await passed.wait()  # several exchanges later
            assert turn.stop_reason is None
    assert turn.task is not None
    await asyncio.wait_for(turn.task, 30)
    assert await one.states() == ["cancelled"]


async def test_a_turn_gives_way_as_soon_as_its_last_follower_elsewhere_has_left(
    new_engine: NewEngine,
) -> None:
    one, two = await pair(new_engine, slow(asyncio.Event()), on_disconnect="continue")
    async with half_written(one) as turn:
        found = await found_by(two, turn)
        with two.turns.following(found) as follower:
            await follower.read()
            await until(lambda: turn.leaving.followed_elsewhere)
    await left_by_owner(one)
    await until(lambda: not two.turns._copying)
    began = asyncio.get_running_loop().time()
    await two.chat(AddUserMessage(thread_id=turn.lease.thread_id, input=said("Other")))
    assert asyncio.get_running_loop().time() - began < elsewhere.FOLLOW_FOR_S
    assert (await one.texts(turn.lease.thread_id))[-1] == "From two."


async def test_a_return_that_the_owner_learns_of_late_still_counts(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GRACE_S, "auto", 1.0)
    hold, asking, late = asyncio.Event(), asyncio.Event(), asyncio.Event()
    one, two = await pair(new_engine, slow(hold), on_disconnect="auto")
    fetch = one.database.fetch

    async def answer_polls_late(query: str, *arguments: Any) -> Any:
        if "AS followed_elsewhere" in query:
            asking.set()
            await late.wait()
        return await fetch(query, *arguments)

    async with half_written(one) as turn:
        monkeypatch.setattr(one.database, "fetch", answer_polls_late)
        await asking.wait()
    get = GetThread(thread_id=turn.lease.thread_id)
    await two.answer(get, ALICE, new_key())
    # The grace period is over, and the owner has not asked yet.
    await until(lambda: turn.leaving.state is State.EXPIRED)
    late.set()
    await until(lambda: turn.leaving.state is State.UNFOLLOWED)
    assert turn.stop_reason is None
    hold.set()
    await ended(turn)
    assert await one.states() == ["done"]


async def test_a_log_goes_on_after_an_answer_of_the_database_was_lost(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = asyncio.Event()
    one, _ = await pair(new_engine, slow(hold))
    append = one.turns._logs.append
    lost = asyncio.Event()

    async def append_and_lose_the_answer(self: object, batches: Any) -> Any:
        ends = await append(batches)
        if not lost.is_set():
            lost.set()
            raise Unavailable("the connection was lost")
        return ends

    monkeypatch.setattr(type(one.turns._logs), "append", append_and_lose_the_answer)
    turn = await one.begin(HELLO)
    with one.turns.following(turn):
        await lost.wait()
        hold.set()
        await ended(turn)
    await until(lambda: turn.complete)
    part = await one.turns._logs.read("alice", turn.lease.turn_id, 0)
    assert part.lines == turn.log.lines().split("\n")
    assert part.last


async def test_an_item_that_is_gone_when_the_end_of_its_log_is_missing_is_taken_back(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner dies between storing the end and telling it, and a retry withdraws the answer."""
    one, two = await pair(new_engine, slow(asyncio.Event()))
    append, logs = type(one.turns._logs).append, one.turns._logs
    turn = await one.begin(HELLO)
    thread_id = turn.lease.thread_id
    await written(one, 6)
    found = await found_by(two, turn)
    reader = asyncio.create_task(read_all(two, found))

    async def append_no_more(self: Any, batches: Any) -> Any:
        if self is logs:
            raise Unavailable("the process has died")
        return await append(self, batches)

    monkeypatch.setattr(type(logs), "append", append_no_more)
    assert await one.turns.stop("alice", thread_id, "user") is True
    message_id = (await two.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    await two.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    events = events_in(await reader)
    added = [event["item"]["id"] for event in events if event["type"] == "thread.item.added"]
    assert added
    assert events[-1] == {"type": "thread.item.removed", "item_id": added[-1]}


async def test_a_second_process_stops_a_turn(new_engine: NewEngine) -> None:
    one, two = await pair(new_engine, slow(asyncio.Event()))
    turn = await one.begin(HELLO)
    with one.turns.following(turn):
        await until(lambda: len(turn.log) == 6)
        assert await two.turns.stop("alice", turn.lease.thread_id, "user") is True
        assert await two.texts(turn.lease.thread_id) == ["Hello", "Half"]
    assert turn.stop_reason == "user"
    assert await one.states() == ["cancelled"]


async def test_the_same_body_in_two_processes_runs_once(new_engine: NewEngine) -> None:
    one, two = await pair(new_engine, says("Once."))
    key = body_key(b"same")
    first, second = await asyncio.gather(
        one.operations.begin(HELLO, ALICE, key), two.operations.begin(HELLO, ALICE, key)
    )
    for engine, turn in ((one, first), (two, second)):
        events = events_in(await read_all(engine, turn))
        assert events[0]["type"] == "thread.created"
        done = [event["item"] for event in events if event["type"] == "thread.item.done"]
        assert len(done) == 2
    assert len(one.model.requests) + len(two.model.requests) == 1
