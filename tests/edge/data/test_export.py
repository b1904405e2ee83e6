"""A user's data as a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.edge.data.client import EXPORT, Client
from tests.files import END, MULTIPART, PNG, part


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


async def test_an_export_of_nothing_has_its_lists(ada: Client) -> None:
    export = await ada.export()
    assert (export["threads"], export["tasks"]) == ([], [])


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
