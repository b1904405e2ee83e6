"""The export for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatkit.portable.markdown_export import MarkdownExport
from chatkit.protocol import widgets as w
from chatkit.protocol.bodies import Body
from chatkit.protocol.items import StoredItem, Thread
from chatkit.protocol.jsontext import dumps
from chatkit.todo.tasks import Task
from tests.protocol.bodies import VISIBLE
from tests.protocol.reader import LOADING, kinds
from tests.wording import SAY

T0 = datetime(2026, 11, 22, 18, 52, 27, tzinfo=UTC)


def stored(kind: str, body: dict[str, Any]) -> StoredItem:
    return StoredItem(id="msg_1", thread_id="thr_1", created_at=T0, type=kind, body=dumps(body))


def told(*items: tuple[str, dict[str, Any]], title: str | None = "Trip") -> str:
    """What stands under the head of a thread."""
    writer = MarkdownExport(SAY)
    writer.begin_thread(Thread(id="thr_1", created_at=T0, title=title))
    return "".join(writer.item(stored(kind, body)) for kind, body in items)


def said(text: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    content = [{"type": "input_text", "text": text}]
    return "user_message", {
        "content": content,
        "attachments": [],
        "inference_options": {},
        **fields,
    }


def answered(text: str, *sources: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    annotations = [{"type": "annotation", "source": source} for source in sources]
    part = {"type": "output_text", "text": text, "annotations": annotations}
    return "assistant_message", {"content": [part]}


def task(title: str, **fields: Any) -> Task:
    plain: dict[str, Any] = {
        "id": "6f0c52f6-3d5f-4a0e-9a51-52d0b7f3a001",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": "medium",
        "category": None,
        "tags": (),
        "due_date": None,
        "recurrence": None,
        "created_at": T0,
        "updated_at": T0,
    }
    return Task(title=title, **{**plain, **fields})


def test_a_whole_document() -> None:
    writer = MarkdownExport(SAY)
    text = writer.begin(T0)
    text += writer.begin_thread(Thread(id="thr_1", created_at=T0, title="A *trip*"))
    text += writer.item(stored(*said("Where to?\nRome?")))
    text += writer.item(stored(*answered("To **Rome**.")))
    text += writer.item(stored(*answered("Or Paris."))) + writer.end_thread()
    text += writer.begin_thread(Thread(id="thr_2", created_at=T0))
    text += writer.end_thread()
    text += writer.begin_tasks() + writer.task(task("Pack"))
    text += writer.task(task("Book", completed=True, completed_at=T0)) + writer.end()
    assert text == (
        "*Exported 2026-11-22 18:52 UTC*\n"
        "\n# A \\*trip\\*\n\n*Begun 2026-11-22 18:52 UTC*\n"
        "\n**You** · 2026-11-22 18:52 UTC\n\n> Where to?\\\n> Rome?\n"
        "\n**Assistant** · 2026-11-22 18:52 UTC\n\nTo **Rome**.\n"
        "\nOr Paris.\n"
        "\n# Untitled\n\n*Begun 2026-11-22 18:52 UTC*\n"
        "\n# Tasks\n\n- [ ] Pack\n- [x] Book\n"
    )


def test_a_message_shows_what_it_answers_its_mentions_and_its_files() -> None:
    tag = {"type": "input_tag", "id": "t", "text": "milk", "data": {}, "interactive": False}
    files = [{"id": "a", "name": "a_b.txt", "mime_type": "text/plain", "type": "file"}]
    mentioned = said("", content=[*said("See ")[1]["content"], tag], attachments=files)
    assert told((mentioned[0], {**mentioned[1], "quoted_text": "old\nwords"})).endswith(
        "UTC\n\n> > old\\\n> > words\n\n> See @milk\n\n> *Attached: a\\_b.txt*\n"
    )


def test_an_answer_names_its_sources_once() -> None:
    page = {"type": "url", "title": "Rome [guide]", "url": "https://a.test/x y"}
    sources = (page, page, {"type": "file", "title": "f", "filename": "map.pdf"})
    entity = {"type": "entity", "title": "Pack", "id": "1", "interactive": True, "data": {}}
    assert told(answered("Yes.", *sources, entity)).endswith(
        "UTC\n\nYes.\n\n- [Rome \\[guide\\]](<https://a.test/x%20y>)\n- map.pdf\n"
    )


def test_everything_else_that_a_thread_shows_is_a_line() -> None:
    steps = [
        {"type": "custom", "status_indicator": "none", "title": "Add a task"},
        {"type": "thought", "status_indicator": "none", "content": "Hm."},
        {"type": "web_search", "status_indicator": "none", "queries": [], "sources": []},
        {"type": "image", "status_indicator": "none"},
    ]
    questions = [
        {"id": "1", "question": "Why?", "type": "freeform"},
        {"id": "2", "question": "When?", "answer": {"values": ["now", "then"], "skipped": False}},
        {"id": "3", "question": "Who?", "answer": {"values": [], "skipped": True}},
    ]
    workflow = {"type": "custom", "tasks": steps, "expanded": False}
    call = {"status": "completed", "call_id": "c", "name": "get_cart", "arguments": {}}
    assert told(
        ("workflow", {"workflow": workflow}),
        ("task", {"task": steps[0]}),
        ("structured_input", {"status": "answered", "inputs": questions}),
        ("client_tool_call", call),
        ("generated_image", {}),
        ("end_of_turn", {}),
    ) == (
        "\n**Assistant** · 2026-11-22 18:52 UTC\n\n"
        "- *Add a task*\n- *Thought*\n- *Searched the web*\n- *Worked on it*\n"
        "\n- *Add a task*\n"
        "\n- Why?: *not answered*\n- When?: *now, then*\n- Who?: *not answered*\n"
        "\n- *Asked the page: get\\_cart*\n"
        "\n- *Made an image*\n"
    )


def test_a_card_is_its_words_a_row_to_a_line() -> None:
    card = w.card(
        [
            w.title("Tasks"),
            w.row([w.checkbox("done"), w.text("Buy *milk*"), w.badge("today")]),
            w.row([{"type": "Divider"}]),
            w.col([w.caption("2 more")]),
        ]
    )
    assert told(("widget", {"widget": card})).endswith(
        "UTC\n\n- Tasks\n- Buy \\*milk\\* · today\n- 2 more\n"
    )
    assert told(("widget", {"widget": card, "copy_text": "1. Milk\n2. *Tea*"})).endswith(
        "UTC\n\n1\\. Milk\\\n2\\. \\*Tea\\*\n"
    )


def test_a_task_says_what_it_holds() -> None:
    full = task(
        "Pay *rent*",
        description="To Ana\n\nby card",
        priority="high",
        category="finance",
        tags=("home", "a_b"),
        due_date=date(2026, 12, 1),
        recurrence="monthly",
    )
    writer = MarkdownExport(SAY)
    assert writer.task(full) == (
        "- [ ] Pay \\*rent\\* (high priority, due 2026-12-01, monthly, finance, #home, #a\\_b)\n\n"
        "  To Ana\n  \n  by card\n"
    )
    assert writer.task(task("Rest", priority="low")) == "- [ ] Rest (low priority)\n"


@given(st.lists(VISIBLE, max_size=3))
def test_whatever_a_thread_holds_the_document_loads_nothing(bodies: list[Body]) -> None:
    text = told(*((body.type, body.to_wire()) for body in bodies))
    assert kinds(text).isdisjoint(LOADING)
