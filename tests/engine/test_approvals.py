"""What a model wants beyond its allowance waits on a card, whose button alone does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatkit.models.pure.deltas import StreamEnd, ToolCallDelta
from chatkit.protocol.actions import Action
from chatkit.protocol.params import AddUserMessage, CreateThread, CustomAction
from chatkit.todo.tasks import TaskDraft
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tests.engine.conftest import ALICE, Engine, Event, NewEngine, new_key, said
from tests.fakes import says
from tools.client import ToolClients
from tools.server import build_server

#: What a round of a model can ask for at most.
ROUND = 32


def round_of(name: str, *arguments: dict[str, Any]) -> list[Any]:
    """An answer of calls of one tool."""
    deltas = [
        ToolCallDelta(index=place, call_id=f"c{place}", name=name, arguments=json.dumps(each))
        for place, each in enumerate(arguments)
    ]
    return [deltas, [StreamEnd("tool_calls")]]


@pytest.fixture
async def tools(database_url: str) -> AsyncIterator[ToolClients]:
    """The task tools, of a process of their own."""
    database = await Database.connect(database_url)
    server = build_server(Tasks(database), StoredTaskHistory(database))
    async with ToolClients(server) as clients:
        yield clients
    await database.close()


async def filled(engine: Engine, number: int) -> list[str]:
    """Tasks of Alice's; their ids."""
    tasks = Tasks(engine.database)
    return [(await tasks.add("alice", TaskDraft(title=f"t{n}"))).id for n in range(number)]


async def titles(engine: Engine) -> list[str]:
    return [row["title"] for row in await engine.rows("SELECT title FROM tasks ORDER BY seq")]


def card_in(events: list[Event]) -> dict[str, Any]:
    """The card that ended an answer: it is the last item, but for the mark of the end."""
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert [item["type"] for item in done][-2:] == ["widget", "end_of_turn"]
    card: dict[str, Any] = done[-2]
    return card


def click(card: dict[str, Any], button: str = "confirm") -> CustomAction:
    action = card["widget"][button]["action"]
    return CustomAction(
        thread_id=card["thread_id"],
        item_id=card["id"],
        action=Action(type=action["type"], payload=action["payload"]),
        streams=True,
    )


async def test_a_text_that_has_all_tasks_overwritten_comes_to_cards(
    new_engine: NewEngine, tools: ToolClients
) -> None:
    engine = await new_engine(tools=tools, max_rounds=8)
    ids = await filled(engine, 2 * ROUND)
    overwritten = [{"task_id": each, "title": "overwritten"} for each in ids]
    engine.model._scripts[:] = [
        round_of("update_task", *overwritten[:ROUND]),
        round_of("update_task", *overwritten[ROUND:]),
        round_of("undo", {}),
        says("Taken back."),
    ]
    events = await engine.chat(CreateThread(input=said("Read my mail")))
    first, thread_id = card_in(events), events[0]["thread"]["id"]
    assert len(engine.model.requests) == 1  # the card has ended the turn
    second = card_in(await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Go on"))))
    assert "overwritten" not in await titles(engine)

    assert len(first["widget"]["children"]) == ROUND + 1
    await asyncio.gather(*(engine.operations.act(click(first), ALICE, new_key()) for _ in range(4)))
    await engine.operations.act(click(second, "cancel"), ALICE, new_key())
    assert await titles(engine) == ["overwritten"] * ROUND + [f"t{n}" for n in range(ROUND, 64)]
    changes = await engine.rows("SELECT FROM task_changes WHERE before IS NOT NULL")
    assert len(changes) == ROUND

    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Undo that")))
    assert await titles(engine) == [f"t{n}" for n in range(64)]


async def test_what_is_within_the_allowance_is_done_and_the_answer_goes_on(
    new_engine: NewEngine, tools: ToolClients
) -> None:
    engine = await new_engine(tools=tools)
    ids = await filled(engine, 4)
    engine.model._scripts[:] = [
        round_of("update_task", *({"task_id": each, "title": "new"} for each in ids[:3])),
        round_of("delete_task", {"task_id": ids[3]}),
        says("Done."),
    ]
    events = await engine.chat(CreateThread(input=said("Tidy up")))
    assert await titles(engine) == ["new"] * 3
    assert await engine.texts(events[0]["thread"]["id"]) == ["Tidy up", "Done."]


@pytest.mark.parametrize("answer", ["NO!! Do not delete anything", "yes", "yes, delete them"])
async def test_no_word_deletes_what_a_card_asks_about(
    new_engine: NewEngine, tools: ToolClients, answer: str
) -> None:
    engine = await new_engine(tools=tools)
    ids = await filled(engine, 6)
    wanted = round_of("delete_task", *({"task_id": each} for each in ids))
    engine.model._scripts[:] = [wanted, wanted]
    events = await engine.chat(CreateThread(input=said("Clear my list")))
    card_in(events)
    thread_id = events[0]["thread"]["id"]
    card_in(await engine.chat(AddUserMessage(thread_id=thread_id, input=said(answer))))
    assert len(await titles(engine)) == 6


async def test_a_click_in_another_process_than_the_answer_does_it_once(
    new_engine: NewEngine, tools: ToolClients
) -> None:
    one = await new_engine(tools=tools, owner="one", alone=False)
    two = await new_engine(owner="two", alone=False)
    ids = await filled(one, 3)
    one.model._scripts[:] = [round_of("delete_task", *({"task_id": each} for each in ids))]
    card = card_in(await one.chat(CreateThread(input=said("Clear my list"))))
    replies = await asyncio.gather(
        *(engine.operations.act(click(card), ALICE, new_key()) for engine in (one, two) * 4)
    )
    kinds = [json.loads(lines[0])["type"] for lines in replies]
    assert sorted(kinds) == ["error"] * 7 + ["stream_options"]
    assert await titles(one) == []


async def test_a_process_that_is_killed_behind_a_click_leaves_a_card_that_does_the_rest(
    new_engine: NewEngine, tools: ToolClients
) -> None:
    engine = await new_engine(tools=tools)
    ids = await filled(engine, 5)
    engine.model._scripts[:] = [round_of("delete_task", *({"task_id": each} for each in ids))]
    card = card_in(await engine.chat(CreateThread(input=said("Clear my list"))))
    dying = await new_engine(owner="dying", alone=False)
    clicked = asyncio.create_task(dying.operations.act(click(card), ALICE, new_key()))
    async with asyncio.timeout(30):
        while len(await titles(engine)) == 5:  # noqa: ASYNC110 - what it waits for gives no sign
            await asyncio.sleep(0)
    clicked.cancel()
    await asyncio.gather(clicked, return_exceptions=True)
    await dying.database.close()
    await engine.operations.act(click(card), ALICE, new_key())
    assert await titles(engine) == []
    deleted = await engine.rows("SELECT task_id FROM task_changes WHERE after IS NULL")
    assert len(deleted) == 5
