"""The card that asks whether to make the changes that a model wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from chatkit.answer.cards import Card
from chatkit.protocol import widgets as w
from chatkit.protocol.errors import Sentence
from chatkit.todo.tasks import Task, parse_changes
from chatkit.words.say import Say
from tools.task_cards import facts, words_of

#: The fields that a question shows, in this order.
_LABELS: Final = {
    "title": Sentence("card.title"),
    "description": Sentence("card.description"),
    "priority": Sentence("card.priority"),
    "category": Sentence("card.category"),
    "recurrence": Sentence("card.repetition"),
    "due_date": Sentence("card.due_date"),
    "tags": Sentence("card.tags"),
}
#: Most characters of a value in a question.
_MAX_BRIEF: Final = 300


def confirm_card(
    changes: Sequence[tuple[Task, Mapping[str, Any] | None]], turn_id: str, today: date, say: Say
) -> Card:
    """Draw a card that asks whether to make these changes: a task each, with its new fields, or
    None to delete it. `turn_id` is the turn that wants them."""
    deletions = [task for task, fields in changes if fields is None]
    edits = [(task, fields) for task, fields in changes if fields is not None]
    count = len(changes)
    if edits:
        question = say("card.ask_changes", count=count)
        agree, keep = say("card.make_changes"), say("card.leave", count=count)
    else:
        question = say("card.ask_delete", count=count)
        agree, keep = say("card.delete"), say("card.keep_asked", count=count)
    payload = {
        "turn_id": turn_id,
        "task_ids": [task.id for task in deletions],
        "edits": [
            {**fields, "task_id": task.id, "as_of": state_of(task)} for task, fields in edits
        ],
    }
    lines = [f"- {words_of(task, today, say)}" for task in deletions]
    nodes = []
    for task in deletions:
        to_delete = w.caption(say("card.to_delete"), color="danger") if edits else None
        nodes.append(
            w.col([w.text(task.title), facts(task, today, say), to_delete], gap=1, key=task.id)
        )
    for task, fields in edits:
        different = _differences(task, fields, say)
        lines += [f"- {task.title}", *(f"  - {line}" for line in different)]
        captions = [w.caption(line, color="secondary") for line in different]
        nodes.append(w.col([w.text(task.title), *captions], gap=1, key=f"edit-{task.id}"))
    tree = w.card(
        [w.title(question, size="sm"), *nodes],
        confirm={"label": agree, "action": w.action("tasks.confirmed", payload)},
        cancel={"label": keep, "action": w.action("tasks.keep", payload)},
    )
    return Card(widget=tree, copy_text="\n".join([question, *lines]))


def state_of(task: Task) -> str:
    """A mark that is another one after each change of a task."""
    return task.updated_at.isoformat()


def _differences(task: Task, fields: Mapping[str, Any], say: Say) -> list[str]:
    """Each field that gets another value, before and after."""
    old = task.to_wire()
    new = replace(task, **parse_changes(fields).values).to_wire()
    return [
        say(
            "card.difference",
            field=label.in_words(say),
            old=_brief(old[name]),
            new=_brief(new[name]),
        )
        for name, label in _LABELS.items()
        if old[name] != new[name]
    ]


def _brief(value: object) -> str:
    """A value on one line, cut where it is long."""
    text = ", ".join(value) if isinstance(value, list) else str(value or "")
    text = " ".join(text.split()) or "—"
    return text if len(text) <= _MAX_BRIEF else f"{text[:_MAX_BRIEF]}…"
