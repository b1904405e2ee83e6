"""Events as one line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.bodies import (
    AssistantMessage,
    ClientToolCall,
    EndOfTurn,
    Note,
    StructuredInput,
    WidgetBody,
)
from chatkit.protocol.calls import Effect
from chatkit.protocol.content import Annotation, UrlSource
from chatkit.protocol.events import (
    ClientEffect,
    ErrorEvent,
    Event,
    ImageUpdated,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    ItemReplaced,
    Notice,
    PartAdded,
    PartAnnotated,
    PartDelta,
    PartDone,
    Progress,
    StepAdded,
    StepUpdated,
    StreamOptions,
    ThreadCreated,
    ThreadUpdated,
    WidgetUpdated,
    encode_event,
)
from chatkit.protocol.items import Item, Thread, ThreadStatus
from chatkit.protocol.structured import Question
from chatkit.protocol.workflows import ThoughtTask, Workflow
from tests.fakes import START

T0 = "2026-11-22T12:00:00.000Z"
THREAD = Thread(id="thr_1", created_at=START)
THREAD_WIRE = {
    "id": "thr_1",
    "created_at": T0,
    "status": {"type": "active"},
    "metadata": {},
    "items": {"data": [], "has_more": False},
}
HEAD = {"id": "msg_1", "thread_id": "thr_1", "created_at": T0, "type": "assistant_message"}


def message(text: str | None) -> Item:
    return Item(id="msg_1", thread_id="thr_1", created_at=START, body=AssistantMessage(text=text))


def message_of(item_id: str) -> Item:
    return Item(id=item_id, thread_id="thr_1", created_at=START, body=EndOfTurn())


QUESTIONS = (Question(id="q1", question="How?"),)


def part(text: str) -> dict[str, Any]:
    return {"annotations": [], "text": text, "type": "output_text"}


def update(kind: str, **fields: Any) -> dict[str, Any]:
    name = f"assistant_message.content_part.{kind}"
    return {
        "type": "thread.item.updated",
        "item_id": "msg_1",
        "update": {"type": name, "content_index": 0, **fields},
    }


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        (ThreadCreated(THREAD), {"type": "thread.created", "thread": THREAD_WIRE}),
        (ThreadUpdated(THREAD), {"type": "thread.updated", "thread": THREAD_WIRE}),
        (ItemAdded(message(None)), {"type": "thread.item.added", "item": HEAD | {"content": []}}),
        (
            ItemDone(message("Hi")),
            {"type": "thread.item.done", "item": HEAD | {"content": [part("Hi")]}},
        ),
        (
            ItemReplaced(message("Hi")),
            {"type": "thread.item.replaced", "item": HEAD | {"content": [part("Hi")]}},
        ),
        (ItemRemoved("msg_1"), {"type": "thread.item.removed", "item_id": "msg_1"}),
        (PartAdded("msg_1"), update("added", content=part(""))),
        (PartDelta("msg_1", "Hi"), update("text_delta", delta="Hi")),
        (PartDone("msg_1", "Hi"), update("done", content=part("Hi"))),
        (
            StreamOptions(allow_cancel=True),
            {"type": "stream_options", "stream_options": {"allow_cancel": True}},
        ),
        (
            ClientEffect(Effect(name="tasks/changed")),
            {"type": "client_effect", "name": "tasks/changed", "data": {}},
        ),
        (
            ErrorEvent(message="No.", allow_retry=False),
            {"type": "error", "code": "custom", "message": "No.", "allow_retry": False},
        ),
        (
            ErrorEvent(message=None, allow_retry=True),
            {"type": "error", "code": "stream.error", "allow_retry": True},
        ),
    ],
)
def test_each_event_has_its_wire_form(event: Event, wire: dict[str, Any]) -> None:
    encoded = encode_event(event)
    assert encoded is not None
    assert json.loads(encoded) == wire


@pytest.mark.parametrize("event_type", [ItemAdded, ItemDone, ItemReplaced])
def test_a_hidden_item_is_never_sent(event_type: type[ItemAdded | ItemDone | ItemReplaced]) -> None:
    hidden = Item(id="hid_1", thread_id="thr_1", created_at=START, body=Note(text="secret"))
    assert encode_event(event_type(hidden)) is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_delta_is_one_line_and_comes_back(text: str) -> None:
    encoded = encode_event(PartDelta("msg_1", text))
    assert encoded is not None
    assert "\n" not in encoded
    assert "\r" not in encoded
    assert json.loads(encoded) == update("text_delta", delta=text)


@pytest.mark.parametrize(
    "build",
    [
        lambda: message_of('m"1'),
        lambda: message_of(""),
        lambda: ItemRemoved(""),
        lambda: ThoughtTask(content="x", status=cast(Any, "bogus")),
        lambda: Workflow(type=cast(Any, "zzz")),
        lambda: Workflow(type="custom", title="T", duration=1),
        lambda: Workflow(type="custom", icon="bolt"),
        lambda: ThreadStatus(type=cast(Any, "weird")),
        lambda: StructuredInput(questions=()),
        lambda: StructuredInput(questions=QUESTIONS, status=cast(Any, "lost")),
        lambda: ClientToolCall(call_id="c", name="n", arguments={}, status=cast(Any, "x")),
        lambda: ClientToolCall(call_id="", name="n", arguments={}),
        lambda: WidgetBody(widget={"type": "Row", "children": []}),
        lambda: UrlSource(title="t", url="javascript:alert(1)"),
        lambda: Annotation(source=UrlSource(title="t", url="https://a"), index=-5),
        lambda: ClientEffect(Effect(name="")),
        lambda: WidgetUpdated("msg_1", {"type": "widget.root.updated"}),
        lambda: WidgetUpdated("msg_1", {"type": "widget.root.updated", "widget": {"type": "Row"}}),
        lambda: WidgetUpdated("msg_1", {"type": "widget.component.updated", "component": {}}),
        lambda: WidgetUpdated("msg_1", {"type": "widget.streaming_text.value_delta"}),
        lambda: ImageUpdated(item_id="msg_1", image_id="", url="u"),
        lambda: Notice(level=cast(Any, "loud"), message="x"),
        lambda: StreamOptions(cast(Any, None)),
        lambda: StepAdded("wf_1", -1, ThoughtTask(content="x")),
        lambda: StepUpdated("wf_1", -1, ThoughtTask(content="x")),
        lambda: PartAnnotated(
            "msg_1", -1, Annotation(source=UrlSource(title="t", url="https://u"))
        ),
        lambda: WidgetUpdated("msg_1", {"type": "widget.exploded"}),
        lambda: ImageUpdated(item_id="msg_1", image_id="i", url="u", progress=1.5),
        lambda: Progress(text=" "),
        lambda: Notice(level="info", message=""),
        lambda: ErrorEvent(message="", allow_retry=True),
    ],
)
def test_an_event_that_the_wire_does_not_know_cannot_be_built(build: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        build()


def test_each_of_the_new_events_is_written_as_the_protocol_has_it() -> None:
    step = ThoughtTask(status="complete", content="Hm")
    wire_step = {"status_indicator": "complete", "type": "thought", "content": "Hm"}
    source = Annotation(source=UrlSource(title="T", url="https://a.example"), index=3)
    wire_source = {
        "type": "annotation",
        "source": {"type": "url", "title": "T", "url": "https://a.example"},
        "index": 3,
    }

    def update(item_id: str, kind: str, **fields: Any) -> dict[str, Any]:
        changed = {"type": kind, **fields}
        return {"type": "thread.item.updated", "item_id": item_id, "update": changed}

    part = "assistant_message.content_part"
    kind = "widget.streaming_text.value_delta"
    delta = {"type": kind, "component_id": "t", "delta": "x", "done": False}
    expected: list[tuple[Event, dict[str, Any]]] = [
        (
            StepAdded("wf_1", 0, step),
            update("wf_1", "workflow.task.added", task_index=0, task=wire_step),
        ),
        (
            StepUpdated("wf_1", 1, step),
            update("wf_1", "workflow.task.updated", task_index=1, task=wire_step),
        ),
        (
            PartAnnotated("msg_1", 2, source),
            update(
                "msg_1",
                f"{part}.annotation_added",
                content_index=0,
                annotation_index=2,
                annotation=wire_source,
            ),
        ),
        (
            WidgetUpdated("msg_1", delta),
            {"type": "thread.item.updated", "item_id": "msg_1", "update": delta},
        ),
        (
            ImageUpdated(item_id="msg_1", image_id="i", url="data:x", progress=0.5),
            update(
                "msg_1",
                "generated_image.updated",
                image={"id": "i", "url": "data:x"},
                progress=0.5,
            ),
        ),
        (
            Progress(text="Wait", icon="bolt"),
            {"type": "progress_update", "icon": "bolt", "text": "Wait"},
        ),
        (
            Notice(level="info", message="M", title="T"),
            {"type": "notice", "level": "info", "title": "T", "message": "M"},
        ),
    ]
    for event, wire in expected:
        assert json.loads(encode_event(event) or "") == wire
