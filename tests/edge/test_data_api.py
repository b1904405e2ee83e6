"""A user's data as a whole: out as a file, in from one, and away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
import pytest

from app import Services
from chatkit.edge.asgi import Message
from chatkit.edge.data_api import MOST_OF_ONE
from chatkit.protocol.jsontext import dumps
from tests.edge.application import running
from tests.files import END, MULTIPART, PNG, part
from tests.harness import Exchange, ask

SECRET: Final = "the secret that sign-in and server share"
EXPORT: Final = "/api/chatkit/export"
IMPORT: Final = "/api/chatkit/import"


@pytest.fixture
async def services(database_url: str) -> AsyncIterator[Services]:
    async with running(
        database_url, BETTER_AUTH_SECRET=SECRET, MODEL="demo/tasks", MAX_UPLOAD_BYTES="1MiB"
    ) as services:
        yield services


def signed_in(user: str) -> dict[str, str]:
    claims = {"sub": user, "exp": int(time.time() + 600)}
    token = jwt.encode(claims, SECRET, "HS256")
    return {"authorization": f"Bearer {token}", "host": "localhost"}


class Client:
    """One user of the application."""

    def __init__(self, services: Services, user: str) -> None:
        self._router = services.router
        self._headers = signed_in(user)

    async def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        return await ask(self._router, method, path, body=body, **self._headers, **headers)

    async def chat(self, kind: str, /, **params: Any) -> list[dict[str, Any]]:
        """The events of a request that streams, or its answer."""
        body = dumps({"type": kind, "params": params}).encode()
        status, _, text = await self.ask("POST", "/api/chatkit", body)
        assert status == 200, text
        if not text.startswith(b"data: "):
            return [json.loads(text)]
        frames = text.decode().split("\n\n")
        return [json.loads(frame.removeprefix("data: ")) for frame in frames if frame]

    async def say(self, text: str, *, files: list[str] | None = None) -> str:
        """A new thread with an answer; its id."""
        content = [{"type": "input_text", "text": text}]
        given = {"content": content, "attachments": files or [], "inference_options": {}}
        events = await self.chat("threads.create", input=given)
        thread_id: str = events[0]["thread"]["id"]
        return thread_id

    async def threads(self) -> list[dict[str, Any]]:
        (page,) = await self.chat("threads.list", limit=100)
        data: list[dict[str, Any]] = page["data"]
        return data

    async def items(self, thread_id: str) -> list[dict[str, Any]]:
        (page,) = await self.chat("items.list", thread_id=thread_id, limit=100, order="asc")
        data: list[dict[str, Any]] = page["data"]
        return data

    async def export(self, query: str = "") -> Any:
        status, _, body = await self.ask("GET", EXPORT + query)
        assert status == 200, body
        return json.loads(body)

    async def take(self, file: Any) -> tuple[int, Any]:
        body = file if isinstance(file, bytes) else dumps(file).encode()
        status, _, answer = await self.ask("POST", IMPORT, body)
        return status, json.loads(answer)


@pytest.fixture
def ada(services: Services) -> Client:
    return Client(services, "ada")


@pytest.fixture
def ben(services: Services) -> Client:
    return Client(services, "ben")


def counted(threads: tuple[int, int], tasks: tuple[int, int]) -> tuple[int, Any]:
    """A good answer: how many were added, and how many were there."""
    names = ("added", "unchanged")
    return 200, {
        "threads": dict(zip(names, threads, strict=True)),
        "tasks": dict(zip(names, tasks, strict=True)),
    }


async def audited(services: Services) -> list[tuple[str, str | None, str | None, str]]:
    """What is written of what was done with data, in order."""
    query = (
        "SELECT action, user_id, target_id, outcome FROM audit_log"
        " WHERE action LIKE 'data.%' ORDER BY id"
    )
    return [tuple(row) for row in await services.database.fetch(query)]


async def test_an_export_is_everything_as_a_file(ada: Client, ben: Client) -> None:
    await ben.say("Add a new task: Buy tea")
    first = await ada.say("Add a new task: Buy milk")
    second = await ada.say("Show me my tasks")
    status, headers, body = await ada.ask("GET", EXPORT)
    today = datetime.now(UTC).date().isoformat()
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert headers["content-disposition"] == f'attachment; filename="chatkit-export-{today}.json"'
    assert headers["cache-control"] == "no-store"
    assert "content-length" not in headers
    export = json.loads(body)
    assert [thread["id"] for thread in export["threads"]] == [first, second]
    (page,) = await ada.chat("items.list", thread_id=second, limit=100, order="asc")
    own = [{name: each[name] for name in each if name != "thread_id"} for each in page["data"]]
    assert export["threads"][1]["items"] == own
    assert [task["title"] for task in export["tasks"]] == ["Buy milk"]


async def test_one_thread_alone_is_exported_without_tasks(ada: Client, ben: Client) -> None:
    thread_id = await ada.say("Add a new task: Buy milk")
    await ada.say("Show me my tasks")
    export = await ada.export(f"?thread_id={thread_id}")
    assert [thread["id"] for thread in export["threads"]] == [thread_id]
    assert "tasks" not in export
    foreign = await ben.ask("GET", f"{EXPORT}?thread_id={thread_id}")
    missing = await ben.ask("GET", f"{EXPORT}?thread_id=thr_none")
    assert (foreign[0], foreign[2]) == (missing[0], missing[2])
    assert foreign[0] == 404


async def test_an_export_for_people_is_markdown(ada: Client) -> None:
    thread_id = await ada.say("Add a new task: Buy *milk*")
    for query, tasks in ((f"?format=markdown&thread_id={thread_id}", 0), ("?format=markdown", 1)):
        status, headers, body = await ada.ask("GET", EXPORT + query)
        assert status == 200
        assert headers["content-type"] == "text/markdown; charset=utf-8"
        assert headers["content-disposition"].endswith('.md"')
        assert "> Add a new task: Buy \\*milk\\*" in body.decode()
        assert body.decode().count("- [ ] Buy \\*milk\\*") == tasks


@pytest.mark.parametrize("query", ["?format=xml", "?format=", "?thread_id=%00"])
async def test_a_malformed_wish_for_an_export_is_refused(ada: Client, query: str) -> None:
    assert (await ada.ask("GET", EXPORT + query))[0] == 400


async def test_a_head_gets_the_headers_of_an_export(ada: Client) -> None:
    status, headers, body = await ada.ask("HEAD", EXPORT)
    assert (status, headers["content-type"], body) == (200, "application/json", b"")


async def test_a_file_is_named_in_an_export_and_no_address_of_it_is_there(ada: Client) -> None:
    form = part(PNG) + END
    status, _, body = await ada.ask("POST", "/api/chatkit/upload", form, content_type=MULTIPART)
    assert status == 200, body
    file = json.loads(body)
    await ada.say("Look", files=[file["id"]])
    ((thread),) = (await ada.export())["threads"]
    assert thread["items"][0]["attachments"] == [
        {"id": file["id"], "name": file["name"], "mime_type": "image/png", "type": "image"}
    ]


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

    file = [conversation(2, "Hi", "Hello"), conversation(1, "Where?", "There."), conversation(3)]
    assert await ada.take(file) == counted((2, 0), (0, 0))
    assert await ada.take(file) == counted((0, 2), (0, 0))
    threads = await ada.threads()
    assert [thread["title"] for thread in threads] == ["talk 2", "talk 1"]
    items = await ada.items(threads[1]["id"])
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


async def test_a_file_above_the_limit_is_refused(ada: Client) -> None:
    status, answer = await ada.take(b"[" + b" " * 2**20 + b"]")
    assert (status, answer["error"]["code"]) == (413, "too_large")


class Endless(Exchange):
    """A request whose body never ends."""

    async def _receive(self) -> Message:
        if self.body:
            return {"type": "http.request", "body": self.body.pop(0), "more_body": True}
        return await super()._receive()


async def test_a_user_has_a_few_exports_and_imports_at_once(
    services: Services, ada: Client
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MOST_OF_ONE):
            endless = Endless(services.router, "POST", IMPORT, signed_in("ada"), [b"["])
            await stack.enter_async_context(endless)
        async with asyncio.timeout(30):
            while (await ada.ask("GET", EXPORT))[0] != 503:
                pass
    assert (await ada.ask("GET", EXPORT))[0] == 200


async def test_erasure_leaves_nothing_of_the_user_and_all_of_the_others(
    services: Services, ada: Client, ben: Client
) -> None:
    for client in (ada, ben):
        form = part(PNG) + END
        for _ in range(2):
            answer = await client.ask("POST", "/api/chatkit/upload", form, content_type=MULTIPART)
        file_id = json.loads(answer[2])["id"]
        thread_id = await client.say("Add a new task: Buy milk", files=[file_id])
        items = await client.items(thread_id)
        await client.chat(
            "items.feedback", thread_id=thread_id, item_ids=[items[-1]["id"]], kind="positive"
        )
        assert (await client.ask("POST", "/api/chatkit/session"))[0] == 200
    before = await rows_of(services, "ben")
    for rows in (before, await rows_of(services, "ada")):
        assert {name for name, count in rows.items() if count == 0} <= SELDOM
    status, _, body = await ada.ask("DELETE", "/api/chatkit/me")
    assert (status, body) == (204, b"")
    assert set((await rows_of(services, "ada")).values()) == {0}
    after = await rows_of(services, "ben")
    assert {**after, **dict.fromkeys(SELDOM)} == {**before, **dict.fromkeys(SELDOM)}
    assert (await ada.ask("DELETE", "/api/chatkit/me"))[0] == 204
    assert await ada.threads() == []


#: Tables for what takes long, is read in other processes, or is signed.
SELDOM: Final = {"turn_followers", "turn_events", "used_signatures"}
#: The audit log stays, as long as it is kept.
KEPT: Final = {"audit_log"}


async def rows_of(services: Services, user_id: str) -> dict[str, int]:
    """How many rows of each table are the user's."""
    tables = await services.database.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND column_name = 'user_id' ORDER BY 1"
    )
    return {
        row["table_name"]: await services.database.fetchval(
            f"SELECT count(*) FROM {row['table_name']} WHERE user_id = $1",
            user_id,
        )
        for row in tables
        if row["table_name"] not in KEPT
    }


