"""The to-do list as other agents meet it at /mcp: structured results, resources and prompts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import pytest
from mcp.client import Client
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent, TextResourceContents

from chatkit.access.caller import Caller
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tests.tools.asker import NOW
from tools.descriptions import TOOLS
from tools.for_agents import build_agents_server
from tools.server import caller

ADA = Caller(user_id="ada")
BOB = Caller(user_id="bob")
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def server(database: Database) -> Server[Any]:
    """The server at /mcp."""
    return build_agents_server(
        Tasks(database), StoredTaskHistory(database), version="1.2", now=lambda: NOW
    )


@asynccontextmanager
async def agent_of(who: Caller, server: Server[Any]) -> AsyncIterator[Client]:
    bound = caller.set(who)
    try:
        async with Client(server) as client:
            yield client
    finally:
        caller.reset(bound)


def body(result: CallToolResult) -> dict[str, Any]:
    """The result, which is the same as text and as structured content."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert result.structured_content == json.loads(block.text)
    assert "chatkit/" not in json.dumps(result.meta)
    structured: dict[str, Any] = result.structured_content
    return structured


async def add(client: Client, title: str, **fields: Any) -> dict[str, Any]:
    added = body(await client.call_tool("add_task", {"title": title, **fields}))
    task: dict[str, Any] = added["task"]
    return task


async def test_each_result_fits_the_schema_that_its_tool_declares(server: Server[Any]) -> None:
    async with agent_of(ADA, server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert [*tools] == [tool.name for tool in TOOLS]
        task = await add(client, "tea", category="work", due_date="2026-12-01", tags=["a"])
        for name, arguments in (
            ("add_task", {"title": "milk", "recurrence": "daily"}),
            ("add_task", {"title": ""}),
            ("list_tasks", {}),
            ("list_tasks", {"status": "overdue"}),
            ("list_tasks", {"limit": 0}),
            ("complete_task", {"task_id": task["id"]}),
            ("complete_task", {"task_id": NOBODY}),
            ("update_task", {"task_id": task["id"][:8], "due_date": ""}),
            ("delete_task", {"task_id": task["id"]}),
            ("delete_task", {"task_id": task["id"]}),
        ):
            schema = tools[name].output_schema
            assert schema is not None
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.validate(body(await client.call_tool(name, arguments)), schema)


async def test_a_place_in_a_list_names_no_task(server: Server[Any]) -> None:
    async with agent_of(ADA, server) as client:
        task = await add(client, "tea")
        for name in ("complete_task", "update_task", "delete_task"):
            for place in ("1", 1, " 1 ", "9999"):
                result = await client.call_tool(name, {"task_id": place, "title": "coffee"})
                assert result.is_error
                assert "id of the task or how it begins" in body(result)["message"]
        listed = body(await client.call_tool("list_tasks", {}))["tasks"]
        assert listed == [task]
        renamed = await client.call_tool(
            "update_task", {"task_id": task["id"][:8], "title": "coffee"}
        )
        assert body(renamed)["task"]["title"] == "coffee"


async def test_nothing_that_an_agent_reads_speaks_of_places_or_of_a_card(
    server: Server[Any],
) -> None:
    async with agent_of(ADA, server) as client:
        listing = (await client.list_tools()).model_dump_json()
        await add(client, "tea")
        await add(client, "milk")
        listed = body(await client.call_tool("list_tasks", {}))
    for word in ("counted from 1", "card", "confirm", '"show"'):
        assert word not in listing
    assert listed["message"] == "2 of 2 matching tasks."


async def test_an_agent_that_deletes_too_much_is_refused_with_a_sentence_and_can_undo(
    server: Server[Any],
) -> None:
    async with agent_of(ADA, server) as client:
        tea, milk = await add(client, "tea"), await add(client, "milk")
        assert body(await client.call_tool("delete_task", {"task_id": tea["id"]}))["success"]
        refused = await client.call_tool("delete_task", {"task_id": milk["id"]})
        assert body(refused) == {
            "success": False,
            "message": "an agent may delete one task and overwrite three titles or descriptions in "
            "ten minutes: ask the user to do it, or wait.",
        }
        undone = body(await client.call_tool("undo", {}))
        assert undone == {"success": True, "message": "“tea” is as it was."}


async def test_the_tasks_are_resources(server: Server[Any]) -> None:
    async with agent_of(ADA, server) as client:
        tea, milk = await add(client, "tea"), await add(client, "milk")
        found = (await client.list_resources()).resources
        assert [(each.uri, each.title) for each in found] == [
            ("tasks://list", "To-do list"),
            (f"tasks://{milk['id']}", "milk"),
            (f"tasks://{tea['id']}", "tea"),
        ]
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "tasks://{id}"
        assert await read(client, "tasks://list") == {"tasks": [milk, tea], "total": 2}
        assert await read(client, f"tasks://{tea['id']}") == tea


async def read(client: Client, uri: str) -> Any:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert (content.uri, content.mime_type) == (uri, "application/json")
    return json.loads(content.text)


async def test_resources_are_of_the_user_alone(server: Server[Any]) -> None:
    async with agent_of(ADA, server) as client:
        tea = await add(client, "tea")
    async with agent_of(BOB, server) as client:
        assert [each.uri for each in (await client.list_resources()).resources] == ["tasks://list"]
        assert await read(client, "tasks://list") == {"tasks": [], "total": 0}
        for uri in (f"tasks://{tea['id']}", f"tasks://{NOBODY}", "tasks://", "file:///etc/passwd"):
            with pytest.raises(MCPError, match="there is no such resource"):
                await client.read_resource(uri)


async def test_resources_come_in_pages(server: Server[Any], database: Database) -> None:
    await database.execute(
        "INSERT INTO tasks (user_id, id, title)"
        " SELECT 'ada', gen_random_uuid(), 'task ' || n FROM generate_series(1, 250) n"
    )
    async with agent_of(ADA, server) as client:
        uris: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            page = await client.list_resources(cursor=cursor)
            uris += [each.uri for each in page.resources]
            cursor = page.next_cursor
        assert cursor is None
        assert len(set(uris)) == len(uris) == 251
        with pytest.raises(MCPError, match="there is no such cursor"):
            await client.list_resources(cursor="elsewhere")


async def test_a_fault_of_the_database_says_nothing_of_itself(
    server: Server[Any], database: Database
) -> None:
    await database.execute("ALTER TABLE tasks RENAME TO elsewhere")
    async with agent_of(ADA, server) as client:
        for failing in (client.list_resources(), client.read_resource("tasks://list")):
            with pytest.raises(MCPError) as caught:
                await failing
            assert str(caught.value) == "The to-do list cannot be used just now."


async def test_there_are_prompts_for_the_day_and_the_week(server: Server[Any]) -> None:
    async with agent_of(ADA, server) as client:
        prompts = (await client.list_prompts()).prompts
        assert [(each.name, each.title) for each in prompts] == [
            ("plan_my_day", "Plan my day"),
            ("weekly_review", "Weekly review"),
        ]
        for prompt in prompts:
            (message,) = (await client.get_prompt(prompt.name)).messages
            assert message.role == "user"
            assert isinstance(message.content, TextContent)
            assert message.content.text.endswith("Change nothing before I agree.")
        with pytest.raises(MCPError, match="there is no such prompt"):
            await client.get_prompt("another")


async def test_the_server_says_what_it_is(server: Server[Any]) -> None:
    async with agent_of(ADA, server) as client:
        info = client.server_info
        assert info is not None
        assert (info.name, info.title, info.version) == ("chatkit-tasks", "To-do list", "1.2")
        assert "places in a list are not taken" in (client.instructions or "")
