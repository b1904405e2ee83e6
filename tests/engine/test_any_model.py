"""Turns with models that refuse, cut their answers, or stand in for each other."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from chatkit.models.pure.deltas import (
    AnsweredBy,
    Delta,
    Lacks,
    ModelFault,
    ModelRequest,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
)
from chatkit.protocol.params import AddUserMessage, CreateThread, RetryAfterItem
from tests.engine.conftest import Engine, NewEngine, said
from tests.fakes import ScriptedModel, ScriptedTools, says

HELLO = CreateThread(input=said("Hello"))
TOO_LONG = [ModelFault("too_long")]
CALL = [[ToolCallDelta(index=0, call_id="c1", name="look")], [StreamEnd("tool_calls")]]


def titles(events: list[dict[str, Any]]) -> list[str]:
    """The titles of the steps that stand outside of a workflow."""
    done = (event["item"] for event in events if event["type"] == "thread.item.done")
    return [item["task"]["title"] for item in done if item["type"] == "task"]


def size(engine: Engine, place: int = -1) -> int:
    return len(json.dumps(engine.model.requests[place].messages))


# --- Too long -------------------------------------------------------------------------------------


async def long_thread(engine: Engine, turns: int = 12) -> str:
    thread_id = await engine.hello()
    for number in range(turns):
        text = f"{number} " + "word " * 400
        await engine.chat(AddUserMessage(thread_id=thread_id, input=said(text)))
    return thread_id


async def test_a_thread_that_is_too_long_is_made_shorter_and_answered(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(*[says("Ok.")] * 11, TOO_LONG, TOO_LONG, says("Done."))
    thread_id = await long_thread(engine, turns=10)
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("And now?")))
    assert "error" not in [event["type"] for event in events]
    assert size(engine, -3) > size(engine, -2) > size(engine, -1)
    assert "And now?" in engine.model.requests[-1].messages[-1]["content"]
    notices = [event for event in events if event["type"] == "notice"]
    assert len(notices) == 1


async def test_the_length_that_worked_is_kept_for_that_model(new_engine: NewEngine) -> None:
    engine = await new_engine(*[says("Ok.")] * 13, TOO_LONG, says("Done."))
    thread_id = await long_thread(engine)
    for text in ("And now?", "And then?"):
        await engine.chat(AddUserMessage(thread_id=thread_id, input=said(text)))
    assert size(engine) < size(engine, -3) * 0.8
    assert len(engine.model.requests) == 16


async def test_after_three_shorter_histories_the_user_is_told(new_engine: NewEngine) -> None:
    engine = await new_engine(*[says("Ok.")] * 13, TOO_LONG)
    thread_id = await long_thread(engine)
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("And now?")))
    assert events[-1]["type"] == "error"
    assert 13 + 3 <= len(engine.model.requests) <= 13 + 4
    assert size(engine) < size(engine, 13) / 2


async def test_a_thread_of_one_short_message_is_not_asked_again(new_engine: NewEngine) -> None:
    engine = await new_engine(TOO_LONG)
    events = await engine.chat(HELLO)
    assert events[-1]["type"] == "error"
    assert len(engine.model.requests) == 1


async def test_a_long_result_of_a_tool_is_cut_where_the_turn_alone_is_too_long(
    new_engine: NewEngine,
) -> None:
    tools = ScriptedTools(look=lambda _: "x" * 30_000)
    engine = await new_engine(CALL, TOO_LONG, says("Done."), tools=tools)
    events = await engine.chat(HELLO)
    assert "error" not in [event["type"] for event in events]
    result = engine.model.requests[-1].messages[-1]
    assert result["role"] == "tool"
    assert len(result["content"]) < 20_000
    assert "left out" in result["content"]


async def test_a_model_keeps_its_length_where_the_one_in_its_place_found_it_too_long(
    new_engine: NewEngine,
) -> None:
    other = [[AnsweredBy("other")], *says("Done.")]
    engine = await new_engine(*[says("Ok.")] * 13, TOO_LONG, other, says("Fine."))
    thread_id = await long_thread(engine)
    for text in ("And now?", "And then?"):
        await engine.chat(AddUserMessage(thread_id=thread_id, input=said(text)))
    assert engine.model.requests[-1].model == "m"
    assert size(engine) > size(engine, -3)


async def test_the_length_that_worked_is_never_less_than_what_was_accepted(
    new_engine: NewEngine,
) -> None:
    """The last message is sent whole, whatever the budget."""
    engine = await new_engine(says("Ok."), says("Ok."), TOO_LONG, says("Done."))
    thread_id = await long_thread(engine, turns=1)
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("word " * 3_300)))
    assert len(engine.model.requests) == 4
    begun = await engine.chat(CreateThread(input=said("word " * 3_200)))
    message = AddUserMessage(thread_id=begun[0]["thread"]["id"], input=said("And then?"))
    await engine.chat(message)
    assert size(engine) > 16_000


async def test_a_file_that_is_too_long_for_the_model_is_left_out_by_its_name(
    new_engine: NewEngine,
) -> None:
    model = SmallModel()
    engine = await new_engine(real_model=model)
    attachment_id = await text_file(engine, "x" * 50_000)
    question = replace(said("What is this?"), attachments=(attachment_id,))
    events = await engine.chat(CreateThread(input=question))
    assert "error" not in [event["type"] for event in events]
    assert "notes.txt" in json.dumps(model.requests[-1].messages)
    message = AddUserMessage(thread_id=events[0]["thread"]["id"], input=said("And now?"))
    events = await engine.chat(message)
    assert "error" not in [event["type"] for event in events]
    assert engine.turns._runner.context.learned == {}  # the thread itself was not too long


class SmallModel(ScriptedModel):
    """Finds a request of more than 20,000 characters too long."""

    def __init__(self) -> None:
        super().__init__(says("Ok."))

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port."""
        too_long = len(json.dumps(request.messages)) > 20_000
        self._scripts = [TOO_LONG if too_long else says("Ok.")]
        async for batch in super().stream(request):
            yield batch