async def test_a_session_ends_with_the_erasure(services: Services, ada: Client) -> None:
    _, _, body = await ada.ask("POST", "/api/chatkit/session")
    secret = f"Bearer {json.loads(body)['client_secret']}"

    async def status() -> int:
        asked = ask(services.router, "GET", "/api/tasks", authorization=secret, host="localhost")
        return (await asked)[0]

    assert await status() == 200
    await ada.ask("DELETE", "/api/chatkit/me")
    assert await status() == 401


async def test_export_import_and_erasure_are_in_the_audit_log(
    services: Services, ada: Client
) -> None:
    thread_id = await ada.say("Hello")
    await ada.export()
    await ada.export(f"?thread_id={thread_id}")
    await ada.take(await ada.export())
    await ada.take(b"{")
    await ada.ask("DELETE", "/api/chatkit/me")
    for _ in range(3):
        await ada.ask("GET", f"{EXPORT}?thread_id=thr_none")
    expected = [
        ("data.export", "ada", None, "ok"),
        ("data.export", "ada", thread_id, "ok"),
        ("data.export", "ada", None, "ok"),
        ("data.import", "ada", None, "ok"),
        ("data.erase", "ada", None, "ok"),
    ]
    deadline = time.monotonic() + 30
    while (await audited(services)) != expected:  # written once a second
        assert time.monotonic() < deadline, await audited(services)
