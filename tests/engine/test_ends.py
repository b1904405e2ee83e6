"""Every turn comes to an end that is stored and told, whatever happens at the worst moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from chatkit.answer.leases import Ending, NewTurn
from chatkit.engine import faults, runner
from chatkit.engine import turns as turns_module
from chatkit.engine.running_turn import RunningTurn
from chatkit.models.pure.deltas import StreamEnd, TextDelta, ToolCallDelta
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.params import AddUserMessage, CreateThread, DeleteThread, RetryAfterItem
from store.turns import StoredTurns
from tests.engine.conftest import ALICE, Engine, NewEngine, new_key, said, until
from tests.fakes import ScriptedTools, says
from tests.frames import events_in
from tests.wording import SAY

HELLO = CreateThread(input=said("Hello"))


@asynccontextmanager
async def locked(dsn: str, statement: str, *arguments: Any) -> AsyncIterator[None]:
    """Another session holds what `statement` locks."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(statement, *arguments)
            yield
    finally:
        await connection.close()


async def waits_for_lock(engine: Engine, marker: str) -> int:
    """Until a statement of a server that contains `marker` waits for a lock; its backend."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND position($1 IN query) > 0"
    )
    async with asyncio.timeout(30):
        while not (rows := await engine.rows(query, marker)):  # noqa: ASYNC110 - a database
            await asyncio.sleep(0.01)
    return int(rows[0]["pid"])


async def ended(turn: RunningTurn) -> list[dict[str, Any]]:
    """The events of a turn that must end now."""
    assert turn.task is not None
    async with asyncio.timeout(30):
        await asyncio.wait([turn.task])
    assert turn.log.closed
    return events_in(b"".join(turn.log.read(0)))


async def complete_log(engine: Engine, turn: RunningTurn) -> list[str]:
    """The lines of a log in the database, once it holds its end."""
    async with asyncio.timeout(30):
        while True:
            part = await engine.turns._logs.read("alice", turn.lease.turn_id, 0)
            if part.last:
                return list(part.lines)
            await asyncio.sleep(0.01)


async def test_a_log_whose_turn_ends_during_a_write_is_completed(
    new_engine: NewEngine, database_url: str
) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    engine = await new_engine(
        [[TextDelta("One ")], first, [TextDelta("two ")], second, [TextDelta("three.")]]
    )
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        async with locked(database_url, "LOCK TABLE turn_events IN SHARE MODE"):
            await waits_for_lock(engine, "turn_events")
            first.set()
            second.set()
            await ended(turn)
        assert await complete_log(engine, turn) == turn.log.lines().split("\n")


async def test_statements_that_the_database_cancels_do_not_end_the_writing_of_logs(
    new_engine: NewEngine, database_url: str
) -> None:
    hold = asyncio.Event()
    engine = await new_engine([[TextDelta("Half")], hold, [TextDelta(" done.")]])
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        async with locked(database_url, "LOCK TABLE turn_events IN SHARE MODE"):
            backend = await waits_for_lock(engine, "turn_events")
            await engine.rows("SELECT pg_cancel_backend($1)", backend)
        await until(lambda: turn.written > 0)
        hold.set()
        await ended(turn)
        assert await complete_log(engine, turn) == turn.log.lines().split("\n")
    assert await engine.states() == ["done"]


async def test_a_statement_that_the_database_cancels_is_tried_again(
    new_engine: NewEngine, database_url: str
) -> None:
    """As a `statement_timeout` or a deadlock does."""
    engine = await new_engine(says("Hi."))
    async with locked(database_url, "LOCK TABLE turns IN SHARE MODE"):
        beginning = asyncio.create_task(engine.begin(HELLO))
        await waits_for_lock(engine, "turns")
    turn = await beginning
    await ended(turn)
    hold = asyncio.Event()
    engine = await new_engine([[TextDelta("Hi")], hold, [TextDelta(".")]])
    turn = await engine.begin(HELLO)
    async with locked(database_url, "LOCK TABLE turns IN SHARE MODE"):
        hold.set()
        backend = await waits_for_lock(engine, "finished_at")
        await engine.rows("SELECT pg_cancel_backend($1)", backend)
        await waits_for_lock(engine, "finished_at")
    assert "error" not in [event["type"] for event in await ended(turn)]
    assert await engine.states() == ["done", "done"]


async def test_a_stop_before_the_task_has_begun_ends_the_turn(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    turn = await engine.begin(HELLO)
    turn.stop("user")  # no await in between: the task has not run yet
    await ended(turn)
    assert await engine.states() == ["cancelled"]
    assert engine.model.requests == []


async def test_a_stop_while_an_item_is_stored_still_tells_that_it_is_done(
    new_engine: NewEngine, database_url: str
) -> None:
    locked_now = asyncio.Event()
    script = [
        [TextDelta("Wait. ")],
        locked_now,
        [ToolCallDelta(index=0, call_id="c", name="now")],
        [StreamEnd("tool_calls")],
    ]
    engine = await new_engine(script, says("Ok."), tools=ScriptedTools(now=lambda _: "now"))
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        async with locked(database_url, "LOCK TABLE items IN SHARE MODE"):
            locked_now.set()
            await waits_for_lock(engine, "INSERT INTO items")
            turn.stop("user")
            # The first statement is given up, and the last waits in its place.
            await waits_for_lock(engine, "finished_at")
        events = await ended(turn)
    done = [event["item"]["id"] for event in events if event["type"] == "thread.item.done"]
    stored = await engine.rows("SELECT id FROM items WHERE NOT hidden ORDER BY seq")
    assert done == [row["id"] for row in stored]
    assert len(done) == 4  # the message, the text, the workflow of the call, and the mark
    assert await engine.states() == ["cancelled"]


async def test_an_answer_whose_title_cannot_be_stored_is_not_an_error(
    new_engine: NewEngine, database_url: str
) -> None:
    hold = asyncio.Event()
    engine = await new_engine([[TextDelta("Hi")], hold, [TextDelta(".")]])
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        query = "SELECT id FROM threads WHERE id = $1 FOR NO KEY UPDATE"
        async with locked(database_url, query, turn.lease.thread_id):
            hold.set()
            backend = await waits_for_lock(engine, "UPDATE threads")
            await engine.rows("SELECT pg_terminate_backend($1)", backend)
            events = await ended(turn)
    assert events[-1]["type"] == "thread.item.done"
    assert await engine.states() == ["done"]


async def test_an_end_that_was_stored_though_its_answer_was_lost_is_the_end(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Hi."))
    await engine.hello()
    turn = (await engine.rows("SELECT user_id, thread_id, id FROM turns"))[0]
    store = StoredTurns(engine.database, owner="one", lease_s=60)
    begun = await store.begin_message(
        "alice", turn["thread_id"], new_turn("trn_x"), message("And?"), datetime.now(UTC)
    )
    ending = Ending(state="done", items=())
    await store.finish(begun.lease, ending)  # type: ignore[union-attr]
    await store.finish(begun.lease, ending)  # type: ignore[union-attr]
    assert await engine.states() == ["done", "done"]


def new_turn(turn_id: str) -> NewTurn:
    return NewTurn(
        turn_id=turn_id, item_id=f"msg_of_{turn_id}", model="m", language="en", key=new_key()
    )


def message(text: str) -> UserMessage:
    return UserMessage(content=said(text).content)


async def test_a_turn_that_was_begun_without_our_knowing_is_ended(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning was stored but the answer of the database was lost on the way."""
    monkeypatch.setattr(turns_module, "HEARTBEAT_S", 0.05)
    engine = await new_engine([asyncio.Event()], lease_s=0.3)
    known = await engine.begin(HELLO)  # the heart of a process with running turns
    store = StoredTurns(engine.database, owner="one", lease_s=0.3)
    await store.begin_thread(
        "alice", "thr_x", new_turn("trn_x"), message("Lost?"), datetime.now(UTC)
    )
    query = "SELECT state FROM turns WHERE id = $1"
    async with asyncio.timeout(30):
        while (await engine.rows(query, "trn_x"))[0]["state"] == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await engine.rows(query, "trn_x"))[0]["state"] == "interrupted"
    assert (await engine.rows(query, known.lease.turn_id))[0]["state"] == "running"
    assert known.stop_reason is None


