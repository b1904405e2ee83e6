"""Items and threads on the wire: fields, nulls, times, and the way through the store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    CallRecord,
    ClientToolCall,
    EndOfTurn,
    GeneratedImage,
    Note,
    StopMark,
    StructuredInput,
    TaskBody,
    ToolRound,
    UserMessage,
    WidgetBody,
    WorkflowBody,
    parse_body,
)
from chatkit.protocol.content import (
    Annotation,
    EntitySource,
    FileSource,
    InferenceOptions,
    InputTag,
    InputText,
    UrlSource,
)
from chatkit.protocol.ids import make_id
from chatkit.protocol.items import Item, StoredItem, Thread, ThreadStatus
from chatkit.protocol.jsontext import clean_text, clean_value, dumps
from chatkit.protocol.structured import Answer, Question
from chatkit.protocol.times import to_wire
from chatkit.protocol.workflows import (
    CustomTask,
    FileTask,
    ImageTask,
    ThoughtTask,
    WebSearchTask,
    Workflow,
)

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


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TAGS = st.builds(
    InputTag,
    id=TEXT,
    text=TEXT,
    data=st.dictionaries(TEXT, JSON, max_size=3),
    group=st.none() | TEXT,
    interactive=st.booleans(),
)
MAYBE = st.none() | TEXT
DESCRIBED: dict[str, Any] = {
    "title": TEXT,
    "description": MAYBE,
    "timestamp": MAYBE,
    "group": MAYBE,
}
WORDS = TEXT.filter(bool)
URLS = st.builds(UrlSource, **DESCRIBED, url=TEXT.map("https://{}".format), attribution=MAYBE)
FILES = st.builds(FileSource, **DESCRIBED, filename=TEXT)
SOURCES = (
    URLS
    | FILES
    | st.builds(
        EntitySource,
        **DESCRIBED,
        id=TEXT,
        icon=MAYBE,
        label=MAYBE,
        inline_label=MAYBE,
        interactive=st.booleans(),
        data=st.dictionaries(TEXT, TEXT, max_size=2),
    )
)
STATUS = st.sampled_from(["none", "loading", "complete"])
STEPS = st.one_of(
    st.builds(CustomTask, status=STATUS, title=MAYBE, icon=MAYBE, content=MAYBE),
    st.builds(ThoughtTask, status=STATUS, title=MAYBE, content=TEXT),
    st.builds(
        WebSearchTask,
        status=STATUS,
        title=MAYBE,
        queries=st.lists(TEXT, max_size=2).map(tuple),
        sources=st.lists(URLS, max_size=2).map(tuple),
    ),
    st.builds(FileTask, status=STATUS, title=MAYBE, sources=st.lists(FILES, max_size=2).map(tuple)),
    st.builds(ImageTask, status=STATUS, title=MAYBE),
)
ANSWERS = st.none() | st.builds(
    Answer, values=st.lists(TEXT, max_size=2).map(tuple), skipped=st.booleans()
)
QUESTIONS = st.builds(
    Question,
    id=TEXT,
    question=TEXT,
    options=st.lists(TEXT, min_size=1, max_size=3).map(tuple),
    multiple=st.booleans(),
    answer=ANSWERS,
) | st.builds(Question, id=TEXT, question=TEXT, description=MAYBE, answer=ANSWERS)
WORKFLOW: dict[str, Any] = {
    "type": st.sampled_from(["custom", "reasoning"]),
    "steps": st.lists(STEPS, max_size=3).map(tuple),
    "expanded": st.booleans(),
}
BODIES: st.SearchStrategy[Body] = st.one_of(
    st.builds(
        UserMessage,
        content=st.lists(st.builds(InputText, text=TEXT) | TAGS, max_size=3).map(tuple),
        quoted_text=st.none() | TEXT,
        inference_options=st.builds(
            InferenceOptions, model=st.none() | TEXT, tool_choice=st.none() | TEXT
        ),
    ),
    st.builds(AssistantMessage, text=st.none() | TEXT),
    st.builds(
        AssistantMessage,
        text=TEXT,
        annotations=st.lists(
            st.builds(Annotation, source=SOURCES, index=st.none() | st.integers(0, 99)), max_size=3
        ).map(tuple),
    ),
    st.builds(
        ClientToolCall,
        call_id=WORDS,
        name=WORDS,
        arguments=st.dictionaries(TEXT, JSON, max_size=2),
        status=st.just("completed"),
        output=JSON,
        has_output=st.just(True),
    ),
    st.builds(ClientToolCall, call_id=WORDS, name=WORDS, arguments=st.just({})),
    st.builds(
        WidgetBody,
        widget=st.dictionaries(TEXT, JSON, max_size=3).map(lambda tree: {**tree, "type": "Card"}),
        copy_text=st.none() | TEXT,
    ),
    st.builds(GeneratedImage, file_id=st.none() | TEXT),
    st.builds(
        StructuredInput,
        questions=st.lists(QUESTIONS, min_size=1, max_size=3).map(tuple),
        status=st.sampled_from(["pending", "answered", "skipped"]),
    ),
    st.builds(
        WorkflowBody,
        workflow=st.one_of(
            st.builds(Workflow, **WORKFLOW, duration=st.none() | st.integers(0, 99)),
            st.builds(Workflow, **WORKFLOW, title=TEXT, icon=MAYBE),
        ),
    ),
    st.builds(TaskBody, step=STEPS),
    st.just(EndOfTurn()),
    st.builds(StopMark, TEXT),
    st.builds(Note, text=TEXT, carried=st.booleans()),
    st.builds(
        ToolRound,
        calls=st.lists(
            st.builds(
                CallRecord,
                call_id=TEXT,
                name=TEXT,
                arguments=TEXT,
                output=TEXT,
                failed=st.booleans(),
            ),
            max_size=3,
        ).map(tuple),
        after_text=st.booleans(),
        carried=st.booleans(),
    ),
)


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
