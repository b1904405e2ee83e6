"""Our own export as a file to import: what is taken of it, under which ids, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.portable import imports
from chatkit.portable.exports import JsonExport
from chatkit.portable.imports import Importer, OwnExport
from chatkit.portable.json_parts import JsonParts
from chatkit.ports.imports import ImportedThread
from chatkit.protocol.bodies import Body, parse_body
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.items import StoredItem, Thread, ThreadStatus
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.workflows import CustomTask
from chatkit.todo.tasks import Task
from tests.protocol.bodies import VISIBLE
from tests.wording import SAY

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
T0 = datetime(2026, 11, 22, 18, 52, 27, 463000, tzinfo=UTC)
SAID = {
    "content": [{"type": "input_text", "text": "Hi"}],
    "attachments": [],
    "inference_options": {},
}
TASK = Task(
    id="6f0c52f6-3d5f-4a0e-9a51-52d0b7f3a001",
    title="Buy milk",
    description="Two *bottles*",
    completed=True,
    completed_at=T0,
    priority="high",
    category="personal",
    tags=("shop",),
    due_date=date(2026, 11, 30),
    recurrence="weekly",
    created_at=T0,
    updated_at=T0,
)


def read(text: bytes, user_id: str = "ada") -> list[ImportedThread | Task]:
    parts, own = JsonParts(), OwnExport(Importer(user_id, NOW, SAY))
    found = [entry for part in parts.feed(text) if (entry := own.read(part)) is not None]
    parts.close()
    own.close()
    return found


def export(
    threads: Sequence[tuple[Thread, Sequence[StoredItem]]], tasks: Sequence[Task] | None = None
) -> str:
    writer = JsonExport()
    text = writer.begin(NOW)
    for thread, items in threads:
        text += writer.begin_thread(thread) + "".join(map(writer.item, items)) + writer.end_thread()
    if tasks is not None:
        text += writer.begin_tasks() + "".join(map(writer.task, tasks))
    return text + writer.end()


def stored(body: Body, number: int = 1) -> StoredItem:
    wire = dumps(body.to_wire())
    return StoredItem(
        id=f"msg_{number}", thread_id="thr_1", created_at=T0, type=body.type, body=wire
    )


NEITHER = "the file is neither an export of this server nor a conversations.json of ChatGPT"
KINDS = (
    "user_message, assistant_message, client_tool_call, widget, structured_input, workflow, task,"
    " generated_image, end_of_turn"
)


def of_items(*items: dict[str, Any], **changes: Any) -> bytes:
    """A file with one thread."""
    head = {"id": "thr_1", "created_at": "2026-11-22T18:52:27.463Z"}
    thread = {**head, "items": items, **changes}
    return dumps({"format": "chatkit-export", "version": 1, "threads": [thread]}).encode()


def item(kind: str = "user_message", **fields: Any) -> dict[str, Any]:
    body = SAID if kind == "user_message" else {}
    return {"id": "msg_1", "created_at": "2026-11-22T18:52:27Z", "type": kind, **body, **fields}


def body_of(thread: ImportedThread | Task, place: int = 0) -> dict[str, Any]:
    assert isinstance(thread, ImportedThread)
    wire: dict[str, Any] = json.loads(thread.items[place].body)
    return wire


def message_of(text: bytes) -> str:
    with pytest.raises(BadRequest) as refused:
        read(text)
    return refused.value.in_words(SAY)


def is_blank(body: Body) -> bool:
    """Whether it is a message in which there is no word and no mention."""
    parts = body.to_wire().get("content")
    return parts is not None and not any(
        part["text"].strip() or part["type"] == "input_tag" for part in parts
    )


@given(st.lists(VISIBLE, max_size=4))
def test_whatever_is_exported_can_be_imported(bodies: list[Body]) -> None:
    items = [stored(body, number) for number, body in enumerate(bodies)]
    thread = Thread(id="thr_1", created_at=T0, title="A", status=ThreadStatus(type="locked"))
    imported, task = read(export([(thread, items)], [TASK]).encode())
    assert isinstance(imported, ImportedThread)
    assert (imported.title, imported.titled, imported.created_at) == ("A", True, T0)
    assert imported.status == thread.status
    assert len(imported.items) == len([body for body in bodies if not is_blank(body)])
    for taken in imported.items:
        parse_body(taken.type, json.loads(taken.body))  # as every later read does
    assert task == TASK


def test_an_export_is_json_whatever_is_in_it() -> None:
    thread = Thread(id="thr_1", created_at=T0)
    head = {"format": "chatkit-export", "version": 1, "exported_at": "2026-11-26T12:00:00.000Z"}
    wire = {"id": "thr_1", "created_at": "2026-11-22T18:52:27.463Z", "status": {"type": "active"}}
    one, two = {**wire, "items": []}, [TASK.to_wire()] * 2
    assert json.loads(export([])) == {**head, "threads": []}
    assert json.loads(export([], [])) == {**head, "threads": [], "tasks": []}
    assert json.loads(export([], [TASK, TASK])) == {**head, "threads": [], "tasks": two}
    assert json.loads(export([(thread, [])] * 2, [TASK, TASK])) == {
        **head,
        "threads": [one, one],
        "tasks": two,
    }


def test_addresses_of_files_are_left_out_of_an_export() -> None:
    file = {
        "id": "atc_1",
        "name": "cat.png",
        "mime_type": "image/png",
        "type": "image",
        "preview_url": "chatkit-file:atc_1",
        "thread_id": "thr_1",
    }
    message = parse_body("user_message", {**SAID, "attachments": [file]})
    image = parse_body("generated_image", {"image": {"id": "atc_2", "url": "chatkit-file:atc_2"}})
    text = export([(Thread(id="thr_1", created_at=T0), [stored(message), stored(image, 2)])])
    assert "chatkit-file" not in text
    (thread,) = json.loads(text)["threads"]
    assert thread["items"][0]["attachments"] == [
        {"id": "atc_1", "name": "cat.png", "mime_type": "image/png", "type": "image"}
    ]
    assert thread["items"][1]["image"] == {"id": "atc_2"}


def test_ids_are_the_same_each_time_and_another_users_are_others() -> None:
    text = of_items(item(), item(id="msg_2"), item("end_of_turn", id="msg_3"))
    (first,), (again,), (bens,) = read(text), read(text), read(text, "ben")
    assert isinstance(first, ImportedThread)
    assert isinstance(bens, ImportedThread)
    assert first == again
    assert first.source_id == bens.source_id == "thr_1"
    own = {first.id, *(each.id for each in first.items), *(each.turn_id for each in first.items)}
    his = {bens.id, *(each.id for each in bens.items), *(each.turn_id for each in bens.items)}
    assert len(own) == 1 + 3 + 2  # the last two items are one turn
    assert own.isdisjoint(his)
    assert first.items[1].turn_id == first.items[2].turn_id


def test_a_thread_without_a_title_is_called_by_its_first_line() -> None:
    (thread,) = read(of_items(item("end_of_turn"), item(id="msg_2"), item(id="msg_3")))
    assert isinstance(thread, ImportedThread)
    assert (thread.title, thread.titled) == ("Hi", False)
    (thread,) = read(of_items(item("end_of_turn"), title="  "))
    assert isinstance(thread, ImportedThread)
    assert (thread.title, thread.titled) == (None, False)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T18:52:27.463Z", T0),
        ("2026-11-22T19:52:27.463+01:00", T0),
        ("2026-11-22T18:52:27.463", T0),
        ("2099-01-01T00:00:00Z", NOW),
        ("0001-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc_and_none_is_still_to_come(text: str, moment: datetime) -> None:
    (thread,) = read(of_items(created_at=text))
    assert isinstance(thread, ImportedThread)
    assert thread.created_at == moment


def test_files_are_named_where_they_were() -> None:
    file = {"id": "atc_1", "name": "cat.png", "mime_type": "image/png", "type": "image"}
    other = {**file, "name": "list.txt", "type": "file"}
    (thread,) = read(
        of_items(
            item(attachments=[file, other]),
            item(id="msg_2", content=[], attachments=[file]),
            item("generated_image", id="msg_3", image={"id": "atc_2"}),
        )
    )
    texts = [part["text"] for part in body_of(thread)["content"]]
    assert "".join(texts) == "Hi\n\n[Attached: cat.png, list.txt]"
    assert body_of(thread)["attachments"] == []
    assert body_of(thread, 1)["content"] == [{"type": "input_text", "text": "[Attached: cat.png]"}]
    assert body_of(thread, 2)["task"]["type"] == "image"


def test_a_message_that_says_nothing_is_left_out() -> None:
    """Some models refuse to read such a one."""
    blank: dict[str, Any] = {"content": [{"type": "input_text", "text": " \n"}]}
    part = {"type": "output_text", "text": " ", "annotations": []}
    (thread,) = read(
        of_items(
            item(**blank),
            item("assistant_message", id="msg_2", content=[part]),
            item("assistant_message", id="msg_3", content=[]),
            item(id="msg_4"),
        )
    )
    assert isinstance(thread, ImportedThread)
    assert len(thread.items) == 1


def test_nothing_is_under_way_in_a_thread_from_a_file() -> None:
    call = {"status": "pending", "call_id": "c", "name": "cart", "arguments": {}}
    form = {"status": "pending", "inputs": [{"id": "q", "question": "Why?", "type": "freeform"}]}
    step = CustomTask(status="loading", title="Add").to_wire()
    flow = {"type": "custom", "tasks": [step], "summary": {"duration": 3}, "expanded": False}
    (thread,) = read(
        of_items(
            item("task", id="msg_4", task=step),
            item("client_tool_call", **call),
            item("structured_input", id="msg_2", **form),
            item("workflow", id="msg_3", workflow=flow),
        )
    )
    assert body_of(thread)["task"] == {**step, "status_indicator": "none"}
    assert body_of(thread, 1)["status"] == "completed"
    assert body_of(thread, 2)["status"] == "skipped"
    assert body_of(thread, 3)["workflow"] == {
        **flow,
        "tasks": [{**step, "status_indicator": "none"}],
    }


def test_a_task_needs_no_more_than_a_title_an_id_and_a_time() -> None:
    wire = {"id": TASK.id.upper(), "title": " Buy  milk ", "completed": True}
    text = {
        "format": "chatkit-export",
        "tasks": [{**wire, "created_at": "2026-11-22T18:52:27.463Z"}],
    }
    (task,) = read(dumps(text).encode())
    assert isinstance(task, Task)
    assert (task.id, task.title) == (TASK.id, "Buy milk")
    assert task.created_at == task.updated_at == task.completed_at == T0


def test_a_task_that_is_not_completed_has_no_time_of_it() -> None:
    text = {"format": "chatkit-export", "tasks": [{**TASK.to_wire(), "completed": False}]}
    assert read(dumps(text).encode()) == [replace(TASK, completed=False, completed_at=None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (of_items(item(), item()), "threads[0].items[1].id: is there twice"),
        (
            of_items(item(created_at="today")),
            "threads[0].items[0].created_at: must be a time like 2026-11-22T18:52:27Z",
        ),
        (
            of_items(item(created_at="0001-01-01T00:00:00+14:00")),
            "threads[0].items[0].created_at: must be a time like 2026-11-22T18:52:27Z",
        ),
        (of_items(item(content=1)), "threads[0].items[0].content: must be a list"),
        (
            of_items(item("riddle")),
            f"threads[0].items[0].type: must be one of {KINDS}",
        ),
        (
            of_items(status={"type": "broken"}),
            "threads[0].status.type: must be active or locked or closed",
        ),
        (of_items(items=None), "threads[0].items: must not be null"),
        (of_items(id=""), "threads[0].id: must be 1 to 255 characters"),
        (b'{"format": "chatkit-export", "threads": [1]}', "threads[0]: must be an object"),
        (b'{"format": "chatkit-export", "tasks": [{"id": "1"}]}', "tasks[0].id: must be a uuid"),
        (
            of_items(status={"type": "closed", "reason": "x" * 501}),
            "threads[0].status.reason: must be 1 to 500 characters",
        ),
        (b'{"format": "chatkit-export", "version": true}', "version: this server reads version 1"),
        (b'{"format": "chatkit-export", "version": 2}', "version: this server reads version 1"),
        (
            b'{"format": "other", "threads": []}',
            NEITHER,
        ),
        (
            b'{"threads": [{"id": 1}]}',
            NEITHER,
        ),
    ],
)
def test_a_malformed_file_is_refused_by_its_place(text: bytes, message: str) -> None:
    assert message_of(text) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": ""}, "tasks[0].title: must not be empty"),
        ({"priority": "vital"}, "tasks[0].priority: must be one of high, medium, low"),
        ({"due_date": "soon"}, "tasks[0].due_date: must be a date like 2026-11-30"),
        ({"completed_at": 5}, "tasks[0].completed_at: must be a string"),
        ({"created_at": None}, "tasks[0].created_at: must not be null"),
    ],
)
def test_a_malformed_task_is_refused_by_its_place(change: dict[str, Any], message: str) -> None:
    file = {"format": "chatkit-export", "tasks": [{**TASK.to_wire(), **change}]}
    assert message_of(dumps(file).encode()) == message


def test_an_item_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_ITEM", 200)
    assert len(read(of_items(item()))) == 1
    long = [{"type": "input_text", "text": "x" * 200}]
    message = "threads[0]: an item of it has more than 200 characters"
    assert message_of(of_items(item(content=long))) == message


def test_members_of_a_later_version_are_passed_over() -> None:
    text = b'{"format": "chatkit-export", "more": [{"a": 1}], "threads": {"a": 1}, "tasks": 1}'
    assert read(text) == []