async def test_more_orphans_than_one_statement_takes_are_all_ended(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    await engine.hello()
    await engine.database.execute(
        "WITH t AS (INSERT INTO threads (user_id, id) SELECT 'alice', 'thr_o' || n"
        " FROM generate_series(1, 250) AS n RETURNING id)"
        " INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)"
        " SELECT 'alice', 'trn_' || id, id, 'msg', false, 'dead', now() - interval '1 s', 'm'"
        " FROM t"
    )
    await engine.turns.adopt_orphans()
    assert set(await engine.states()) == {"done", "interrupted"}


async def test_a_retry_at_the_moment_of_the_answers_end_withdraws_that_answer(
    new_engine: NewEngine, database_url: str
) -> None:
    engine = await new_engine(says("New."))
    store = StoredTurns(engine.database, owner="one", lease_s=60)
    now = datetime.now(UTC)
    begun = await store.begin_thread("alice", "thr_x", new_turn("trn_x"), message("Hi"), now)
    ends_late = (
        "WITH done AS (UPDATE turns SET state = 'done', finished_at = now() RETURNING id)"
        " INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)"
        " SELECT 'alice', 'thr_x', 'msg_old', id, 'assistant_message',"
        """ '{"content":[{"type":"output_text","text":"Old.","annotations":[]}]}', false, now()"""
        " FROM done"
    )
    async with locked(database_url, ends_late):
        retry = RetryAfterItem(thread_id="thr_x", item_id="msg_of_trn_x")
        beginning = asyncio.create_task(engine.begin(retry))
        await waits_for_lock(engine, "INSERT INTO turns")
    await ended(await beginning)
    assert begun is not None
    assert await engine.texts("thr_x") == ["Hi", "New."]


async def test_deleting_a_thread_while_its_log_is_written_hurts_no_other_turn(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    slow = [[TextDelta("Half")], hold, [TextDelta(" done.")]]
    # Where other processes may read, every log is written, however short its turn.
    engine = await new_engine(slow, alone=False)
    kept = await engine.begin(HELLO)
    with engine.turns.following(kept):
        for _ in range(20):
            turn = await engine.begin(CreateThread(input=said("Gone soon")))
            with engine.turns.following(turn):
                delete = DeleteThread(thread_id=turn.lease.thread_id)
                await engine.answer(delete, ALICE, new_key())
        hold.set()
        await ended(kept)
        lines = await complete_log(engine, kept)
    assert [json.loads(line) for line in lines] == events_in(b"".join(kept.log.read(0)))


async def test_a_message_to_a_thread_whose_turn_just_ended_is_not_refused(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Hi."))
    thread_id = await engine.hello()
    for number in range(20):
        turn = await engine.begin(AddUserMessage(thread_id=thread_id, input=said(f"{number}")))
        await ended(turn)


async def test_a_shutdown_waits_only_so_long_for_a_database_that_is_away(
    new_engine: NewEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "INTERRUPT_S", 0.1)
    engine = await new_engine([[TextDelta("Half")], asyncio.Event()])
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: turn.written > 0)
        async with locked(database_url, "LOCK TABLE turns IN ACCESS EXCLUSIVE MODE"):
            async with asyncio.timeout(5):
                await engine.turns.interrupt_all()
            assert turn.log.closed
    after = await new_engine(owner="two")
    await after.turns.adopt_orphans()
    assert await after.states() == ["interrupted"]
    assert await after.texts(turn.lease.thread_id) == ["Hello", "Half"]


async def test_an_answer_that_trickles_for_ever_is_ended(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MAX_TURN_S", 0.1)
    engine = await new_engine([[TextDelta("Half")], asyncio.Event()], on_disconnect="continue")
    events = await engine.chat(HELLO)
    assert events[-1] == {
        "type": "error",
        "code": "custom",
        "message": faults.MODEL_FAULTS["timeout"].event(SAY).message,
        "allow_retry": True,
    }
    assert engine.model.open_streams == 0
    assert await engine.texts(events[0]["thread"]["id"]) == ["Hello", "Half"]


async def test_a_call_that_fails_for_the_database_takes_the_others_with_it(
    new_engine: NewEngine,
) -> None:
    gone = asyncio.Event()

    async def hang(_: str) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return ""

    async def fail(_: str) -> str:
        raise Unavailable("the database is away")

    both = [
        ToolCallDelta(index=0, call_id="a", name="hang", arguments="{}"),
        ToolCallDelta(index=1, call_id="b", name="fail", arguments="{}"),
    ]
    tools = ScriptedTools("hang", "fail", hang=hang, fail=fail)
    engine = await new_engine([both, [StreamEnd("tool_calls")]], tools=tools)
    events = await engine.chat(HELLO)
    assert gone.is_set()
    assert events[-1]["message"] == faults.DATABASE_AWAY.event(SAY).message


async def test_one_orphan_that_cannot_be_ended_does_not_keep_the_others(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await new_engine([[TextDelta("Half")], asyncio.Event()], owner="one", alone=False)
    first = await one.begin(HELLO)
    second = await one.begin(HELLO)
    for turn in (first, second):
        await until(lambda turn=turn: turn.written > 0)  # type: ignore[misc]
    two = await new_engine(owner="two")  # it takes itself for the only process
    await one.rows(
        "UPDATE turn_events SET frames = '{rubbish}' WHERE turn_id = $1", first.lease.turn_id
    )
    await two.turns.adopt_orphans()
    assert sorted(await two.states()) == ["interrupted", "running"]
