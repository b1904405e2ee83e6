"""Threads and tasks from a file."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import Services
from chatkit.edge.asgi_types import HttpReceived
from chatkit.edge.data_api import MAX_PER_USER
from chatkit.protocol.jsontext import dumps
from tests.edge.data.client import EXPORT, IMPORT, Client, counted, signed_in
from tests.files import MULTIPART
from tests.harness import Exchange


async def test_the_same_file_twice_adds_nothing(ada: Client, ben: Client) -> None:
    await ada.say("Add a new task: Buy milk")
    await ada.say("Show me my tasks")
    export = await ada.export()
    assert await ada.take(export) == counted((0, 2), (0, 1))
    assert await ben.take(export) == counted((2, 0), (1, 0))
    assert await ben.take(export) == counted((0, 2), (0, 1))
    assert len(await ada.threads()) == len(await ben.threads()) == 2
    taken = await ben.export()
    assert taken["tasks"] == export["tasks"]
    for theirs, his in zip(export["threads"], taken["threads"], strict=True):
        assert his["id"] != theirs["id"]
        assert (his["title"], his["created_at"]) == (theirs["title"], theirs["created_at"])
        assert len(his["items"]) == len(theirs["items"])
        for one, other in zip(theirs["items"], his["items"], strict=True):
            assert {**other, "id": one["id"]} == one
    assert await ben.take(taken) == counted((0, 2), (0, 1))


async def test_what_was_deleted_comes_back_from_a_file(ada: Client) -> None:
    thread_id = await ada.say("Add a new task: Buy milk")
    export = await ada.export()
    await ada.chat("threads.delete", thread_id=thread_id)
    assert await ada.take(export) == counted((1, 0), (0, 1))
    (thread,) = await ada.threads()
    assert thread["id"] != thread_id
    assert [item["type"] for item in await ada.items(thread["id"])] == [
        "user_message",
        "workflow",
        "assistant_message",
    ]


async def test_a_thread_from_a_file_goes_on_and_can_be_answered_anew(
    ada: Client, ben: Client
) -> None:
    await ada.say("Add a new task: Buy milk")
    assert (await ben.take(await ada.export()))[0] == 200
    (thread,) = await ben.threads()
    content = [{"type": "input_text", "text": "Show me my tasks"}]
    given = {"content": content, "attachments": [], "inference_options": {}}
    events = await ben.chat("threads.add_user_message", thread_id=thread["id"], input=given)
    assert "error" not in [event["type"] for event in events]
    items = await ben.items(thread["id"])
    assert [item["type"] for item in items[:4]] == [
        "user_message",
        "workflow",
        "assistant_message",
        "user_message",
    ]
    await ben.chat("threads.retry_after_item", thread_id=thread["id"], item_id=items[0]["id"])
    again = await ben.items(thread["id"])
    assert again[0] == items[0]
    assert items[3]["id"] not in [item["id"] for item in again]


async def test_a_long_history_goes_out_and_in_whole(ada: Client, ben: Client) -> None:
    """Several pages of threads, of items in one of them, and of tasks."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)

    def thread(number: int) -> dict[str, Any]:
        at = (begun + timedelta(hours=number)).isoformat()
        text = {"type": "input_text", "text": f"message {number}"}
        said = {"content": [text], "attachments": [], "inference_options": {}}
        items = [
            {"id": f"i{n}", "created_at": at, "type": "user_message", **said}
            for n in range(250 if number == 7 else 1)
        ]
        return {"id": f"t{number}", "created_at": at, "title": f"thread {number}", "items": items}

    def task(number: int) -> dict[str, Any]:
        at = (begun + timedelta(hours=number)).isoformat()
        return {"id": f"{number:032x}", "title": f"task {number}", "created_at": at}

    numbers = list(range(210))
    file = {
        "format": "chatkit-export",
        "version": 1,
        "threads": [thread(number) for number in reversed(numbers)],
        "tasks": [task(number) for number in numbers],
    }
    assert await ada.take(file) == counted((210, 0), (210, 0))
    export = await ada.export()
    titles = [each["title"] for each in export["threads"]]
    assert titles == [f"thread {number}" for number in numbers]  # the oldest first, as they were
    assert len(export["threads"][7]["items"]) == 250
    assert [each["title"] for each in export["tasks"]] == [f"task {number}" for number in numbers]
    assert await ben.take(export) == counted((210, 0), (210, 0))
    assert (await ben.export())["threads"][7]["title"] == "thread 7"


