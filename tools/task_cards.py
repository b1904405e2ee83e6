"""The trees of the task cards: a list, a form, a question, a preview.

A list keeps its places: the number of a row is what "task 2" means in the thread, so the row of a
task that is gone leaves a gap. What a card shows is read back from its tree (`read_listed`), so
that a card of any age can be drawn again with its tasks as they are now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

from chatkit.answer.cards import Card
from chatkit.protocol import widgets as w
from chatkit.todo.days import say_day
from chatkit.todo.tasks import CATEGORIES, PRIORITIES, RECURRENCES, Task

#: Rows of one list card; further tasks are counted in a last line.
MOST_ROWS: Final = 50

GONE: Final = "This task no longer exists."

_REPEATS: Final = {"daily": "every day", "weekly": "every week", "monthly": "every month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list card shows: ids by place, counted from 1, and how many tasks it leaves out."""

    places: Mapping[int, str]
    more: int = 0


def list_card(
    listed: Listed,
    tasks: Mapping[str, Task],
    today: date,
    *,
    message: str | None = None,
    asking: str | None = None,
) -> Card:
    """The list with its tasks as they are in `tasks`, by id; those that are missing are gone.

    `message` stands above the list: what has just happened, or could not be done. The row of the
    task `asking` asks whether it is to be deleted.
    """
    rows = [(place, tasks[name]) for place, name in listed.places.items() if name in tasks]
    if not rows:
        return told_card(message or "There are no tasks here.", icon="notebook")
    done = sum(task.completed for _, task in rows)
    count = f"{len(rows)} {'task' if len(rows) == 1 else 'tasks'}"
    lines = [_line(place, task, today) for place, task in rows]
    tree = w.list_view(
        [
            w.list_view_item([w.text(message, color="secondary")], id="message")
            if message
            else None,
            *(_row(place, task, today, asks=task.id == asking) for place, task in rows),
            w.list_view_item(
                [w.caption(f"and {listed.more} more")], id="more", key=str(listed.more)
            )
            if listed.more
            else None,
        ],
        status={"text": f"{count}, {done} done" if done else count, "icon": "check-circle"},
    )
    if listed.more:
        lines.append(f"and {listed.more} more")
    return Card(widget=tree, copy_text="\n".join(lines))


def read_listed(widget: Mapping[str, Any] | None) -> Listed | None:
    """The list that a card shows or, being a form, came from; None where it is neither."""
    match widget:
        case {"type": "ListView", "children": list(items)}:
            places, more = {}, 0
            for item in items:
                match item:
                    case {"id": "more", "key": str(key)} if key.isdecimal():
                        more = int(key)
                    case {"id": str(name), "key": str(key)} if name.startswith("task-"):
                        places[int(name.removeprefix("task-"))] = key
            return Listed(places=places, more=more) if places else None
        case {
            "type": "Card",
            "cancel": {"action": {"payload": {"places": list(pairs), "more": int(more)}}},
        }:
            return Listed(places=dict(pairs), more=more)
    return None


def offers(shown: object, action: str) -> bool:
    """Whether a click on a card can ask for an action of that type."""
    match shown:
        case {"type": str(kind)} if kind == action:
            return True
        case dict():
            return any(offers(value, action) for value in shown.values())
        case list():
            return any(offers(value, action) for value in shown)
    return False


def form_card(
    task: Task,
    listed: Listed,
    zone: tzinfo,
    *,
    entered: Mapping[str, str] | None = None,
    message: str | None = None,
) -> Card:
    """A form for one task of a list. `entered` are values to show in place of the task's own.

    `zone` is the user's: a date picker speaks of moments, and noon there is on the right day.
    """
    values = {
        "title": task.title,
        "description": task.description or "",
        "priority": task.priority,
        "category": task.category or "none",
        "recurrence": task.recurrence or "none",
        "tags": ", ".join(task.tags),
        "due_date": _noon(task.due_date, zone),
        **(entered or {}),
    }
    back = {"places": [[*pair] for pair in listed.places.items()], "more": listed.more}
    tree = w.card(
        [
            w.title("Edit task", size="sm"),
            w.text(message, color="danger") if message else None,
            _field("Title", w.text_input("title", defaultValue=values["title"], required=True)),
            _field(
                "Description",
                w.textarea(
                    "description", defaultValue=values["description"], rows=2, autoResize=True
                ),
            ),
            w.row(
                [
                    _field("Priority", _choice("priority", PRIORITIES, values)),
                    _field("Category", _choice("category", ("none", *CATEGORIES), values)),
                    _field("Repeats", _choice("recurrence", ("none", *RECURRENCES), values)),
                ],
                gap=3,
                wrap="wrap",
            ),
            _field("Due", _due_picker(values["due_date"])),
            _field(
                "Tags",
                w.text_input("tags", defaultValue=values["tags"], placeholder="home, shop"),
            ),
        ],
        asForm=True,
        confirm={"label": "Save", "action": w.action("task.save", {"task_id": task.id})},
        cancel={"label": "Cancel", "action": w.action("task.cancel_edit", back, streaming=False)},
    )
    return Card(widget=tree, copy_text=task.title)


def confirm_card(tasks: Sequence[Task], today: date) -> Card:
    """Asks before these tasks are deleted."""
    what = "this task" if len(tasks) == 1 else f"these {len(tasks)} tasks"
    payload = {"task_ids": [task.id for task in tasks]}
    keep = "Keep it" if len(tasks) == 1 else "Keep them"
    tree = w.card(
        [
            w.title(f"Delete {what}?", size="sm"),
            *(_named(task, today) for task in tasks),
        ],
        confirm={"label": "Delete", "action": w.action("tasks.delete_confirmed", payload)},
        cancel={"label": keep, "action": w.action("tasks.keep", payload)},
    )
    lines = [f"- {_words(task, today)}" for task in tasks]
    return Card(widget=tree, copy_text="\n".join([f"Delete {what}?", *lines]))