async def text_file(engine: Engine, text: str) -> str:
    """A file `notes.txt` of Alice's; its id."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield text.encode()

    files = engine.operations.attachments
    wire = await files.create("alice", name="notes.txt", size=len(text), mime_type="text/plain")
    await files.receive("alice", wire["id"], pieces())
    return str(wire["id"])


# --- Ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "title"), [("length", "Cut off"), ("content_filter", "Withheld")]
)
async def test_an_answer_that_was_cut_is_marked_for_good_and_can_be_continued(
    new_engine: NewEngine, reason: str, title: str
) -> None:
    script = [[TextDelta("Once upon a")], [StreamEnd(reason)]]
    engine = await new_engine(script, says(" time."))
    events = await engine.chat(HELLO)
    assert titles(events) == [title]
    assert await engine.states() == ["done"]
    thread_id = events[0]["thread"]["id"]
    assert [kind for kind, _ in await engine.stored(thread_id)] == [
        *("user_message", "assistant_message", "task", "sdk_hidden_context"),
    ]
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("continue")))
    messages = engine.model.requests[-1].messages
    assert [message["role"] for message in messages[1:]] == ["user", "assistant", "user", "user"]
    assert messages[2]["content"] == "Once upon a"


async def test_a_retry_replaces_the_answer_with_its_mark(new_engine: NewEngine) -> None:
    engine = await new_engine([[TextDelta("Once")], [StreamEnd("length")]], says("Whole."))
    events = await engine.chat(HELLO)
    thread_id, item_id = events[0]["thread"]["id"], events[1]["item"]["id"]
    await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=item_id))
    kinds = [kind for kind, _ in await engine.stored(thread_id)]
    assert kinds == ["user_message", "assistant_message"]


# --- Another model, and one that can do less ------------------------------------------------------


async def test_the_model_that_answered_is_named_and_stored(new_engine: NewEngine) -> None:
    engine = await new_engine(
        [[AnsweredBy("other")], *CALL], says("Done."), tools=ScriptedTools(look=lambda _: "x")
    )
    events = await engine.chat(HELLO)
    shown = json.dumps([event for event in events if "workflow" in json.dumps(event)])
    assert shown.count("Answered by other") >= 1
    assert [request.model for request in engine.model.requests] == ["m", "other"]
    assert await engine.rows("SELECT model FROM turns") == [{"model": "other"}]


async def test_what_the_model_cannot_do_is_said_in_the_stream(new_engine: NewEngine) -> None:
    engine = await new_engine([[Lacks("tools")], *says("Hi.")])
    events = await engine.chat(HELLO)
    (notice,) = (event for event in events if event["type"] == "notice")
    assert "cannot use tools" in notice["message"]


# --- What goes out again --------------------------------------------------------------------------


async def test_reasoning_goes_back_with_the_round_in_this_turn_and_later(
    new_engine: NewEngine,
) -> None:
    part = ReasoningPart(form="reasoning_content", value="hm")
    engine = await new_engine(
        [[part], *CALL], says("Done."), says("Fine."), tools=ScriptedTools(look=lambda _: "x")
    )
    thread_id = await engine.hello()
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("And?")))
    for request in engine.model.requests[1:]:
        (message,) = (each for each in request.messages if each.get("tool_calls"))
        assert message["reasoning"] == {"model": "m", "parts": [["reasoning_content", "hm"]]}


async def test_each_request_begins_with_the_one_before_it(new_engine: NewEngine) -> None:
    """Providers cache the beginning of a request that they have seen before."""
    tools = ScriptedTools(look=lambda _: "x", add=lambda _: "y")
    engine = await new_engine(CALL, says("Done."), CALL, says("Fine."), says("Bye."), tools=tools)
    thread_id = await engine.hello()
    for text in ("And?", "Thanks"):
        await engine.chat(AddUserMessage(thread_id=thread_id, input=said(text)))
    requests = engine.model.requests
    assert len(requests) == 5
    for before, after in pairwise(requests):
        assert after.messages[: len(before.messages)] == before.messages
        assert after.tools == before.tools