async def test_conversations_of_chatgpt_are_taken_in_the_order_of_their_times(ada: Client) -> None:
    def conversation(number: int, *said: str) -> dict[str, Any]:
        nodes = {
            f"n{place}": {
                "message": {
                    "author": {"role": "assistant" if place % 2 else "user"},
                    "content": {"content_type": "text", "parts": [text]},
                },
                "parent": f"n{place - 1}",
            }
            for place, text in enumerate(said)
        }
        last = f"n{len(said) - 1}"
        head = {"id": f"c{number}", "title": f"talk {number}", "create_time": 1.7e9 + number}
        return {**head, "mapping": nodes, "current_node": last}

    await ada.say("Hello")
    file = [conversation(2, "Hi", "Hello"), conversation(1, "Where?", "There."), conversation(3)]
    assert await ada.take(file) == counted((2, 0), (0, 0))
    assert await ada.take(file) == counted((0, 2), (0, 0))
    threads = await ada.threads()
    assert [thread["title"] for thread in threads] == ["Hello", "talk 2", "talk 1"]
    items = await ada.items(threads[2]["id"])
    assert [item["content"][0]["text"] for item in items] == ["Where?", "There."]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "the file is not valid JSON"),
        (b'{"format": "chatkit-export", "threads": [', "the file is not valid JSON"),
        ([], "the file is neither an export of this server nor a conversations.json of ChatGPT"),
        ([{"a": 1}], "[0]: is no conversation of ChatGPT, it wants an id and a mapping"),
        ("text", "the file must hold an array or an object of JSON"),
    ],
)
async def test_a_broken_file_is_refused_with_a_sentence(
    ada: Client, file: Any, message: str
) -> None:
    status, answer = await ada.take(file)
    assert (status, answer["error"]["message"]) == (400, message)


async def test_of_a_file_that_is_broken_at_its_end_nothing_is_taken(ada: Client) -> None:
    await ada.say("Add a new task: Buy milk")
    export = await ada.export()
    other = {**export["threads"][0], "id": "thr_other"}
    export["threads"] = [other, {**other, "id": "thr_bad", "items": [1]}]
    status, answer = await ada.take(export)
    assert status == 400
    assert answer["error"]["message"] == "threads[1].items[0]: must be an object"
    assert len(await ada.threads()) == 1


async def test_a_file_may_begin_with_a_mark_of_its_encoding(ada: Client) -> None:
    text = dumps({"format": "chatkit-export", "version": 1})
    assert await ada.take(text.encode("utf-8-sig")) == counted((0, 0), (0, 0))


@pytest.mark.parametrize(
    "headers", [{"content_type": MULTIPART}, {"content_encoding": "gzip"}], ids=["form", "gzip"]
)
async def test_what_is_not_the_file_itself_is_refused(ada: Client, headers: dict[str, str]) -> None:
    status, _, body = await ada.ask("POST", IMPORT, b"[]", **headers)
    assert (status, json.loads(body)["error"]["code"]) == (415, "unsupported_media")


async def test_an_import_during_which_all_is_erased_leaves_nothing(ada: Client) -> None:
    at = "2026-11-22T18:52:27Z"
    threads = [{"id": f"t{n}", "created_at": at, "items": []} for n in range(5000)]
    importing = asyncio.create_task(ada.take({"format": "chatkit-export", "threads": threads}))
    while not await ada.threads():
        assert not importing.done()
    assert (await ada.ask("DELETE", "/api/chatkit/me"))[0] == 204
    status, answer = await importing
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert await ada.threads() == []


async def test_a_file_above_the_limit_is_refused(ada: Client) -> None:
    status, answer = await ada.take(b"[" + b" " * 2**20 + b"]")
    assert (status, answer["error"]["code"]) == (413, "too_large")


class Endless(Exchange):
    """A request whose body never ends."""

    async def _receive(self) -> HttpReceived:
        if self.body:
            return {"type": "http.request", "body": self.body.pop(0), "more_body": True}
        return await super()._receive()


async def test_a_user_has_a_few_imports_at_once(services: Services, ada: Client) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_PER_USER):
            endless = Endless(services.router, "POST", IMPORT, signed_in("ada"), [b"["])
            await stack.enter_async_context(endless)
        async with asyncio.timeout(30):
            while (await ada.take(b"["))[0] != 503:
                pass
        assert (await ada.ask("GET", EXPORT))[0] == 200
    assert (await ada.take(b"["))[0] == 400
