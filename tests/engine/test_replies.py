"""Calls that the page answers, and questions that the user answers: both go on with the turn."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.asking import ASK_USER
from chatkit.engine import faults
from chatkit.models.pure.deltas import StreamEnd, TextDelta, ToolCallDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.errors import NotFound
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddStructuredInput,
    AddUserMessage,
    CreateThread,
)
from chatkit.protocol.structured import Answer, Submission
from tests.engine.conftest import ALICE, Engine, Event, NewEngine, body_key, new_key, said
from tests.fakes import ScriptedTools, says
from tests.wording import SAY

CART: Final = ToolSpec(
    name="get_cart", description="The cart.", parameters={"type": "object"}, kind="client"
)
HELLO: Final = CreateThread(input=said("What is in my cart?"))
QUESTIONS: Final = json.dumps(
    {
        "questions": [
            {"question": "How urgent?", "options": ["Low", "High"]},
            {"question": "Anything else?"},
        ]
    }
)


def calling(*calls: tuple[str, str]) -> Any:
    deltas = [
        ToolCallDelta(index=place, call_id=f"call_{place}", name=name, arguments=arguments)
        for place, (name, arguments) in enumerate(calls)
    ]
    return [deltas, [StreamEnd("tool_calls")]]


def last_item(events: list[Event]) -> Any:
    return [event["item"] for event in events if event["type"] == "thread.item.done"][-1]


def roles(engine: Engine, request: int) -> list[str]:
    return [message["role"] for message in engine.model.requests[request].messages[1:]]


async def waiting(new_engine: NewEngine, *scripts: Any, **more: Any) -> tuple[Engine, str, Any]:
    """An engine with a thread that waits for the page; the thread's id and the item."""
    engine = await new_engine(*scripts, own_tools=(CART, ASK_USER), **more)
    events = await engine.chat(HELLO)
    return engine, events[0]["thread"]["id"], last_item(events)


