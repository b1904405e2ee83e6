"""Calls of the task tools that cannot be carried out."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from chatkit.todo.tasks import Task, TaskPage, TaskQuery
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tests.tools.asker import Asker, Reply
from tools.server import build_server


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
    async def add(self, user_id: str, draft: object, by: object = None) -> Task:
        raise RuntimeError("password=hunter2")

    async def list(self, user_id: str, query: TaskQuery) -> TaskPage:
        raise ExceptionGroup("password=hunter2", [ValueError("hunter2")])


async def test_no_text_of_an_exception_reaches_a_client(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ask = Asker(build_server(_BrokenTasks(database), StoredTaskHistory(database)))
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
