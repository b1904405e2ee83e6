"""What users do with cards: done at once, kept in the thread, told to the model."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any, Final

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.drafting import SAVE, WRITE_DRAFT
from chatkit.models.pure.deltas import ModelFault, StreamEnd, TextDelta, ToolCallDelta
from chatkit.protocol.actions import Action
from chatkit.protocol.calls import CardOffer, ToolResult
from chatkit.protocol.errors import BadRequest, Conflict, NotFound, Unprocessable
from chatkit.protocol.items import ThreadStatus
from chatkit.protocol.params import AddUserMessage, CreateThread, CustomAction, RetryAfterItem
from chatkit.todo.tasks import parse_draft
from store.tasks import Tasks
from store.threads import Threads
from tests.engine.conftest import ALICE, Engine, Event, NewEngine, named_key, new_key, said
from tests.fakes import ScriptedTools, says
from tests.wording import SAY
from tools.listed import Listed
from tools.signals import LIST_CARD
from tools.task_cards import list_card

HELLO: Final = CreateThread(input=said("Show me my tasks"))
LIST: Final = [[ToolCallDelta(index=0, call_id="c", name="list")], [StreamEnd("tool_calls")]]


async def shown(new_engine: NewEngine, *answers: Any) -> tuple[Engine, str, str, str]:
    """A thread with a card of one task; the ids of thread, card and task."""
    task_ids: list[str] = []

    def list_tasks(_: str) -> ToolResult:
        offer = CardOffer(name=LIST_CARD, data={"task_ids": task_ids, "more": 0})
        return ToolResult(call_id="", output="one task", cards=(offer,))

    engine = await new_engine(LIST, says("Here."), *answers, tools=ScriptedTools(list=list_tasks))
    task = await Tasks(engine.database).add("alice", parse_draft({"title": "Buy milk"}))
    task_ids.append(task.id)
    events = await engine.chat(HELLO)
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert [item["type"] for item in done] == [
        "user_message",
        "workflow",
        "widget",
        "assistant_message",
    ]
    return engine, events[0]["thread"]["id"], done[2]["id"], task.id


def tick(thread_id: str, item_id: str | None, task_id: str, *, streams: bool) -> CustomAction:
    action = Action(type="task.complete", payload={"task_id": task_id, "completed": True})
    return CustomAction(thread_id=thread_id, item_id=item_id, action=action, streams=streams)


async def test_an_action_changes_the_task_the_card_and_what_the_model_knows(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine, says("You ticked it."))
    answer = await engine.answer(tick(thread_id, item_id, task_id, streams=False), ALICE, new_key())
    updated = json.loads(answer)["updated_item"]
    assert (updated["id"], updated["type"]) == (item_id, "widget")
    assert (await Tasks(engine.database).get("alice", task_id)).completed
    (stored,) = [body for kind, body in await engine.stored(thread_id) if kind == "widget"]
    assert stored["widget"] == updated["widget"]
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("What did I do?")))
    told = [message["content"] for message in engine.model.requests[-1].messages]
    assert any("marked the task" in str(text) and "Buy milk" in str(text) for text in told)


async def test_an_action_that_streams_replaces_the_card_and_tells_the_page(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    lines = await engine.operations.act(
        tick(thread_id, item_id, task_id, streams=True), ALICE, new_key()
    )
    events = [json.loads(line) for line in lines]
    assert [event["type"] for event in events] == [
        "stream_options",
        "thread.item.replaced",
        "client_effect",
    ]
    assert events[0]["stream_options"] == {"allow_cancel": False}
    assert events[1]["item"]["id"] == item_id


async def test_an_action_with_a_key_is_done_once(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    action = tick(thread_id, item_id, task_id, streams=True)
    first = await engine.operations.act(action, ALICE, named_key("click"))
    assert await engine.operations.act(action, ALICE, named_key("click")) == first
    notes = [kind for kind, _ in await engine.stored(thread_id) if kind == "hidden_context_item"]
    assert len(notes) == 2  # the tool round, and one click


@pytest.mark.parametrize("reason", [None, "Closed for the night."])
async def test_a_locked_thread_takes_no_action(new_engine: NewEngine, reason: str | None) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    status = ThreadStatus(type="locked", reason=reason)
    await Threads(engine.database).set_status("alice", thread_id, status)
    sentence = reason or "This conversation is locked."
    with pytest.raises(Conflict) as refused:
        await engine.answer(tick(thread_id, item_id, task_id, streams=False), ALICE, new_key())
    assert refused.value.in_words(SAY) == sentence
    (line,) = await engine.operations.act(
        tick(thread_id, item_id, task_id, streams=True), ALICE, new_key()
    )
    assert (json.loads(line)["type"], json.loads(line)["message"]) == ("error", sentence)
    assert not (await Tasks(engine.database).get("alice", task_id)).completed


async def test_an_action_must_come_from_a_widget_of_the_thread(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    rows = await engine.rows("SELECT id FROM items WHERE type = 'user_message'")
    with pytest.raises(BadRequest, match="widget"):
        await engine.answer(
            tick(thread_id, rows[0]["id"], task_id, streams=False), ALICE, new_key()
        )
    with pytest.raises(NotFound, match="item"):
        await engine.answer(tick(thread_id, "msg_none", task_id, streams=False), ALICE, new_key())
    with pytest.raises(NotFound, match="thread"):
        await engine.answer(tick("thr_none", item_id, task_id, streams=False), ALICE, new_key())


async def test_a_retry_still_tells_the_model_what_the_user_did(new_engine: NewEngine) -> None:
    failing = [ModelFault("timeout")]
    engine, thread_id, item_id, task_id = await shown(
        new_engine, says("Again."), failing, says("More.")
    )
    await engine.answer(tick(thread_id, item_id, task_id, streams=False), ALICE, new_key())
    message_id = (await engine.rows("SELECT id FROM items ORDER BY seq"))[0]["id"]
    retry = RetryAfterItem(thread_id=thread_id, item_id=message_id)
    await engine.chat(retry)
    assert (await engine.chat(retry))[-1]["type"] == "error"
    await engine.chat(retry)
    for request in engine.model.requests[2:]:
        told = [str(message["content"]) for message in request.messages]
        assert sum("marked the task" in text for text in told) == 1
        assert sum("another answer" in text for text in told) == 1
    assert await engine.texts(thread_id) == ["Show me my tasks", "More."]


async def test_an_unknown_action_is_refused_with_a_sentence(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, _ = await shown(new_engine)
    action = CustomAction(
        thread_id=thread_id, item_id=item_id, action=Action(type="rm -rf"), streams=True
    )
    (line,) = await engine.operations.act(action, ALICE, new_key())
    error = json.loads(line)
    assert (error["type"], error["code"], error["allow_retry"]) == ("error", "custom", False)


async def test_an_action_on_a_task_that_is_gone_says_so_on_the_card(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    await Tasks(engine.database).delete("alice", task_id)
    answer = await engine.answer(tick(thread_id, item_id, task_id, streams=False), ALICE, new_key())
    assert "no longer exists" in json.dumps(json.loads(answer)["updated_item"])


async def drafted(new_engine: NewEngine) -> tuple[Engine, list[Event]]:
    """An engine that has written a draft, and the events of that."""
    pieces = ['{"title": "To the land', 'lord", "text": "Dear ', "Ms Smith,\\nthe tap", ' drips."}']
    script = [
        [TextDelta("Sure. "), ToolCallDelta(index=0, call_id="c", name="write_draft")],
        *([ToolCallDelta(index=0, arguments=piece)] for piece in pieces),
        [StreamEnd("tool_calls")],
    ]
    engine = await new_engine(script, [[StreamEnd("stop")]], own_tools=(WRITE_DRAFT,))
    return engine, await engine.chat(CreateThread(input=said("Write to my landlord")))


def save(thread_id: str, item_id: str) -> CustomAction:
    action = Action(type=SAVE, payload={})
    return CustomAction(thread_id=thread_id, item_id=item_id, action=action, streams=True)


async def test_a_draft_grows_as_it_is_written_and_becomes_a_task(new_engine: NewEngine) -> None:
    engine, events = await drafted(new_engine)
    updates = [event["update"] for event in events if event["type"] == "thread.item.updated"]
    text = "".join(
        update["delta"] for update in updates if update["type"].startswith("widget.streaming")
    )
    assert text == "Dear Ms Smith,\nthe tap drips."
    assert {update["type"] for update in updates if update["type"].startswith("widget")} == {
        "widget.streaming_text.value_delta",
        "widget.component.updated",
        "widget.root.updated",
    }
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert [item["type"] for item in done] == [
        "user_message",
        "assistant_message",
        "widget",
        "end_of_turn",
    ]
    thread_id = events[0]["thread"]["id"]
    lines = await engine.operations.act(save(thread_id, done[2]["id"]), ALICE, new_key())
    assert [json.loads(line)["type"] for line in lines][1:] == [
        "thread.item.replaced",
        "client_effect",
    ]
    rows = await engine.rows("SELECT title, description FROM tasks")
    assert rows == [{"title": "To the landlord", "description": "Dear Ms Smith,\nthe tap drips."}]


async def test_a_draft_is_saved_once_however_often_and_wherever_it_is_clicked(
    new_engine: NewEngine,
) -> None:
    engine, events = await drafted(new_engine)
    other = await new_engine(says("-"), owner="two", alone=False)
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    (card,) = (item for item in done if item["type"] == "widget")
    click = save(card["thread_id"], card["id"])
    engines = (engine, other) * 10
    replies = await asyncio.gather(
        *(each.operations.act(click, ALICE, new_key()) for each in engines)
    )
    kinds = [json.loads(lines[0])["type"] for lines in replies]
    assert sorted(kinds) == ["error"] * 19 + ["stream_options"]
    assert len(await engine.rows("SELECT FROM tasks")) == 1
    (late,) = await engine.operations.act(click, ALICE, new_key())
    assert json.loads(late)["message"] == "This draft was saved already."
    assert len(await engine.rows("SELECT FROM tasks")) == 1


async def test_clicks_on_one_card_at_one_time_are_all_on_it_afterwards(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    others = [
        (await Tasks(engine.database).add("alice", parse_draft({"title": f"T{place}"}))).id
        for place in range(9)
    ]
    places = dict(enumerate([task_id, *others], start=1))
    tasks = await Tasks(engine.database).get_several("alice", [*places.values()])
    by_id = {task.id: task for task in tasks}
    card = list_card(Listed(places=places), by_id, date(2026, 11, 22), SAY)
    await engine.database.execute(
        "UPDATE items SET body = $1 WHERE id = $2", json.dumps({"widget": card.widget}), item_id
    )
    ticks = [tick(thread_id, item_id, each, streams=False) for each in places.values()]
    await asyncio.gather(*(engine.answer(each, ALICE, new_key()) for each in ticks))
    (stored,) = [body for kind, body in await engine.stored(thread_id) if kind == "widget"]
    assert stored["widget"]["status"]["text"] == "10 tasks, 10 done"


async def test_an_answer_to_a_key_is_kept_and_its_key_is_bound_to_the_body(
    new_engine: NewEngine,
) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    action = tick(thread_id, item_id, task_id, streams=False)
    first = await engine.answer(action, ALICE, named_key("click"))
    await Tasks(engine.database).delete("alice", task_id)
    assert await engine.answer(action, ALICE, named_key("click")) == first
    with pytest.raises(Unprocessable, match=r"request\.other_body"):
        await engine.answer(action, ALICE, named_key("click", b"other"))


async def test_a_refused_action_leaves_its_key_free(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    threads = Threads(engine.database)
    await threads.set_status("alice", thread_id, ThreadStatus(type="closed"))
    action = tick(thread_id, item_id, task_id, streams=False)
    with pytest.raises(Conflict, match="closed"):
        await engine.answer(action, ALICE, named_key("click"))
    await threads.set_status("alice", thread_id, ThreadStatus(type="active"))
    answer = await engine.answer(action, ALICE, named_key("click"))
    assert json.loads(answer)["updated_item"]["id"] == item_id


async def test_an_unknown_action_that_does_not_stream_is_a_conflict(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, _ = await shown(new_engine)
    action = CustomAction(
        thread_id=thread_id, item_id=item_id, action=Action(type="rm -rf"), streams=False
    )
    before = await engine.stored(thread_id)
    with pytest.raises(Conflict):
        await engine.answer(action, ALICE, new_key())
    assert await engine.stored(thread_id) == before


async def test_a_card_of_somebody_else_is_not_there(new_engine: NewEngine) -> None:
    engine, thread_id, item_id, task_id = await shown(new_engine)
    bob = Caller(user_id="bob")
    with pytest.raises(NotFound, match="thread"):
        await engine.operations.act(tick(thread_id, item_id, task_id, streams=True), bob, new_key())
    with pytest.raises(NotFound, match="thread"):
        await engine.answer(tick(thread_id, item_id, task_id, streams=False), bob, new_key())
    assert not (await Tasks(engine.database).get("alice", task_id)).completed
