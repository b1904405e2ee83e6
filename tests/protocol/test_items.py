"""Items and threads on the wire: fields, nulls, times, and the way through the store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    ClientToolCall,
    UserMessage,
    WorkflowBody,
    parse_body,
)
from chatkit.protocol.content import (
    Annotation,
    EntitySource,
    FileSource,
    InputTag,
    InputText,
    UrlSource,
)
from chatkit.protocol.ids import make_id
from chatkit.protocol.items import Item, StoredItem, Thread, ThreadStatus
from chatkit.protocol.jsontext import clean_text, clean_value, dumps
from chatkit.protocol.times import to_wire
from chatkit.protocol.workflows import (
    CustomTask,
    FileTask,
    ImageTask,
    ThoughtTask,
    WebSearchTask,
    Workflow,
)
from tests.protocol.bodies import BODIES

T0 = datetime(2026, 11, 22, 18, 52, 27, 463114, tzinfo=UTC)


def test_times_are_utc_with_a_z() -> None:
    assert to_wire(T0) == "2026-11-22T18:52:27.463Z"
    assert to_wire(T0.astimezone(timezone(timedelta(hours=5)))) == "2026-11-22T18:52:27.463Z"
    with pytest.raises(ValueError, match="zone"):
        to_wire(T0.replace(tzinfo=None))


def test_an_id_carries_128_bits() -> None:
    assert make_id("thr", bytes(range(16))) == "thr_000102030405060708090a0b0c0d0e0f"
    with pytest.raises(ValueError, match="16"):
        make_id("thr", b"short")


def test_unset_fields_are_left_out_and_defaults_are_present() -> None:
    message = UserMessage(content=(InputText(text="Hi"), InputTag(id="t", text="milk")))
    item = Item(id="msg_1", thread_id="thr_1", created_at=T0, body=message)
    assert item.to_wire() == {
        "id": "msg_1",
        "thread_id": "thr_1",
        "created_at": "2026-11-22T18:52:27.463Z",
        "type": "user_message",
        "content": [
            {"type": "input_text", "text": "Hi"},
            {"type": "input_tag", "id": "t", "text": "milk", "data": {}, "interactive": False},
        ],
        "attachments": [],
        "inference_options": {},
    }


def test_a_thread_shows_its_title_only_when_it_has_one_and_never_metadata() -> None:
    untitled = json.loads(Thread(id="thr_1", created_at=T0).encode())
    assert untitled == {
        "id": "thr_1",
        "created_at": "2026-11-22T18:52:27.463Z",
        "status": {"type": "active"},
        "metadata": {},
        "items": {"data": [], "has_more": False},
    }
    locked = Thread(
        id="thr_1", created_at=T0, title="A", status=ThreadStatus(type="locked", reason="Full")
    )
    assert json.loads(locked.encode())["status"] == {"type": "locked", "reason": "Full"}
    assert json.loads(locked.encode())["title"] == "A"


def test_a_thread_says_from_where_images_may_come_only_where_that_is_limited() -> None:
    anywhere = Thread(id="thr_1", created_at=T0)
    limited = replace(anywhere, allowed_image_domains=("a.example",))
    nowhere = replace(anywhere, allowed_image_domains=())
    domains = [
        json.loads(thread.encode()).get("allowed_image_domains")
        for thread in (anywhere, limited, nowhere)
    ]
    assert domains == [None, ["a.example"], []]


def test_a_null_that_the_page_answered_is_kept_and_an_output_that_never_came_is_left_out() -> None:
    waiting = ClientToolCall(call_id="c", name="cart", arguments={"of": None})
    answered = replace(waiting, status="completed", output=None, has_output=True)
    assert waiting.to_wire() == {
        "status": "pending",
        "call_id": "c",
        "name": "cart",
        "arguments": {"of": None},
    }
    assert answered.to_wire() == {**waiting.to_wire(), "status": "completed", "output": None}
    given_up = replace(waiting, status="completed")
    assert "output" not in given_up.to_wire()


PAGE = UrlSource(title="A", url="https://a.example")
ENTITY = EntitySource(title="Milk", id="t1")
EVERY_STEP = (
    CustomTask(title="Add a task"),
    ThoughtTask(content="Hm"),
    WebSearchTask(queries=("tea",), sources=(PAGE,)),
    FileTask(sources=(FileSource(title="B", filename="b.pdf"),)),
    ImageTask(title="A cat"),
)


@given(BODIES)
@example(WorkflowBody(workflow=Workflow(type="custom", steps=EVERY_STEP)))
@example(
    AssistantMessage(text="x", annotations=(Annotation(source=PAGE), Annotation(source=ENTITY)))
)
def test_any_body_comes_back_from_the_store_as_it_was(body: Body) -> None:
    assert parse_body(body.type, json.loads(dumps(body.to_wire()))) == body


@given(BODIES)
def test_a_stored_item_is_encoded_as_the_item_itself(body: Body) -> None:
    item = Item(id="msg_1", thread_id="thr_1", created_at=T0, body=body)
    stored = StoredItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=T0,
        type=body.type,
        body=dumps(body.to_wire()),
    )
    assert json.loads(stored.encode()) == item.to_wire()


def test_a_body_of_an_unknown_shape_is_a_fault() -> None:
    with pytest.raises(ValueError, match="unknown shape"):
        parse_body("riddle", {})


@given(st.text())
def test_clean_text_can_be_stored_and_keeps_what_can(text: str) -> None:
    cleaned = clean_text(text)
    assert "\0" not in cleaned
    cleaned.encode()
    assert clean_text(cleaned) == cleaned


def test_a_foreign_value_is_cleaned_to_its_depth() -> None:
    dirty = {"a\0": ["x\ud800", {"b": float("nan"), "c": 1.5}]}
    assert clean_value(dirty) == {"a": ["x\ufffd", {"b": None, "c": 1.5}]}
