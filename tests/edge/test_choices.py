"""What a page offers its user beside the protocol, and what a host does with threads."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import jwt
import pytest

from app import Services
from tests.edge.application import running
from tests.edge.calls import Answer, call

PLAIN: Final = Path(__file__).parents[1] / "tools" / "plain_server.py"
SECRET: Final = "the secret that sign-in and server share"


@pytest.fixture
async def services(database_url: str) -> AsyncIterator[Services]:
    async with running(
        database_url,
        BETTER_AUTH_SECRET=SECRET,
        MODEL="demo/tasks",
        MODELS="demo/tasks,openai/gpt-9",
        TRANSCRIBE_MODEL="openai/listener",
    ) as services:
        yield services


async def ask(services: Services, method: str, path: str, body: Any = b"") -> Answer:
    claims = {"sub": "ada", "exp": int(time.time() + 600)}
    token = jwt.encode(claims, SECRET, "HS256")
    return await call(services.router, method, path, body=body, authorization=f"Bearer {token}")


async def test_the_options_name_models_tools_and_limits(services: Services) -> None:
    options = (await ask(services, "GET", "/api/chatkit/options")).json()
    composer = options["composer"]
    assert composer["models"] == [
        {"id": "demo/tasks", "label": "tasks", "default": True},
        {"id": "openai/gpt-9", "label": "gpt-9", "default": False},
    ]
    assert {"id": "ask_user", "label": "Ask me questions", "icon": "bolt"} in composer["tools"]
    labels = {tool["id"]: tool["label"] for tool in composer["tools"]}
    assert labels["add_task"] == "Add a task"
    accept = composer["attachments"].pop("accept")
    assert accept["image/jpeg"] == [".jpg", ".jpeg"]
    assert composer["attachments"] == {"enabled": True, "maxSize": 25 * 2**20, "maxCount": 10}
    assert composer["dictation"] == {"enabled": True}
    assert options["threadItemActions"] == {"feedback": True, "retry": True}


async def test_tasks_are_found_to_be_mentioned_and_previewed(services: Services) -> None:
    for title in ("Buy milk", "Call mum"):
        assert (await ask(services, "POST", "/api/tasks", {"title": title})).status == 201
    found = (await ask(services, "GET", "/api/chatkit/entities?q=milk")).json()["data"]
    assert [(entity["title"], entity["interactive"]) for entity in found] == [("Buy milk", True)]
    assert all(isinstance(value, str) for value in found[0]["data"].values())
    everything = (await ask(services, "GET", "/api/chatkit/entities")).json()["data"]
    assert [entity["title"] for entity in everything] == ["Call mum", "Buy milk"]
    path = f"/api/chatkit/entities/{found[0]['id']}/preview"
    preview = (await ask(services, "GET", path)).json()["preview"]
    assert preview["type"] == "Basic"
    long = await ask(services, "GET", f"/api/chatkit/entities?q={'x' * 201}")
    assert (long.status, long.json()["error"]["code"]) == (400, "invalid_request")


async def test_a_host_locks_a_thread_and_opens_it_again(services: Services) -> None:
    given = {"content": [{"type": "input_text", "text": "Hi"}], "attachments": []}
    create = {"type": "threads.create", "params": {"input": given}}
    await ask(services, "POST", "/api/chatkit", create)
    listed = await ask(services, "POST", "/api/chatkit", {"type": "threads.list", "params": {}})
    (thread,) = listed.json()["data"]
    path = f"/api/chatkit/threads/{thread['id']}/status"
    locked = await ask(services, "PUT", path, {"type": "locked", "reason": "Sleeping."})
    assert locked.json()["status"] == {"type": "locked", "reason": "Sleeping."}
    message = {"thread_id": thread["id"], "input": {**given, "quoted_text": "again"}}
    refused = await ask(
        services, "POST", "/api/chatkit", {"type": "threads.add_user_message", "params": message}
    )
    assert b"Sleeping." in refused.body
    opened = await ask(services, "PUT", path, {"type": "active"})
    assert opened.json()["status"] == {"type": "active"}
    malformed: list[Any] = [{"type": "shut"}, {"type": "locked", "reason": ""}, {}, []]
    for body in malformed:
        assert (await ask(services, "PUT", path, body)).status == 400


async def test_the_tool_servers_are_listed_with_their_state_and_who_asks(
    database_url: str,
) -> None:
    plain = {"command": sys.executable, "args": [str(PLAIN)], "account": "ours"}
    servers = {"plain": plain, "missing": {"command": "/no/such/program"}}
    async with running(
        database_url,
        BETTER_AUTH_SECRET=SECRET,
        MCP_SERVERS=json.dumps({"mcpServers": servers}),
    ) as services:
        async with asyncio.timeout(20):
            while True:
                listed = (await ask(services, "GET", "/api/chatkit/tools")).json()["servers"]
                if [server["state"] for server in listed] == ["connected", "away"]:
                    break
                await asyncio.sleep(0.05)
    assert [(server["name"], server["transport"]) for server in listed] == [
        ("plain", "stdio"),
        ("missing", "stdio"),
    ]
    assert listed[0]["tools"] == [
        {
            "name": "plain_grow",
            "own_name": "grow",
            "title": "",
            "description": "",
            "read_only": False,
            "destructive": True,
            "asks": True,
        }
    ]
    assert listed[1]["tools"] == []
