"""The same request again: copies of one time are one turn, later ones are another request."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest

from chatkit.answer.asking import ASK_USER
from chatkit.engine import faults
from chatkit.engine.faults import Fault
from chatkit.engine.running_turn import RunningTurn
from chatkit.models.pure.deltas import ModelFault, StreamEnd, TextDelta, ToolCallDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.errors import Unprocessable
from chatkit.protocol.items import ThreadStatus
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddStructuredInput,
    AddUserMessage,
    CreateThread,
    RetryAfterItem,
    TurnParams,
)
from chatkit.protocol.structured import Answer, Submission
from store.threads import Threads
from tests.engine.conftest import ALICE, Engine, NewEngine, body_key, named_key, said
from tests.fakes import says
from tests.frames import events_in

CART: Final = ToolSpec(
    name="get_cart", description="The cart.", parameters={"type": "object"}, kind="client"
)
HELLO: Final = CreateThread(input=said("Hello"))
QUESTIONS: Final = json.dumps({"questions": [{"question": "How urgent?"}]})
COPIES: Final = 50


def calling(name: str, arguments: str = "{}", call_id: str = "c") -> Any:
    call = ToolCallDelta(index=0, call_id=call_id, name=name, arguments=arguments)
    return [[call], [StreamEnd("tool_calls")]]


async def asked(
    new_engine: NewEngine, *scripts: Any, fresh_s: float = 2
) -> tuple[Engine, str, list[str]]:
    """An engine with a thread of one answered message; the thread's id and its items'."""
    engine = await new_engine(*scripts, own_tools=(CART, ASK_USER), fresh_s=fresh_s)
    events = await engine.chat(HELLO)
    done = [event["item"]["id"] for event in events if event["type"] == "thread.item.done"]
    return engine, events[0]["thread"]["id"], done


async def answerable(new_engine: NewEngine, kind: str) -> tuple[Engine, str, TurnParams]:
    """An engine whose thread can go on by an output, by answers or by a retry; that request."""
    first = {
        "output": calling("get_cart"),
        "answers": calling("ask_user", QUESTIONS),
        "retry": says("Old."),
    }
    engine, thread_id, items = await asked(new_engine, first[kind], says("New."))
    submission = Submission(skipped=False, answers={"q1": Answer(values=("Very",))})
    params: dict[str, TurnParams] = {
        "output": AddClientToolOutput(thread_id=thread_id, result=1),
        "answers": AddStructuredInput(
            thread_id=thread_id, item_id=items[-1], submission=submission
        ),
        "retry": RetryAfterItem(thread_id=thread_id, item_id=items[0]),
    }
    return engine, thread_id, params[kind]


async def read(engine: Engine, begun: Any) -> bytes:
    with engine.turns.following(begun) as follower:
        stream = b""
        while (chunk := await follower.read()) is not None:
            stream += chunk
    return stream


async def begun_and_ended(engine: Engine, params: TurnParams, body: bytes) -> RunningTurn:
    turn = await engine.begin(params, key=body_key(body))
    await read(engine, turn)
    await ended(turn)
    return turn


async def ended(turn: RunningTurn) -> None:
    assert turn.task is not None
    async with asyncio.timeout(30):
        await asyncio.wait([turn.task])


async def test_fifty_copies_of_a_request_run_once_and_all_get_the_answer(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Once."))
    key = body_key(b"the same body")

    async def follow() -> list[str]:
        turn = await engine.operations.begin(HELLO, ALICE, key)
        assert turn is not None
        assert not isinstance(turn, Fault)
        return [
            event["item"]["content"][0]["text"]
            for event in events_in(await read(engine, turn))
            if event["type"] == "thread.item.done"
        ]

    answers = await asyncio.gather(*(follow() for _ in range(50)))
    assert answers == [["Hello", "Once."]] * 50
    assert len(engine.model.requests) == 1
    assert await engine.rows("SELECT count(*) AS n FROM threads") == [{"n": 1}]


async def test_the_same_body_later_is_a_second_message(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Yes."), fresh_s=0)
    thread_id = await engine.hello()
    message = AddUserMessage(thread_id=thread_id, input=said("yes"))
    key = body_key(b"yes")
    for _ in range(2):
        turn = await engine.begin(message, key=key)
        await ended(turn)
    assert await engine.texts(thread_id) == ["Hello", "Yes.", "yes", "Yes.", "yes", "Yes."]


async def test_the_same_body_after_a_failure_runs_again(new_engine: NewEngine) -> None:
    engine = await new_engine([ModelFault("timeout")], says("Now."))
    key = body_key(b"hello")
    await ended(await engine.begin(HELLO, key=key))
    await ended(await engine.begin(HELLO, key=key))
    assert await engine.states() == ["failed", "done"]


async def test_an_explicit_key_repeats_the_answer_long_after(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Once."), fresh_s=0)
    first = await engine.begin(HELLO, key=named_key("k"))
    await ended(first)
    again = await engine.operations.begin(HELLO, ALICE, named_key("k"))
    assert again is not None
    assert not isinstance(again, Fault)
    kinds = [event["type"] for event in events_in(await read(engine, again))]
    assert kinds == ["thread.created", "thread.item.done", "thread.item.done"]
    assert len(engine.model.requests) == 1


async def test_an_explicit_key_with_another_body_is_refused(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Once."))
    await ended(await engine.begin(HELLO, key=named_key("k")))
    with pytest.raises(Unprocessable):
        await engine.operations.begin(HELLO, ALICE, named_key("k", b"other"))


async def test_keys_of_two_users_do_not_meet(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    await ended(await engine.begin(HELLO, key=named_key("k")))
    bob = type(ALICE)(user_id="bob")
    await ended(await engine.begin(HELLO, bob, key=named_key("k", b"other")))
    assert await engine.states() == ["done", "done"]


async def test_two_calls_with_equal_outputs_are_both_answered(new_engine: NewEngine) -> None:
    engine, thread_id, _ = await asked(
        new_engine,
        calling("get_cart", call_id="c1"),
        calling("get_cart", call_id="c2"),
        says("Two apples."),
    )
    output = AddClientToolOutput(thread_id=thread_id, result={"apples": 2})
    for _ in range(2):
        await begun_and_ended(engine, output, b"equal")
    assert await engine.texts(thread_id) == ["Hello", "Two apples."]
    stored = [body for kind, body in await engine.stored(thread_id) if kind == "client_tool_call"]
    assert [body["output"] for body in stored] == [{"apples": 2}, {"apples": 2}]


async def test_an_output_that_nothing_waits_for_any_more_is_nothing_to_do(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, _ = await asked(new_engine, calling("get_cart"), says("Two."), fresh_s=0)
    output = AddClientToolOutput(thread_id=thread_id, result=2)
    await begun_and_ended(engine, output, b"late")
    assert await engine.operations.begin(output, ALICE, body_key(b"late")) is None


async def test_a_second_retry_is_answered_anew(new_engine: NewEngine) -> None:
    answers = map(says, ("One.", "Two.", "Three."))
    engine, thread_id, items = await asked(new_engine, *answers, fresh_s=0)
    retry = RetryAfterItem(thread_id=thread_id, item_id=items[0])
    for _ in range(2):
        await begun_and_ended(engine, retry, b"again")
    assert await engine.texts(thread_id) == ["Hello", "Three."]


async def test_a_second_retry_in_a_locked_thread_gets_the_sentence(new_engine: NewEngine) -> None:
    engine, thread_id, items = await asked(new_engine, says("One."), says("Two."), fresh_s=0)
    retry = RetryAfterItem(thread_id=thread_id, item_id=items[0])
    await begun_and_ended(engine, retry, b"again")
    status = ThreadStatus(type="locked", reason="Closed for the night.")
    await Threads(engine.database).set_status("alice", thread_id, status)
    refused = await engine.operations.begin(retry, ALICE, body_key(b"again"))
    assert refused == faults.shut(status)


@pytest.mark.parametrize("kind", ["output", "answers", "retry"])
async def test_copies_made_at_one_time_are_one_turn(new_engine: NewEngine, kind: str) -> None:
    engine, thread_id, params = await answerable(new_engine, kind)

    async def send() -> bytes | Fault | None:
        begun = await engine.operations.begin(params, ALICE, body_key(b"copy"))
        if begun is None or isinstance(begun, Fault):
            return begun
        return await read(engine, begun)

    streams = await asyncio.gather(*(send() for _ in range(COPIES)))
    assert {stream for stream in streams if isinstance(stream, Fault)} <= {faults.BUSY}
    assert any(isinstance(stream, bytes) and b"New." in stream for stream in streams)
    assert await engine.states() == ["done", "done"]
    assert await engine.texts(thread_id) == ["Hello", "New."]
    assert len(engine.model.requests) == 2


@pytest.mark.parametrize("kind", ["output", "answers", "retry"])
async def test_a_copy_that_comes_right_after_the_end_gets_the_same_answer(
    new_engine: NewEngine, kind: str
) -> None:
    engine, thread_id, params = await answerable(new_engine, kind)
    turn = await begun_and_ended(engine, params, b"copy")
    copy = await engine.operations.begin(params, ALICE, body_key(b"copy"))
    assert copy is not None
    assert b"New." in await read(engine, copy)
    assert len(engine.model.requests) == 2
    assert await engine.states() == ["done", "done"]
    assert await engine.texts(thread_id) == ["Hello", "New."]
    assert turn.log.closed


async def test_a_retry_after_a_failed_one_runs_again_at_once(new_engine: NewEngine) -> None:
    engine, thread_id, items = await asked(
        new_engine, says("Old."), [ModelFault("timeout")], says("New.")
    )
    retry = RetryAfterItem(thread_id=thread_id, item_id=items[0])
    for _ in range(2):
        await begun_and_ended(engine, retry, b"again")
    assert await engine.states() == ["done", "failed", "done"]
    assert await engine.texts(thread_id) == ["Hello", "New."]


async def test_a_copy_that_comes_while_the_first_runs_joins_it_to_its_end(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    new = [[TextDelta("New")], hold, [TextDelta(".")], [StreamEnd("stop")]]
    engine, thread_id, items = await asked(new_engine, says("Old."), new)
    retry = RetryAfterItem(thread_id=thread_id, item_id=items[0])
    turn = await engine.begin(retry, key=body_key(b"again"))
    copy = await engine.begin(retry, key=body_key(b"again"))
    assert copy is turn
    hold.set()
    assert b'"delta":"."' in await read(engine, copy)