async def test_a_call_for_the_page_ends_the_turn_and_its_output_goes_on(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, call = await waiting(
        new_engine, calling(("get_cart", '{"full": true}')), says("Two apples.")
    )
    assert {name: call[name] for name in ("type", "status", "call_id", "name", "arguments")} == {
        "type": "client_tool_call",
        "status": "pending",
        "call_id": "call_0",
        "name": "get_cart",
        "arguments": {"full": True},
    }
    output = AddClientToolOutput(thread_id=thread_id, result={"apples": 2})
    events = await engine.chat(output)
    assert events[0]["type"] == "stream_options"
    assert last_item(events)["content"][0]["text"] == "Two apples."
    assert roles(engine, 1) == ["user", "assistant", "tool"]
    told = engine.model.requests[1].messages[-1]
    assert (told["tool_call_id"], told["content"]) == ("call_0", '{"apples":2}')
    stored = [body for kind, body in await engine.stored(thread_id) if kind == "client_tool_call"]
    assert [(body["status"], body["output"]) for body in stored] == [("completed", {"apples": 2})]


async def test_null_is_an_output(new_engine: NewEngine) -> None:
    engine, thread_id, _ = await waiting(new_engine, calling(("get_cart", "")), says("Nothing."))
    await engine.chat(AddClientToolOutput(thread_id=thread_id, result=None))
    assert engine.model.requests[1].messages[-1]["content"] == "null"


async def test_tools_of_the_server_in_the_same_round_run_first_and_stay_paired(
    new_engine: NewEngine,
) -> None:
    tools = ScriptedTools(look=lambda _: "seen")
    script = calling(("get_cart", "{}"), ("look", "{}"), ("get_cart", "{}"))
    engine, thread_id, call = await waiting(new_engine, script, says("Done."), tools=tools)
    assert call["call_id"] == "call_0"
    await engine.chat(AddClientToolOutput(thread_id=thread_id, result=1))
    messages = engine.model.requests[1].messages[2:]
    assert [message["role"] for message in messages] == [
        *("assistant", "tool", "tool"),
        *("assistant", "tool"),
    ]
    assert messages[1]["content"] == "seen"
    assert "one call" in messages[2]["content"].lower()  # the second for the page was not made
    assert messages[4]["tool_call_id"] == "call_0"


async def test_the_same_output_again_is_harmless(new_engine: NewEngine) -> None:
    engine, thread_id, _ = await waiting(
        new_engine, calling(("get_cart", "{}")), says("One."), fresh_s=0
    )
    output = AddClientToolOutput(thread_id=thread_id, result=1)
    await engine.chat(output)
    assert await engine.operations.begin(output, ALICE, body_key(b"same")) is None
    assert len(engine.model.requests) == 2


async def test_an_output_that_nothing_waits_for_is_told(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    thread_id = await engine.hello()
    output = AddClientToolOutput(thread_id=thread_id, result=1)
    assert await engine.refused(output) == faults.NOT_WAITED_FOR
    missing = AddClientToolOutput(thread_id="thr_none", result=1)
    with pytest.raises(NotFound, match="thread"):
        await engine.operations.begin(missing, ALICE, new_key())


async def test_a_call_that_was_abandoned_never_reaches_the_model(new_engine: NewEngine) -> None:
    engine, thread_id, _ = await waiting(new_engine, calling(("get_cart", "{}")), says("Fine."))
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Never mind")))
    assert roles(engine, 1) == ["user", "user"]
    stored = [body for kind, body in await engine.stored(thread_id) if kind == "client_tool_call"]
    assert [body["status"] for body in stored] == ["completed"]
    late = AddClientToolOutput(thread_id=thread_id, result=1)
    assert await engine.operations.begin(late, ALICE, new_key()) is None
    assert len(engine.model.requests) == 2


async def test_arguments_that_are_no_object_go_back_to_the_model(new_engine: NewEngine) -> None:
    engine = await new_engine(calling(("get_cart", "[1")), says("Sorry."), own_tools=(CART,))
    events = await engine.chat(HELLO)
    assert last_item(events)["type"] == "assistant_message"
    assert "JSON" in engine.model.requests[1].messages[-1]["content"]


async def test_questions_become_a_form_and_the_answers_go_on(new_engine: NewEngine) -> None:
    engine, thread_id, form = await waiting(
        new_engine, calling(("ask_user", QUESTIONS)), says("Noted.")
    )
    assert (form["type"], form["status"]) == ("structured_input", "pending")
    assert [question["type"] for question in form["inputs"]] == ["multiple_choice", "freeform"]
    answers = {"q1": Answer(values=("High", "Low")), "nobody": Answer(values=("x",))}
    reply = AddStructuredInput(
        thread_id=thread_id,
        item_id=form["id"],
        submission=Submission(skipped=False, answers=answers),
    )
    events = await engine.chat(reply)
    assert [event["type"] for event in events[:2]] == ["stream_options", "thread.item.replaced"]
    replaced = events[1]["item"]
    assert (replaced["id"], replaced["status"]) == (form["id"], "answered")
    assert [question["answer"] for question in replaced["inputs"]] == [
        {"values": ["High"], "skipped": False},  # one choice is one value
        {"values": [], "skipped": True},
    ]
    assert json.loads(engine.model.requests[1].messages[-1]["content"]) == {
        "answers": [
            {"question": "How urgent?", "answers": ["High"]},
            {"question": "Anything else?", "skipped": True},
        ]
    }
    again = await engine.operations.begin(reply, ALICE, new_key())
    assert again is None


async def test_a_form_that_is_skipped_is_told_so(new_engine: NewEngine) -> None:
    engine, thread_id, form = await waiting(
        new_engine, calling(("ask_user", QUESTIONS)), says("All right.")
    )
    await engine.chat(
        AddStructuredInput(
            thread_id=thread_id, item_id=form["id"], submission=Submission(skipped=True, answers={})
        )
    )
    assert "skipped" in engine.model.requests[1].messages[-1]["content"]


async def test_a_new_message_closes_a_form_and_the_page_is_told(new_engine: NewEngine) -> None:
    engine, thread_id, form = await waiting(
        new_engine, calling(("ask_user", QUESTIONS)), says("Fine.")
    )
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Something else")))
    assert [event["type"] for event in events[:3]] == [
        "thread.item.replaced",
        "thread.item.done",
        "stream_options",
    ]
    assert (events[0]["item"]["id"], events[0]["item"]["status"]) == (form["id"], "skipped")


@pytest.mark.parametrize(
    "arguments", ["{", "[]", "{}", '{"questions": []}', '{"questions": [{"question": " "}]}']
)
async def test_questions_that_cannot_be_asked_go_back_to_the_model(
    new_engine: NewEngine, arguments: str
) -> None:
    engine = await new_engine(
        calling(("ask_user", arguments)), says("Sorry."), own_tools=(ASK_USER,)
    )
    events = await engine.chat(HELLO)
    assert last_item(events)["content"][0]["text"] == "Sorry."


async def test_answers_to_what_is_no_form_are_refused(new_engine: NewEngine) -> None:
    engine, thread_id, call = await waiting(new_engine, calling(("get_cart", "{}")))
    for item_id in (call["id"], "msg_none"):
        reply = AddStructuredInput(
            thread_id=thread_id, item_id=item_id, submission=Submission(skipped=True, answers={})
        )
        with pytest.raises(NotFound, match="item"):
            await engine.operations.begin(reply, ALICE, new_key())


async def test_the_same_output_while_it_is_answered_joins_the_answer(
    new_engine: NewEngine,
) -> None:
    hold = asyncio.Event()
    engine, thread_id, _ = await waiting(
        new_engine, calling(("get_cart", "{}")), [[TextDelta("One")], hold, [StreamEnd("stop")]]
    )
    output = AddClientToolOutput(thread_id=thread_id, result=1)
    turn = await engine.begin(output, key=body_key(b"same"))
    with engine.turns.following(turn):
        assert await engine.begin(output, key=body_key(b"same")) is turn
        hold.set()
        assert turn.task is not None
        await turn.task
    assert len(engine.model.requests) == 2


async def test_a_form_takes_no_output_of_a_tool(new_engine: NewEngine) -> None:
    engine, thread_id, form = await waiting(new_engine, calling(("ask_user", QUESTIONS)))
    output = AddClientToolOutput(thread_id=thread_id, result=1)
    assert await engine.refused(output) == faults.NOT_WAITED_FOR
    stored = [body for kind, body in await engine.stored(thread_id) if kind == "structured_input"]
    assert [body["status"] for body in stored] == ["pending"]
    (question, *_) = await engine.rows("SELECT id FROM items WHERE type = 'user_message'")
    reply = AddStructuredInput(
        thread_id=thread_id,
        item_id=question["id"],
        submission=Submission(skipped=True, answers={}),
    )
    with pytest.raises(NotFound, match="item"):
        await engine.operations.begin(reply, ALICE, new_key())
    with pytest.raises(NotFound, match="thread"):
        await engine.operations.begin(
            replace(reply, item_id=form["id"]), Caller(user_id="bob"), new_key()
        )


async def test_a_form_that_a_message_closed_is_told_to_the_model_as_skipped(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, form = await waiting(
        new_engine, calling(("ask_user", QUESTIONS)), says("Fine.")
    )
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Something else")))
    assert roles(engine, 1) == ["user", "assistant", "tool", "user"]
    assert json.loads(engine.model.requests[1].messages[3]["content"])["skipped"] is True
    late = AddStructuredInput(
        thread_id=thread_id, item_id=form["id"], submission=Submission(skipped=True, answers={})
    )
    assert await engine.operations.begin(late, ALICE, new_key()) is None


async def test_calls_for_the_page_end_as_every_loop_ends_until_the_user_says_something(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, _ = await waiting(new_engine, calling(("get_cart", "{}")), max_rounds=2)
    output = AddClientToolOutput(thread_id=thread_id, result=1)
    assert last_item(await engine.chat(output))["type"] == "client_tool_call"
    error = (await engine.chat(output))[-1]
    assert (error["type"], error["message"]) == ("error", faults.TOO_MANY_ROUNDS.event(SAY).message)
    assert len(engine.model.requests) == 3
    again = AddUserMessage(thread_id=thread_id, input=said("Once more"))
    assert last_item(await engine.chat(again))["type"] == "client_tool_call"


async def test_one_thing_at_a_time_is_waited_for(new_engine: NewEngine) -> None:
    engine, thread_id, form = await waiting(
        new_engine, calling(("ask_user", QUESTIONS), ("get_cart", "{}")), says("Done.")
    )
    assert form["type"] == "structured_input"
    kinds = [kind for kind, _ in await engine.stored(thread_id)]
    assert "client_tool_call" not in kinds
    assert kinds[-1] == "structured_input"
    await engine.chat(
        AddStructuredInput(
            thread_id=thread_id, item_id=form["id"], submission=Submission(skipped=True, answers={})
        )
    )
    messages = engine.model.requests[1].messages[2:]
    refused = [message for message in messages if message.get("tool_call_id") == "call_1"]
    assert ["one call" in message["content"].lower() for message in refused] == [True]
