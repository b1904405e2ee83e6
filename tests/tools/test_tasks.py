"""The task tools as a model meets them: arguments in, JSON text and effects out."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from mcp.client import Client
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent, Tool

from chatkit.protocol.calls import Caller
from chatkit.protocol.tasks import Task, TaskPage, TaskQuery
from store.postgres import Database
from store.tasks import Tasks
from tools.server import build_server, caller
from tools.tasks import TOOLS

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # a Sunday; Monday in Tokyo
ANNA = Caller(user_id="anna", thread_id="thr_1")
BEN = Caller(user_id="ben", thread_id="thr_2")


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a result, whether it is an error, and its effects."""

    body: dict[str, Any]
    is_error: bool
    effects: list[dict[str, Any]]


class Asker:
    """Calls tools over MCP, as the caller named."""

    def __init__(self, server: Server[Any]) -> None:
        self.server = server

    async def result(self, name: str, who: Caller = ANNA, **arguments: Any) -> CallToolResult:
        bound = caller.set(who)
        try:
            async with Client(self.server) as client:
                return await client.call_tool(name, arguments)
        finally:
            caller.reset(bound)

    async def __call__(self, name: str, who: Caller = ANNA, **arguments: Any) -> Reply:
        result = await self.result(name, who, **arguments)
        (block,) = result.content
        assert isinstance(block, TextContent)
        effects = (result.meta or {}).get("chatkit/effects", [])
        return Reply(json.loads(block.text), result.is_error, effects)

    async def ok(self, name: str, who: Caller = ANNA, **arguments: Any) -> dict[str, Any]:
        reply = await self(name, who, **arguments)
        assert (reply.body["success"], reply.is_error) == (True, False)
        return reply.body

    async def titles(self, who: Caller = ANNA, **arguments: Any) -> list[str]:
        return [task["title"] for task in (await self.ok("list_tasks", who, **arguments))["tasks"]]


def carried(result: CallToolResult) -> dict[str, Any]:
    """What a result carries beside what the model reads."""
    meta = result.meta or {}
    return {name.removeprefix("chatkit/"): meta[name] for name in meta if "chatkit/" in name}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, most_connections=4)
    for who in (ANNA, BEN):
        await database.execute(
            "INSERT INTO threads (user_id, id) VALUES ($1, $2)", who.user_id, who.thread_id
        )
    yield database
    await database.close()


@pytest.fixture
def ask(database: Database) -> Asker:
    return Asker(build_server(Tasks(database), now=lambda: NOW))


