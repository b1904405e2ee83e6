"""The items that a stream of events has built so far."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.answer.drafting import DraftWriter, read_draft
from chatkit.answer.replay import open_items
from chatkit.protocol import widgets as w
from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    EndOfTurn,
    GeneratedImage,
    WidgetBody,
    WorkflowBody,
)
from chatkit.protocol.content import Annotation, UrlSource
from chatkit.protocol.events import (
    Event,
    ImageUpdated,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    PartAdded,
    PartAnnotated,
    PartDelta,
    PartDone,
    Progress,
    StepAdded,
    StepUpdated,
    encode_event,
)
from chatkit.protocol.items import Item
from chatkit.protocol.workflows import CustomTask, Workflow
from tests.fakes import START
from tests.wording import SAY

EMPTY = AssistantMessage(text=None)


def item(item_id: str, body: Body) -> Item:
    return Item(id=item_id, thread_id="thr_1", created_at=START, body=body)


def replayed(*events: Event) -> list[Item]:
    lines = [line for event in events if (line := encode_event(event)) is not None]
    return open_items(lines, SAY)


def test_text_and_sources_of_a_message_are_as_far_as_they_came() -> None:
    source = Annotation(source=UrlSource(title="A", url="https://a.example"), index=2)
    assert replayed(
        ItemAdded(item("msg_1", EMPTY)),
        PartAdded("msg_1"),
        PartDelta("msg_1", "He"),
        PartAnnotated("msg_1", 0, source),
        Progress(text="Searching"),
        PartDelta("msg_1", "llo"),
    ) == [item("msg_1", AssistantMessage(text="Hello", annotations=(source,)))]


def test_the_end_of_a_text_is_the_whole_of_it() -> None:
    assert replayed(
        ItemAdded(item("msg_1", EMPTY)),
        PartAdded("msg_1"),
        PartDelta("msg_1", "He"),
        PartDone("msg_1", "Hello"),
    ) == [item("msg_1", AssistantMessage(text="Hello"))]


def test_an_item_that_is_done_or_taken_away_is_open_no_more() -> None:
    assert (
        replayed(
            ItemAdded(item("msg_1", EMPTY)),
            PartAdded("msg_1"),
            PartDelta("msg_1", "Hello"),
            ItemDone(item("msg_1", AssistantMessage(text="Hello"))),
            ItemDone(item("msg_2", EndOfTurn())),
            ItemAdded(item("msg_3", EMPTY)),
            PartAdded("msg_3"),
            PartDelta("msg_3", "Bye"),
            ItemRemoved("msg_3"),
        )
        == []
    )


def test_an_update_of_an_item_that_began_before_the_log_is_passed_over() -> None:
    assert replayed(PartDelta("msg_1", "llo")) == []


def test_the_steps_of_a_workflow_are_under_way_no_more() -> None:
    begun = WorkflowBody(workflow=Workflow(type="custom"))
    assert replayed(
        ItemAdded(item("wf_1", begun)),
        StepAdded("wf_1", 0, CustomTask(status="loading", title="One")),
        StepUpdated("wf_1", 0, CustomTask(status="complete", title="One")),
        StepAdded("wf_1", 1, CustomTask(status="loading", title="Two")),
    ) == [
        item(
            "wf_1",
            WorkflowBody(
                workflow=Workflow(
                    type="custom",
                    steps=(CustomTask(status="complete", title="One"), CustomTask(title="Two")),
                )
            ),
        )
    ]


def test_a_draft_is_as_it_would_be_finished() -> None:
    draft = DraftWriter(item("msg_1", EndOfTurn()), SAY)
    events = [draft.begin(), *draft.grow('{"title": "Mail", "text": "De'), *draft.grow("ar")]
    (found,) = replayed(*events)
    _, finished = draft.cut_off()
    assert found == finished


def test_a_card_that_is_sent_again_whole_is_that_card() -> None:
    draft = DraftWriter(item("msg_1", EndOfTurn()), SAY)
    last, whole = draft.close('{"title": "Mail", "text": "Dear"}')
    (found,) = replayed(draft.begin(), *last[:-1])
    assert isinstance(found.body, WidgetBody)
    assert isinstance(whole.body, WidgetBody)
    assert read_draft(found.body.widget) == ("Mail", "Dear")
    assert found.body.widget == whole.body.widget


SKETCH = ImageUpdated(item_id="msg_1", image_id="msg_1", url="data:image/png,x", progress=0.5)


@pytest.mark.parametrize(
    ("body", "updates"),
    [
        (EMPTY, []),
        (EMPTY, [PartAdded("msg_1"), PartDelta("msg_1", " \n")]),
        (WorkflowBody(workflow=Workflow(type="custom")), []),
        (WidgetBody(widget=w.card([w.text("Another card")])), []),
        (GeneratedImage(), [SKETCH]),
    ],
)
def test_an_item_that_holds_nothing_to_show_is_left_out(body: Any, updates: list[Event]) -> None:
    assert replayed(ItemAdded(item("msg_1", body)), *updates) == []
