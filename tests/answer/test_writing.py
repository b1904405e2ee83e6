"""A message and a workflow while they are being written."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.answer.writing import MAX_MENTIONS, MessageWriter, WorkflowWriter
from chatkit.protocol.bodies import AssistantMessage, WorkflowBody
from chatkit.protocol.content import Annotation, EntitySource
from chatkit.protocol.events import ItemDone, PartAnnotated, PartDone, StepAdded, StepUpdated
from chatkit.protocol.items import Item
from chatkit.protocol.workflows import CustomTask, ThoughtTask, Workflow
from tests.fakes import START


def item(item_id: str, body: Any) -> Item:
    return Item(id=item_id, thread_id="thr_1", created_at=START, body=body)


def message(text: str) -> MessageWriter:
    writer = MessageWriter(item("msg_1", AssistantMessage(text=None)))
    writer.write(text)
    return writer


def workflow() -> WorkflowWriter:
    return WorkflowWriter(item("wf_1", WorkflowBody(workflow=Workflow(type="custom"))), "reasoning")


def mention(title: str, task_id: str, index: int) -> Annotation:
    source = EntitySource(
        title=title,
        id=task_id,
        icon="check-circle",
        interactive=True,
        data={"task_id": task_id},
    )
    return Annotation(source=source, index=index)


def test_tasks_are_marked_where_the_text_first_names_them_in_the_order_of_the_text() -> None:
    text = "🫖 Buy tea, then call mum; buy tea and Buy tea again."
    first, second = mention("Buy tea", "t1", 10), mention("call mum", "t2", 25)
    whole = item("msg_1", AssistantMessage(text=text, annotations=(first, second)))
    assert message(text).close({"call mum": "t2", "Buy tea": "t1"}) == (
        [
            PartAnnotated("msg_1", 0, first),
            PartAnnotated("msg_1", 1, second),
            PartDone("msg_1", text, (first, second)),
            ItemDone(whole),
        ],
        whole,
    )


@pytest.mark.parametrize("title", ["te", "tea", "Tea", "Call (mum"])
def test_a_title_that_is_too_short_or_stands_nowhere_by_itself_is_not_marked(title: str) -> None:
    _, whole = message("te, teapot, steal; call mum").close({title: "t1"})
    assert whole is not None
    assert whole.body == AssistantMessage(text="te, teapot, steal; call mum")


def test_the_first_so_many_of_the_tasks_in_a_text_are_marked() -> None:
    titles = [f"task {number:02}" for number in range(MAX_MENTIONS + 5)]
    _, whole = message(", ".join(titles)).close({title: title for title in reversed(titles)})
    assert whole is not None
    assert isinstance(whole.body, AssistantMessage)
    marked = [annotation.source.title for annotation in whole.body.annotations]
    assert marked == titles[:MAX_MENTIONS]


def test_a_thought_is_told_again_only_when_it_has_grown_enough() -> None:
    def so_far(text: str, status: Any = "loading") -> ThoughtTask:
        return ThoughtTask(status=status, content=text)

    writer = workflow()
    assert writer.think("a" * 10) == [StepAdded("wf_1", 0, so_far("a" * 10))]
    assert writer.think("b" * 79) == []
    grown = "a" * 10 + "b" * 79 + "c"
    assert writer.think("c") == [StepUpdated("wf_1", 0, so_far(grown))]
    assert writer.think("d") == []
    assert writer.end_thought() == [StepUpdated("wf_1", 0, so_far(f"{grown}d", "complete"))]
    assert writer.end_thought() == []


def test_a_long_thought_is_told_again_by_eighths() -> None:
    writer = workflow()
    writer.think("a" * 7_000)
    assert writer.think("b" * 998) == []
    whole = ThoughtTask(status="loading", content="a" * 7_000 + "b" * 998 + "cc")
    assert writer.think("cc") == [StepUpdated("wf_1", 0, whole)]


def test_a_step_ends_the_thought_before_it_and_the_end_whatever_is_under_way() -> None:
    writer = workflow()
    writer.think("Hm")
    step = CustomTask(status="loading", title="Add a task")
    thought = ThoughtTask(status="complete", content="Hm")
    assert writer.add("a", step) == [
        StepUpdated("wf_1", 0, thought),
        StepAdded("wf_1", 1, step),
    ]
    over = CustomTask(title="Add a task")
    whole = item(
        "wf_1",
        WorkflowBody(workflow=Workflow(type="reasoning", steps=(thought, over), duration=0)),
    )
    assert writer.close(START) == ([StepUpdated("wf_1", 1, over), ItemDone(whole)], whole)


def test_a_step_that_is_not_there_is_not_changed() -> None:
    assert workflow().change("a", CustomTask()) == []