async def test_the_five_tools_are_listed(ask: Asker) -> None:
    async with Client(ask.server) as client:
        listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == [
        "add_task",
        "list_tasks",
        "complete_task",
        "update_task",
        "delete_task",
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


async def test_a_model_must_ask_before_it_deletes_more_than_one_task(
    ask: Asker, database: Database
) -> None:
    await database.execute(
        "WITH said AS ("
        "INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)"
        " VALUES ('anna', 'thr_1', 'msg_1', 'trn_1', 'user_message', '{}', false, now()))"
        "INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)"
        " VALUES ('anna', 'trn_1', 'thr_1', 'msg_1', false, 'one', now(), 'm')"
    )
    ids = [(await ask.ok("add_task", title=title))["task"]["id"] for title in ("tea", "milk")]
    in_a_turn = replace(ANNA, turn_id="trn_1")
    assert (await ask("delete_task", in_a_turn, task_id=ids[0])).body["success"] is True
    assert await ask("delete_task", in_a_turn, task_id=ids[1]) == Reply(
        {
            "success": False,
            "needs_confirmation": True,
            "message": "“milk” is not deleted yet: to delete more than one task, the user must "
            "agree first. List the tasks that are meant and ask. If the user agrees in their next "
            "message, call delete_task for them again then.",
        },
        is_error=False,
        effects=[],
    )
    assert await ask.titles() == ["milk"]
    seeing = replace(in_a_turn, shows_cards=True)
    put_off = await ask.result("delete_task", seeing, task_id=ids[1])
    assert carried(put_off) == {
        "cards": [{"name": "confirm_deletion", "data": {"task_ids": [ids[1]]}}]
    }
    told = (await ask("delete_task", seeing, task_id=ids[1])).body
    assert told["shown_as_card"] is True
    assert "a card that lists what is meant, with buttons to delete or keep" in told["message"]


async def test_a_place_means_the_list_last_shown_in_the_thread(ask: Asker) -> None:
    for title in ("first", "second", "third"):
        await ask.ok("add_task", title=title)
    assert await ask.titles(sort="oldest") == ["first", "second", "third"]
    await ask.ok("add_task", title="fourth")
    assert (await ask.ok("complete_task", task_id="1"))["task"]["title"] == "first"
    assert (await ask.ok("complete_task", task_id=2))["task"]["title"] == "second"
    elsewhere = Caller(user_id="anna")
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


@pytest.mark.parametrize("name", ["complete_task", "update_task", "delete_task"])
@pytest.mark.parametrize(
    "reference", ["1", "0", "abcd", "nonsense", "3f0c9a52-6f0e-4f57-9f2b-1c2d3e4f5a6b"]
)
async def test_a_miss_is_a_result_with_a_sentence(ask: Asker, name: str, reference: str) -> None:
    assert await ask(name, task_id=reference, title="x") == Reply(
        {
            "success": False,
            "message": "There is no such task; list_tasks shows those there are.",
        },
        is_error=False,
        effects=[],
    )


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("add_task", {}, "title: is required."),
        ("add_task", {"title": " "}, "title: must not be empty."),
        ("add_task", {"title": "x" * 256}, "title: at most 255 characters."),
        ("add_task", {"title": "x", "due_date": "soon"}, "due_date: must be a date like"),
        ("list_tasks", {"status": "weekend"}, "status: must be one of all, pending"),
        ("list_tasks", {"limit": 0}, "limit: must be at least 1."),
        ("complete_task", {}, "task_id: is required, as a string."),
        ("complete_task", {"task_id": True}, "task_id: is required, as a string."),
        ("complete_task", {"task_id": "1", "completed": "yes"}, "completed: must be true or"),
        ("update_task", {"task_id": "1"}, "nothing to change: give one of title"),
        ("delete_task", {"task_id": "  "}, "task_id: is required, as a string."),
    ],
)
async def test_bad_arguments_are_an_error_that_names_the_field(
    ask: Asker, name: str, arguments: dict[str, Any], message: str
) -> None:
    await ask.ok("add_task", title="There is one")
    reply = await ask(name, **arguments)
    assert (reply.body["success"], reply.is_error, reply.effects) == (False, True, [])
    assert reply.body["message"].startswith(message)


async def test_null_means_left_out(ask: Asker) -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ["description", "priority", "category", "tags", "due_date"]
    )
    task = (await ask.ok("add_task", title="Kept", **nothing))["task"]
    assert (task["priority"], task["tags"]) == ("medium", [])
    await ask.ok("update_task", task_id="1", description="more", tags=["a"])
    task = (await ask.ok("update_task", task_id="1", title="Renamed", **nothing))["task"]
    assert (task["title"], task["description"], task["tags"]) == ("Renamed", "more", ["a"])
    assert await ask.titles(status=None, search=None, limit=None) == ["Renamed"]


async def test_an_unknown_tool_is_a_protocol_error(ask: Asker) -> None:
    async with Client(ask.server) as client:
        with pytest.raises(MCPError, match="there is no such tool"):
            await client.call_tool("drop_table", {})


async def test_a_database_that_is_away_is_told_in_a_sentence(
    ask: Asker, database: Database
) -> None:
    await database.close()
    reply = await ask("list_tasks")
    assert reply.is_error
    assert reply.body == {
        "success": False,
        "message": "the database is not reachable just now.",
    }


class _BrokenTasks(Tasks):
    async def add(self, user_id: str, draft: object) -> Task:
        raise RuntimeError("password=hunter2")

    async def list(self, user_id: str, query: TaskQuery) -> TaskPage:
        raise ExceptionGroup("password=hunter2", [ValueError("hunter2")])


async def test_no_text_of_an_exception_reaches_a_client(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ask = Asker(build_server(_BrokenTasks(database)))
    for name in ("add_task", "list_tasks"):
        with caplog.at_level(logging.ERROR):
            reply = await ask(name, title="x")
        assert reply == Reply(
            {"success": False, "message": "The to-do list cannot be used just now."},
            is_error=True,
            effects=[],
        )
        assert "hunter2" in caplog.text  # for the operator
        caplog.clear()
