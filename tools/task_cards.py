"""The widget trees of the task cards: list, form and preview.

The rows of a list keep their numbers, because "task 2" in the thread refers to them; a deleted task
leaves a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final

from chatkit.answer.cards import Card
from chatkit.protocol import widgets as w
from chatkit.protocol.errors import Sentence
from chatkit.todo.days import say_day
from chatkit.todo.labels import capitalized, say_value
from chatkit.todo.tasks import CATEGORIES, PRIORITIES, RECURRENCES, Task
from chatkit.words.say import Say
from tools.listed import Listed

GONE: Final = Sentence("card.gone")

_REPEATS: Final = {
    "daily": Sentence("repeats.daily"),
    "weekly": Sentence("repeats.weekly"),
    "monthly": Sentence("repeats.monthly"),
}


def list_card(
    listed: Listed,
    tasks: Mapping[str, Task],
    today: date,
    say: Say,
    *,
    message: str | None = None,
    asking: str | None = None,
) -> Card:
    """Draw a list. `tasks` holds the current tasks by id; rows of missing tasks are left out.

    `message` is shown above the list: the result of the last action, or its error. The row of the
    task with the id `asking` asks whether to delete it.
    """
    rows = [(place, tasks[name]) for place, name in listed.places.items() if name in tasks]
    if not rows:
        return message_card(message or say("card.no_tasks"), icon="notebook")
    done = sum(task.completed for _, task in rows)
    count = say("card.count", count=len(rows))
    more = say("card.more", count=listed.more)
    lines = [_line(place, task, today, say) for place, task in rows]
    tree = w.list_view(
        [
            w.list_view_item([w.text(message, color="secondary")], id="message")
            if message
            else None,
            *(_row(place, task, today, say, asks=task.id == asking) for place, task in rows),
            w.list_view_item([w.caption(more)], id="more", key=str(listed.more))
            if listed.more
            else None,
        ],
        status={
            "text": say("card.count_done", tasks=count, done=done) if done else count,
            "icon": "check-circle",
        },
    )
    if listed.more:
        lines.append(more)
    return Card(widget=tree, copy_text="\n".join(lines))


def offers(shown: object, action: str) -> bool:
    """Whether a click on a card can send an action of this type."""
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
    say: Say,
    *,
    entered: Mapping[str, str] | None = None,
    message: str | None = None,
) -> Card:
    """Draw a form for one task of a list. `entered` overrides the values of the task.

    `zone` is the user's. A date picker needs a time, and noon in that zone is on the right day.
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
            w.title(say("card.edit_title"), size="sm"),
            w.text(message, color="danger") if message else None,
            _field(
                say("card.title"),
                w.text_input("title", defaultValue=values["title"], required=True),
            ),
            _field(
                say("card.description"),
                w.textarea(
                    "description", defaultValue=values["description"], rows=2, autoResize=True
                ),
            ),
            w.row(
                [
                    _field(say("card.priority"), _choice("priority", PRIORITIES, values, say)),
                    _field(
                        say("card.category"),
                        _choice("category", ("none", *CATEGORIES), values, say),
                    ),
                    _field(
                        say("card.repetition"),
                        _choice("recurrence", ("none", *RECURRENCES), values, say),
                    ),
                ],
                gap=3,
                wrap="wrap",
            ),
            _field(say("card.due_date"), _due_picker(values["due_date"], say)),
            _field(
                say("card.tags"),
                w.text_input(
                    "tags", defaultValue=values["tags"], placeholder=say("card.tags_example")
                ),
            ),
        ],
        asForm=True,
        confirm={
            "label": say("card.save"),
            "action": w.action("task.save", {"task_id": task.id}),
        },
        cancel={
            "label": say("card.cancel"),
            "action": w.action("task.cancel_edit", back, streaming=False),
        },
    )
    return Card(widget=tree, copy_text=task.title)


def message_card(
    sentence: str, details: Sequence[str] = (), *, icon: str = "info", struck: bool = False
) -> Card:
    """Draw a message without buttons. `struck` strikes the details through."""
    tree = w.card(
        [
            w.row([w.icon(icon, color="secondary"), w.text(sentence)], gap=2, align="center"),
            *(w.text(detail, size="sm", color="secondary", lineThrough=struck)
              for detail in details),
        ]
    )  # fmt: skip
    return Card(widget=tree, copy_text="\n".join([sentence, *(f"- {line}" for line in details)]))


def task_preview(task: Task, today: date, say: Say) -> w.Node:
    """The preview of a task, shown when the pointer is over its name."""
    return w.basic(
        [
            w.text(task.title, weight="semibold", lineThrough=task.completed, maxLines=3),
            facts(task, today, say),
            w.text(task.description, size="sm", color="secondary", maxLines=6)
            if task.description
            else None,
        ],
        gap=2,
        padding=3,
    )


