"""What a user stores and may store, and what happens where it is full."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app import Services
from tests.edge.application import running
from tests.edge.data.client import SECRET, Client

USAGE = "/api/chatkit/usage"


@pytest.fixture
async def services(database_url: str) -> AsyncIterator[Services]:
    async with running(
        database_url,
        BETTER_AUTH_SECRET=SECRET,
        MODEL="demo/tasks",
        MAX_TEXT_BYTES="20 KiB",
        MAX_TASKS="2",
        MAX_THREADS="3",
        MAX_SESSIONS="1",
    ) as services:
        yield services


async def usage(client: Client) -> dict[str, dict[str, int]]:
    status, _, body = await client.ask("GET", USAGE)
    assert status == 200
    storage: dict[str, dict[str, int]] = json.loads(body)["storage"]
    return storage


async def add_task(client: Client) -> tuple[int, Any]:
    status, _, body = await client.ask("POST", "/api/tasks", b'{"title": "Buy milk"}')
    return status, json.loads(body)


async def test_a_user_sees_what_is_used_and_allowed(ada: Client, ben: Client) -> None:
    await ada.say("Add a new task: Buy milk")
    storage = await usage(ada)
    text = storage.pop("text_bytes")
    assert 100 < text["used"] < text["allowed"] == 20 * 1024
    assert storage == {
        "file_bytes": {"used": 0, "allowed": 2**30},
        "tasks": {"used": 1, "allowed": 2},
        "threads": {"used": 1, "allowed": 3},
        "sessions": {"used": 0, "allowed": 1},
    }
    assert {kind["used"] for kind in (await usage(ben)).values()} == {0}


async def test_a_message_that_does_not_fit_gets_an_error_event(ada: Client) -> None:
    thread_id = await ada.say("Hello")
    content = [{"type": "input_text", "text": "x" * 20_000}]
    given = {"content": content, "attachments": [], "inference_options": {}}
    (event,) = await ada.chat("threads.add_user_message", thread_id=thread_id, input=given)
    assert (event["type"], event["allow_retry"]) == ("error", False)
    assert "20480 bytes" in event["message"]
    assert "delete conversations" in event["message"]


async def test_a_task_that_does_not_fit_is_413_and_the_model_is_told_why(ada: Client) -> None:
    await add_task(ada)
    await add_task(ada)
    status, refused = await add_task(ada)
    assert (status, refused["error"]["code"]) == (413, "storage_full")
    assert "you may have 2 tasks" in refused["error"]["message"]
    thread_id = await ada.say("Add a new task: Buy bread")
    assert "you may have 2 tasks" in json.dumps(await ada.items(thread_id))
    assert (await usage(ada))["tasks"]["used"] == 2


async def test_a_session_that_does_not_fit_is_413(ada: Client) -> None:
    assert (await ada.ask("POST", "/api/chatkit/session"))[0] == 200
    status, _, body = await ada.ask("POST", "/api/chatkit/session")
    assert (status, json.loads(body)["error"]["code"]) == (413, "storage_full")


async def test_an_import_that_does_not_fit_tells_what_was_added(ada: Client, ben: Client) -> None:
    for number in range(3):
        await ada.say(f"Hello {number}")
    file = await ada.export()
    await ben.say("Hello")
    status, refused = await ben.take(file)
    assert (status, refused["error"]["code"]) == (413, "storage_full")
    assert "added: 2 conversations, 0 tasks" in refused["error"]["message"]
    assert "you may have 3 conversations" in refused["error"]["message"]
    oldest = (await ben.threads())[0]["id"]
    await ben.chat("threads.delete", thread_id=oldest)
    status, count = await ben.take(file)
    assert (status, count["threads"]) == (200, {"added": 1, "unchanged": 2})
