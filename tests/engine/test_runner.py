"""Turns from message to stored answer: the order of events, the tool loop, and every bad end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from chatkit.answer.history import DAY
from chatkit.engine import faults
from chatkit.engine.faults import Fault
from chatkit.models.pure.deltas import (
    FaultKind,
    ModelFault,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.protocol.content import InferenceOptions, InputText
from chatkit.protocol.errors import Sentence
from chatkit.protocol.params import AddUserMessage, CreateThread, RetryAfterItem, UserInput
from tests.engine.conftest import ALICE, NewEngine, new_key, said, until
from tests.fakes import ScriptedTools, says
from tests.wording import SAY

HELLO = CreateThread(input=said("Hello"))


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [
        event["update"]["type"].rpartition(".")[2]
        if event["type"] == "thread.item.updated"
        else event["type"]
        for event in events
    ]


def text_of(message: dict[str, Any]) -> str:
    """The text of a message without the line that tells its day."""
    return DAY.sub("", message["content"], count=1)


def calls(*names: str) -> list[Any]:
    deltas = [ToolCallDelta(index=i, call_id=f"c{i}", name=n) for i, n in enumerate(names)]
    return [deltas, [StreamEnd("tool_calls")]]


async def test_a_new_thread_sends_its_events_in_the_order_of_the_protocol(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("At ", "nine."))
    events = await engine.chat(CreateThread(input=said("When do you open?")))
    assert kinds(events) == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.item.added",
        "added",
        "text_delta",
        "text_delta",
        "done",
        "thread.item.done",
        "thread.updated",
    ]
    assert events[1]["item"]["type"] == "user_message"
    assert events[-2]["item"]["content"][0]["text"] == "At nine."
    assert events[-2]["item"]["id"] == events[3]["item"]["id"]
    assert events[-1]["thread"]["title"] == "When do you open?"
    thread_id = events[0]["thread"]["id"]
    assert await engine.texts(thread_id) == ["When do you open?", "At nine."]
    assert await engine.states() == ["done"]


async def test_a_follow_up_begins_with_the_message_and_the_model_reads_the_whole_thread(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Hi."), says("Fine."))
    thread_id = await engine.hello()
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("How are you?")))
    assert kinds(events)[:3] == ["thread.item.done", "stream_options", "thread.item.added"]
    assert kinds(events)[-1] == "thread.item.done"
    messages = engine.model.requests[1].messages
    assert messages[0]["role"] == "system"
    assert messages[0]["content"].startswith("Be brief.\n\n")
    assert [message["role"] for message in messages[1:]] == ["user", "assistant", "user"]
    assert [text_of(message) for message in messages[1:]] == ["Hello", "Hi.", "How are you?"]


async def test_calls_that_only_read_run_together_and_their_results_go_back(
    new_engine: NewEngine,
) -> None:
    both = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        await both.wait()  # passes only while the other call runs as well
        return name

    tools = ScriptedTools(
        "first", "second", first=lambda _: meet("one"), second=lambda _: meet("two")
    )
    engine = await new_engine(calls("first", "second"), says("Both done."), tools=tools)
    events = await engine.chat(HELLO)
    assert "error" not in kinds(events)
    assert [message["role"] for message in engine.model.requests[1].messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
    ]
    results = [message["content"] for message in engine.model.requests[1].messages[3:]]
    assert results == ["one", "two"]
    thread_id = events[0]["thread"]["id"]
    assert (tools.calls[0][1].user_id, tools.calls[0][1].thread_id) == ("alice", thread_id)
    assert [kind for kind, _ in await engine.stored(thread_id)] == [
        "user_message",
        "hidden_context_item",
        "workflow",
        "assistant_message",
    ]
    assert all("hidden" not in json.dumps(event) for event in events)


async def test_a_tool_is_told_in_which_turn_and_beside_which_calls(
    new_engine: NewEngine,
) -> None:
    tools = ScriptedTools(look=lambda _: "x", drop=lambda _: "y")
    engine = await new_engine(calls("drop", "look", "drop"), says("Done."), tools=tools)
    await engine.chat(HELLO)
    (row,) = await engine.rows("SELECT id, thread_id FROM turns")
    round_of_calls = tools.calls[0][1].round
    assert [name for name, _ in round_of_calls] == ["drop", "look", "drop"]
    assert [(call.name, who.turn_id, who.thread_id) for call, who in tools.calls] == [
        (name, row["id"], row["thread_id"]) for name in ("drop", "look", "drop")
    ]
    assert all(who.round is round_of_calls for _, who in tools.calls)


async def test_text_before_a_call_is_a_message_of_its_own(new_engine: NewEngine) -> None:
    script = [[TextDelta("Let me look.")], *calls("look")]
    engine = await new_engine(script, says("Found."), tools=ScriptedTools(look=lambda _: "x"))
    events = await engine.chat(HELLO)
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    texts = [item["content"][0]["text"] for item in done if "content" in item]
    assert texts == ["Hello", "Let me look.", "Found."]
    assert [item["type"] for item in done][2] == "workflow"
    assert len({item["id"] for item in done}) == 4


async def test_a_model_that_never_stops_calling_tools_is_stopped(new_engine: NewEngine) -> None:
    engine = await new_engine(calls("look"), tools=ScriptedTools(look=lambda _: "x"), max_rounds=2)
    events = await engine.chat(HELLO)
    assert len(engine.model.requests) == 3
    assert events[-1] == {
        "type": "error",
        "code": "custom",
        "message": faults.TOO_MANY_ROUNDS.event(SAY).message,
        "allow_retry": True,
    }
    assert await engine.states() == ["failed"]


@pytest.mark.parametrize("kind", list(faults.MODEL_FAULTS))
async def test_a_model_fault_is_one_error_event_and_the_message_stays(
    new_engine: NewEngine, kind: FaultKind
) -> None:
    engine = await new_engine([ModelFault(kind)])
    events = await engine.chat(HELLO)
    assert kinds(events) == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.updated",
        "error",
    ]
    assert events[-1]["message"] == faults.MODEL_FAULTS[kind].event(SAY).message
    assert await engine.texts(events[0]["thread"]["id"]) == ["Hello"]
    assert await engine.states() == ["failed"]


async def test_a_fault_in_mid_answer_keeps_the_text_and_closes_the_item(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine([[TextDelta("Half")], ModelFault("unavailable")], says("Whole."))
    events = await engine.chat(HELLO)
    assert kinds(events)[-5:] == [
        *("done", "thread.item.done", "thread.item.done", "thread.updated", "error"),
    ]
    assert events[-3]["item"]["task"]["title"] == "Broken off"
    thread_id = events[0]["thread"]["id"]
    assert await engine.texts(thread_id) == ["Hello", "Half"]
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Go on")))
    told = [message["content"] for message in engine.model.requests[1].messages]
    assert any("failed here with an error" in text for text in told)


async def test_a_fault_of_our_own_is_an_error_event_without_its_text(
    new_engine: NewEngine,
) -> None:
    def broken(_: str) -> str:
        raise RuntimeError("secret detail")

    engine = await new_engine(calls("look"), tools=ScriptedTools(look=broken))
    events = await engine.chat(HELLO)
    assert events[-1] == {"type": "error", "code": "stream.error", "allow_retry": True}
    assert "secret detail" not in json.dumps(events)
    assert await engine.states() == ["failed"]


async def test_usage_is_stored_with_the_turn(new_engine: NewEngine) -> None:
    engine = await new_engine([[TextDelta("x"), Usage(input_tokens=7, output_tokens=2)]])
    await engine.chat(HELLO)
    rows = await engine.rows("SELECT model, input_tokens, output_tokens FROM turns")
    assert rows == [{"model": "m", "input_tokens": 7, "output_tokens": 2}]


async def test_a_retry_replaces_the_answer_once_the_new_one_is_stored(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    engine = await new_engine(says("Old."), [[TextDelta("Ne")], hold, [TextDelta("w.")]])
    thread_id = await engine.hello()
    message_id = (await engine.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    turn = await engine.begin(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    with engine.turns.following(turn):
        await until(lambda: len(turn.log) == 4)
        assert await engine.texts(thread_id) == ["Hello"]
        hold.set()
        assert turn.task is not None
        await turn.task
    assert await engine.texts(thread_id) == ["Hello", "New."]
    assert [kind for kind, _ in await engine.stored(thread_id)] == [
        "user_message",
        "assistant_message",
    ]


async def test_a_retry_that_fails_brings_the_old_answer_back(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Old."), [[TextDelta("Ne")], ModelFault("timeout")])
    thread_id = await engine.hello()
    message_id = (await engine.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    events = await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    assert kinds(events)[0] == "stream_options"
    assert kinds(events)[-1] == "error"
    assert await engine.texts(thread_id) == ["Hello", "Old."]


async def test_a_retry_reads_what_the_old_answers_tools_did_and_so_do_later_turns(
    new_engine: NewEngine,
) -> None:
    tools = ScriptedTools(add=lambda _: "added milk")
    engine = await new_engine(
        calls("add"), says("Done."), says("Again."), says("More."), tools=tools
    )
    events = await engine.chat(HELLO)
    thread_id, message_id = events[0]["thread"]["id"], events[1]["item"]["id"]
    await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    told = engine.model.requests[2].messages[1:]
    assert [message["role"] for message in told] == ["user", "assistant", "tool", "user"]
    assert told[2]["content"] == "added milk"
    assert "do not repeat them" in told[3]["content"]
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("And now?")))
    later = engine.model.requests[3].messages[1:]
    assert later[:4] == told
    assert later[4]["content"] == "Again."
    assert len(tools.calls) == 1


async def test_a_retry_that_fails_leaves_the_old_answers_tools_recorded_once(
    new_engine: NewEngine,
) -> None:
    tools = ScriptedTools(add=lambda _: "added", look=lambda _: "seen")
    failing = ModelFault("timeout")
    engine = await new_engine(calls("add"), says("Done."), calls("look"), [failing], tools=tools)
    events = await engine.chat(HELLO)
    thread_id, message_id = events[0]["thread"]["id"], events[1]["item"]["id"]
    before = await engine.stored(thread_id)
    await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    assert await engine.texts(thread_id) == ["Hello", "Done."]
    new = (await engine.stored(thread_id))[len(before) :]
    assert [kind for kind, _ in new] == ["hidden_context_item", "sdk_hidden_context"]
    assert new[0][1]["content"]["calls"][0]["name"] == "look"


@pytest.mark.parametrize("has_calls", [False, True])
async def test_a_retry_that_fails_leaves_no_mark_behind_the_old_answer(
    new_engine: NewEngine, has_calls: bool
) -> None:
    old = [calls("add"), says("Old.")] if has_calls else [says("Old.")]
    tools = ScriptedTools(add=lambda _: "added")
    engine = await new_engine(*old, [[TextDelta("New")], ModelFault("timeout")], tools=tools)
    events = await engine.chat(HELLO)
    thread_id, message_id = events[0]["thread"]["id"], events[1]["item"]["id"]
    before = await engine.stored(thread_id)
    for _ in range(2):
        await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    assert await engine.stored(thread_id) == before


async def test_a_second_message_while_one_is_answered_is_refused_and_not_stored(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    engine = await new_engine(says("Hi."), [[TextDelta("Slow")], hold, [TextDelta(".")]])
    thread_id = await engine.hello()
    turn = await engine.begin(AddUserMessage(thread_id=thread_id, input=said("One")))
    with engine.turns.following(turn):
        message = AddUserMessage(thread_id=thread_id, input=said("Two"))
        assert await engine.refused(message) == faults.BUSY
        hold.set()
        assert turn.task is not None
        await turn.task
    assert await engine.texts(thread_id) == ["Hello", "Hi.", "One", "Slow."]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ('{"type": "locked"}', faults.LOCKED.event(SAY).message),
        ('{"type": "closed", "reason": "Solved."}', "Solved."),
    ],
)
async def test_a_thread_that_takes_no_input_says_why(
    new_engine: NewEngine, status: str, message: str
) -> None:
    engine = await new_engine(says("Hi."))
    thread_id = await engine.hello()
    await engine.database.execute("UPDATE threads SET status = $1", status)
    refusal = await engine.refused(AddUserMessage(thread_id=thread_id, input=said("Two")))
    assert refusal.event(SAY).message == message
    assert refusal.allow_retry is False
    assert await engine.texts(thread_id) == ["Hello", "Hi."]


async def test_a_long_thread_is_cut_to_the_budget_and_the_newest_message_is_there(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("ok " * 30), context_tokens=300)
    thread_id = await engine.hello()
    for number in range(12):
        await engine.chat(AddUserMessage(thread_id=thread_id, input=said(f"message {number}")))
    messages = engine.model.requests[-1].messages
    assert text_of(messages[-1]) == "message 11"
    assert "left out" in messages[1]["content"]
    assert messages[2]["role"] == "user"
    assert len(messages) < 15


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Buy milk", "Buy milk"),
        ("\n\n First line \n second", "First line"),
        ("word " * 30, ("word " * 12).strip() + "…"),
        ("x" * 80, "x" * 60 + "…"),
    ],
)
async def test_a_thread_is_titled_by_its_first_message(
    new_engine: NewEngine, text: str, title: str
) -> None:
    engine = await new_engine(says("Hi."))
    events = await engine.chat(CreateThread(input=said(text)))
    assert events[-1]["thread"]["title"] == title


async def test_a_title_that_the_user_gave_is_not_overwritten(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    engine = await new_engine([[TextDelta("Hi")], hold, [TextDelta(".")]])
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await engine.database.execute("UPDATE threads SET title = 'Mine'")
        hold.set()
        assert turn.task is not None
        await turn.task
    assert (await engine.rows("SELECT title FROM threads")) == [{"title": "Mine"}]


async def test_a_model_that_is_not_offered_is_refused(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    given = UserInput(
        content=(InputText(text="Hi"),), inference_options=InferenceOptions(model="other")
    )
    refused = await engine.operations.begin(CreateThread(input=given), ALICE, new_key())
    assert isinstance(refused, Fault)
    assert refused.sentence == Sentence("choice.model_gone")
    assert await engine.rows("SELECT id FROM threads") == []


async def test_a_model_is_told_the_language_of_the_user(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hallo."))
    await engine.chat(CreateThread(input=said("Hello")), replace(ALICE, language="de"))
    assert [request.language for request in engine.model.requests] == ["de"]