def _row(place: int, task: Task, today: date, say: Say, *, asks: bool) -> w.Node:
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
                    facts(task, today, say),
                    w.caption(say("card.ask_delete", count=1), color="danger") if asks else None,
                ],
                flex=1,
                gap=1,
            ),
            *(_answers(naming, say) if asks else _offers(naming, say)),
        ],
        id=f"task-{place}",
        key=task.id,
        gap=2,
        align="center",
    )


def _offers(naming: Mapping[str, str], say: Say) -> list[w.Node]:
    return [
        w.button(
            say("card.edit"),
            size="xs",
            variant="ghost",
            onClickAction=w.action("task.edit", naming, streaming=False),
        ),
        w.button(
            say("card.delete"),
            size="xs",
            variant="ghost",
            color="danger",
            onClickAction=w.action("task.ask_delete", naming, streaming=False),
        ),
    ]


def _answers(naming: Mapping[str, str], say: Say) -> list[w.Node]:
    """The buttons of the question. “Keep” is where the delete button was, so that an accidental
    second click deletes nothing."""
    return [
        w.button(
            say("card.delete"),
            size="xs",
            variant="solid",
            color="danger",
            onClickAction=w.action("task.delete", naming),
        ),
        w.button(
            say("card.keep"),
            size="xs",
            variant="outline",
            onClickAction=w.action("task.cancel_edit", {}, streaming=False),
        ),
    ]


def facts(task: Task, today: date, say: Say) -> w.Node | None:
    """A row with what is known of a task beside its title; None for nothing."""
    due = None
    if task.due_date is not None:
        late = _is_late(task, today)
        day = say_day(task.due_date, today, say)
        due = w.caption(
            say("task.overdue", day=day) if late else say("task.due", day=day),
            color="danger" if late else "secondary",
        )
    others = [
        *map(capitalized, _kind(task, say)),
        *(f"#{tag}" for tag in task.tags),
    ]
    facts = [_priority(task, say), due, *(w.caption(other, color="secondary") for other in others)]
    if not any(facts):
        return None
    return w.row(facts, gap=2, align="center", wrap="wrap")


def _priority(task: Task, say: Say) -> w.Node | None:
    """The badge of a priority; None for medium, the default."""
    match task.priority:
        case "high":
            return w.badge(say("task.high"), color="danger", variant="soft", size="sm")
        case "medium":
            return None
        case "low":
            return w.badge(say("task.low"), color="secondary", variant="soft", size="sm")


def _kind(task: Task, say: Say) -> list[str]:
    """The category and recurrence of a task."""
    kind = [] if task.category is None else [say_value(task.category, say)]
    if task.recurrence is not None:
        kind.append(_REPEATS[task.recurrence].in_words(say))
    return kind


def _is_late(task: Task, today: date) -> bool:
    return task.due_date is not None and task.due_date < today and not task.completed


def _field(name: str, field: w.Node) -> w.Node:
    return w.col([w.label(name, field["name"]), field], gap=1, flex=1)


def _choice(name: str, choices: Sequence[str], values: Mapping[str, str], say: Say) -> w.Node:
    options: list[w.Option] = [
        {"value": each, "label": capitalized(say_value(each, say))} for each in choices
    ]
    return w.select(name, options, defaultValue=values[name], block=True)


def _due_picker(value: str, say: Say) -> w.Node:
    empty = say("card.no_date")
    if not value:
        return w.date_picker("due_date", placeholder=empty, clearable=True)
    return w.date_picker("due_date", placeholder=empty, clearable=True, defaultValue=value)


def _noon(day: date | None, zone: tzinfo) -> str:
    if day is None:
        return ""
    noon = datetime.combine(day, time(12), zone).isoformat()
    return noon.replace("+00:00", "Z") if zone is UTC else noon


def _line(place: int, task: Task, today: date, say: Say) -> str:
    return f"{place}. [{'x' if task.completed else ' '}] {words_of(task, today, say)}"


def words_of(task: Task, today: date, say: Say) -> str:
    """A task on one line of text."""
    said = [task.title]
    if task.due_date is not None:
        day = say_day(task.due_date, today, say)
        late = _is_late(task, today)
        said.append(
            say("task.overdue_in_line", day=day) if late else say("task.due_in_line", day=day)
        )
    match task.priority:
        case "high":
            said.append(say("task.high_in_line"))
        case "low":
            said.append(say("task.low_in_line"))
    return " · ".join([*said, *_kind(task, say), *(f"#{tag}" for tag in task.tags)])
