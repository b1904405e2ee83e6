"""The task tools as a model meets them: arguments in, JSON text and effects out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from mcp.client import Client
from mcp.types import CallToolResult, Tool

from chatkit.access.caller import Caller
from tests.tools.asker import ANNA, BEN, Asker, Reply
from tools.descriptions import TOOLS
from tools.listed import MAX_ROWS


def carried(result: CallToolResult) -> dict[str, Any]:
    """What a result carries beside what the model reads."""
    meta = result.meta or {}
    return {name.removeprefix("chatkit/"): meta[name] for name in meta if "chatkit/" in name}


async def test_the_tools_are_listed(ask: Asker) -> None:
    async with Client(ask.server) as client:
        listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == [
        "add_task",
        "list_tasks",
        "complete_task",
        "update_task",
        "delete_task",
        "undo",
    ]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_schema_is_sound_and_names_no_identity(tool: Tool) -> None:
    schema = tool.input_schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert not {"user_id", "user", "owner", "thread_id"} & schema["properties"].keys()
    assert schema.get("additionalProperties", True) is True
    assert all("description" in rule or "default" in rule for rule in schema["properties"].values())


def test_a_tool_says_what_it_may_do() -> None:
    hints = {tool.name: tool.annotations for tool in TOOLS}
    assert {name for name, hint in hints.items() if hint and hint.read_only_hint} == {"list_tasks"}
    assert {name for name, hint in hints.items() if hint and hint.destructive_hint} == {
        "delete_task"
    }


async def test_a_task_is_added_listed_changed_completed_and_deleted(ask: Asker) -> None:
    added = await ask(
        "add_task",
        title="Pay rent",
        description="by transfer",
        priority="high",
        category="finance",
        tags=["home"],
        due_date="2026-11-30",
    )
    task = added.body["task"]
    assert added == Reply(
        {"success": True, "task": task, "message": "Added “Pay rent”."},
        is_error=False,
        effects=[{"name": "tasks/changed", "data": {"action": "add", "task_id": task["id"]}}],
    )
    assert task == {
        "id": task["id"],
        "title": "Pay rent",
        "description": "by transfer",
        "completed": False,
        "completed_at": None,
        "priority": "high",
        "category": "finance",
        "tags": ["home"],
        "due_date": "2026-11-30",
        "recurrence": None,
        "created_at": task["created_at"],
        "updated_at": task["updated_at"],
    }
    listed = await ask("list_tasks")
    assert listed == Reply(
        {
            "success": True,
            "tasks": [task],
            "total": 1,
            "message": "1 of 1 matching tasks, to be numbered from 1.",
        },
        is_error=False,
        effects=[],
    )
    changed = await ask("update_task", task_id="1", title="Pay the rent", due_date="")
    assert changed.body["message"] == "Changed “Pay the rent”."
    assert changed.body["task"]["due_date"] is None
    assert changed.effects[0]["data"] == {"action": "update", "task_id": task["id"]}
    done = await ask("complete_task", task_id=task["id"])
    assert done.body["message"] == "Completed “Pay the rent”."
    assert done.body["task"]["completed_at"] is not None
    assert done.effects[0]["data"] == {"action": "complete", "task_id": task["id"]}
    again = await ask.ok("complete_task", task_id=task["id"])
    assert again["message"] == "“Pay the rent” was completed already."
    opened = await ask.ok("complete_task", task_id=task["id"][:8], completed=False)
    assert opened["message"] == "Opened again: “Pay the rent”."
    gone = await ask("delete_task", task_id=task["id"])
    assert gone == Reply(
        {"success": True, "message": "Deleted “Pay the rent”."},
        is_error=False,
        effects=[{"name": "tasks/changed", "data": {"action": "delete", "task_id": task["id"]}}],
    )
    empty = await ask.ok("list_tasks")
    assert empty == {"success": True, "tasks": [], "total": 0, "message": "No task matches."}


async def test_a_list_is_offered_as_a_card_where_cards_are_shown(ask: Asker) -> None:
    on_screen = replace(ANNA, shows_cards=True)
    ids = [(await ask.ok("add_task", title=title))["task"]["id"] for title in ("tea", "milk", "x")]
    result = await ask.result("list_tasks", on_screen, sort="oldest", limit=2)
    assert carried(result)["cards"] == [
        {"name": "task_list", "data": {"task_ids": ids[:2], "more": 1}}
    ]
    body = await ask.ok("list_tasks", on_screen, sort="oldest", limit=2)
    assert body["shown_as_card"] is True
    assert body["message"] == (
        "2 of 3 matching tasks, to be numbered from 1. The next ones: offset 2. The user sees this "
        "list as a card, with these numbers: do not repeat it, a short sentence is enough."
    )
    rest = await ask.result("list_tasks", on_screen, sort="oldest", limit=2, offset=2)
    assert carried(rest)["cards"][0]["data"] == {"task_ids": ids[2:], "more": 0}


async def test_the_model_is_told_how_much_of_a_long_list_the_card_shows(ask: Asker) -> None:
    on_screen = replace(ANNA, shows_cards=True)
    for number in range(MAX_ROWS + 1):
        await ask.ok("add_task", title=f"task {number}")
    long = await ask.ok("list_tasks", on_screen, limit=100)
    assert long["message"] == (
        "51 of 51 matching tasks, to be numbered from 1. The user sees the first 50 as a card, "
        "with these numbers: do not repeat them. The card only counts the others."
    )
    whole = await ask.ok("list_tasks", on_screen, limit=MAX_ROWS)
    assert "The user sees this list as a card" in whole["message"]


@pytest.mark.parametrize(
    ("who", "arguments"),
    [
        (ANNA, {}),
        (replace(ANNA, shows_cards=True), {"show": False}),
        (replace(ANNA, shows_cards=True), {"search": "nothing like it"}),
    ],
)
async def test_no_other_list_is_offered_as_a_card(
    ask: Asker, who: Caller, arguments: dict[str, Any]
) -> None:
    await ask.ok("add_task", title="tea")
    result = await ask.result("list_tasks", who, **arguments)
    assert "cards" not in carried(result)
    body = await ask.ok("list_tasks", who, **arguments)
    assert "card" not in json.dumps(body)


async def test_a_result_carries_which_tasks_it_speaks_of_within_a_conversation(ask: Asker) -> None:
    tea = (await ask.ok("add_task", title="tea"))["task"]["id"]
    milk = (await ask.ok("add_task", title="milk"))["task"]["id"]
    both = await ask.result("list_tasks")
    assert carried(both) == {"mentions": [[milk, "milk"], [tea, "tea"]]}
    done = await ask.result("complete_task", task_id=tea)
    assert carried(done)["mentions"] == [[tea, "tea"]]
    assert carried(await ask.result("list_tasks", Caller(user_id="anna"))) == {}
    gone = await ask.result("delete_task", task_id=tea)
    assert "mentions" not in carried(gone)


async def test_a_place_means_the_list_last_shown_in_the_thread(ask: Asker) -> None:
    for title in ("first", "second", "third"):
        await ask.ok("add_task", title=title)
    assert await ask.titles(sort="oldest") == ["first", "second", "third"]
    await ask.ok("add_task", title="fourth")
    assert (await ask.ok("complete_task", task_id="1"))["task"]["title"] == "first"
    assert (await ask.ok("complete_task", task_id=2))["task"]["title"] == "second"
    elsewhere = replace(ANNA, thread_id="thr_3")
    assert (await ask.ok("complete_task", elsewhere, task_id="1"))["task"]["title"] == "fourth"


async def test_places_count_from_one_in_a_later_part_of_the_list_too(ask: Asker) -> None:
    for title in ("first", "second", "third"):
        await ask.ok("add_task", title=title)
    part = await ask.ok("list_tasks", sort="oldest", limit=1, offset=1)
    assert part["message"] == (
        "1 of 3 matching tasks, to be numbered from 1. The next ones: offset 2."
    )
    assert (await ask.ok("delete_task", task_id="1"))["message"] == "Deleted “second”."


async def test_a_list_is_shortened_to_what_a_model_can_take(ask: Asker) -> None:
    for number in range(30):
        await ask.ok("add_task", title=f"task {number}", description="x" * 2000)
    first = await ask.ok("list_tasks", sort="oldest")
    shown = len(first["tasks"])
    assert 0 < shown < 30
    assert len(json.dumps(first)) < 30_000
    assert first["total"] == 30
    assert first["message"].endswith(f"The next ones: offset {shown}.")
    assert (await ask.titles(sort="oldest", offset=shown))[0] == f"task {shown}"


async def test_completing_a_recurring_task_tells_of_the_next(ask: Asker) -> None:
    await ask.ok("add_task", title="Water plants", recurrence="weekly", due_date="2026-11-20")
    done = await ask.ok("complete_task", task_id="1")
    assert done["message"] == (
        "Completed “Water plants”. It recurs: the next one is due on 2026-11-27."
    )
    again = await ask.ok("update_task", task_id="1", title="Water them", completed=True)
    assert again["task"]["title"] == "Water them"
    assert again["message"] == (
        "Completed “Water them”. It recurs: the next one is due on 2026-12-04."
    )


async def test_today_is_the_day_of_the_callers_time_zone(ask: Asker) -> None:
    await ask.ok("add_task", title="Sunday", due_date="2026-11-22")
    await ask.ok("add_task", title="Monday", due_date="2026-11-23")
    for zone, today in (
        ("UTC", "Sunday"),
        ("America/New_York", "Sunday"),
        ("Asia/Tokyo", "Monday"),
        ("Nowhere/At_All", "Sunday"),
        ("../etc/passwd", "Sunday"),
        ("", "Sunday"),
    ):
        who = Caller(user_id="anna", time_zone=zone)
        assert await ask.titles(who, status="today") == [today]


async def test_another_users_tasks_are_out_of_reach_whatever_the_arguments_say(
    ask: Asker,
) -> None:
    task = (await ask.ok("add_task", BEN, title="Ben's"))["task"]
    await ask.ok("list_tasks", BEN)
    assert await ask.titles(user_id="ben", thread_id="thr_2") == []
    for name in ("complete_task", "update_task", "delete_task"):
        for reference in (task["id"], task["id"][:8], "1"):
            reply = await ask(name, task_id=reference, title="x", user_id="ben")
            assert (reply.body["success"], reply.is_error, reply.effects) == (False, False, [])
    await ask.ok("add_task", title="Anna's", user_id="ben")
    assert await ask.titles(BEN) == ["Ben's"]