def told_card(
    sentence: str, details: Sequence[str] = (), *, icon: str = "info", struck: bool = False
) -> Card:
    """Says what has happened; nothing can be done on it. `struck` draws lines through details."""
    tree = w.card(
        [
            w.row([w.icon(icon, color="secondary"), w.text(sentence)], gap=2, align="center"),
            *(w.text(detail, size="sm", color="secondary", lineThrough=struck)
              for detail in details),
        ]
    )  # fmt: skip
    return Card(widget=tree, copy_text="\n".join([sentence, *(f"- {line}" for line in details)]))


def task_preview(task: Task, today: date) -> w.Node:
    """What is shown of a task when the pointer rests on its name."""
    return w.basic(
        [
            w.text(task.title, weight="semibold", lineThrough=task.completed, maxLines=3),
            _facts(task, today),
            w.text(task.description, size="sm", color="secondary", maxLines=6)
            if task.description
            else None,
        ],
        gap=2,
        padding=3,
    )


def _row(place: int, task: Task, today: date, *, asks: bool) -> w.Node:
    naming = {"task_id": task.id}
    toggled = {**naming, "completed": not task.completed}
    return w.list_view_item(
        [
            w.box([w.caption(str(place), color="secondary")], minWidth=20),
            w.checkbox(
                "completed",
                defaultChecked=task.completed,
                onChangeAction=w.action("task.complete", toggled, streaming=False),
            ),
            w.col(
                [
                    w.text(
                        task.title,
                        lineThrough=task.completed,
                        color="secondary" if task.completed else "primary",
                    ),
                    _facts(task, today),
                    w.caption("Delete this task?", color="danger") if asks else None,
                ],
                flex=1,
                gap=1,
            ),
            *(_answers(naming) if asks else _offers(naming)),
        ],
        id=f"task-{place}",
        key=task.id,
        gap=2,
        align="center",
    )


def _offers(naming: Mapping[str, str]) -> list[w.Node]:
    return [
        w.button(
            "Edit",
            size="xs",
            variant="ghost",
            onClickAction=w.action("task.edit", naming, streaming=False),
        ),
        w.button(
            "Delete",
            size="xs",
            variant="ghost",
            color="danger",
            onClickAction=w.action("task.ask_delete", naming, streaming=False),
        ),
    ]


def _answers(naming: Mapping[str, str]) -> list[w.Node]:
    """To keep stands where to delete was offered: a second click by mistake deletes nothing."""
    return [
        w.button(
            "Delete",
            size="xs",
            variant="solid",
            color="danger",
            onClickAction=w.action("task.delete", naming),
        ),
        w.button(
            "Keep",
            size="xs",
            variant="outline",
            onClickAction=w.action("task.cancel_edit", {}, streaming=False),
        ),
    ]


def _named(task: Task, today: date) -> w.Node:
    return w.col([w.text(task.title), _facts(task, today)], gap=1, key=task.id)


def _facts(task: Task, today: date) -> w.Node | None:
    due = None
    if task.due_date is not None:
        late = _is_late(task, today)
        due = w.caption(
            f"{'Overdue' if late else 'Due'} {say_day(task.due_date, today)}",
            color="danger" if late else "secondary",
        )
    others = [
        *(other.capitalize() for other in (task.category, _repeats(task)) if other),
        *(f"#{tag}" for tag in task.tags),
    ]
    facts = [_priority(task), due, *(w.caption(other, color="secondary") for other in others)]
    if not any(facts):
        return None
    return w.row(facts, gap=2, align="center", wrap="wrap")


def _priority(task: Task) -> w.Node | None:
    """Medium is what a task has that nobody has thought about."""
    match task.priority:
        case "high":
            return w.badge("High priority", color="danger", variant="soft", size="sm")
        case "medium":
            return None
        case "low":
            return w.badge("Low priority", color="secondary", variant="soft", size="sm")


def _repeats(task: Task) -> str | None:
    return _REPEATS.get(task.recurrence or "")


def _is_late(task: Task, today: date) -> bool:
    return task.due_date is not None and task.due_date < today and not task.completed


def _field(name: str, field: w.Node) -> w.Node:
    return w.col([w.label(name, field["name"]), field], gap=1, flex=1)


def _choice(name: str, choices: Sequence[str], values: Mapping[str, str]) -> w.Node:
    options: list[w.Option] = [{"value": each, "label": each.capitalize()} for each in choices]
    return w.select(name, options, defaultValue=values[name], block=True)


def _due_picker(value: str) -> w.Node:
    if not value:
        return w.date_picker("due_date", placeholder="No date", clearable=True)
    return w.date_picker("due_date", placeholder="No date", clearable=True, defaultValue=value)


def _noon(day: date | None, zone: tzinfo) -> str:
    if day is None:
        return ""
    noon = datetime.combine(day, time(12), zone).isoformat()
    return noon.replace("+00:00", "Z") if zone is UTC else noon


def _line(place: int, task: Task, today: date) -> str:
    return f"{place}. [{'x' if task.completed else ' '}] {_words(task, today)}"


def _words(task: Task, today: date) -> str:
    said = [task.title]
    if task.due_date is not None:
        late = _is_late(task, today)
        said.append(f"{'overdue since' if late else 'due'} {say_day(task.due_date, today)}")
    if task.priority != "medium":
        said.append(f"{task.priority} priority")
    said += [other for other in (task.category, _repeats(task)) if other]
    return " · ".join([*said, *(f"#{tag}" for tag in task.tags)])
