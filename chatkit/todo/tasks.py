"""The values of the to-do list: tasks, drafts, changes and queries, with their validation.

The REST routes and the MCP tools both build these values, so each rule is defined once, here.
Wire names are the field names here (contract of the server, section 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from chatkit.protocol.errors import BadRequest, Sentence
from chatkit.protocol.times import to_wire

Priority = Literal["high", "medium", "low"]
Category = Literal["work", "personal", "study", "health", "finance"]
Recurrence = Literal["daily", "weekly", "monthly"]
StatusFilter = Literal[
    "all", "pending", "completed", "overdue", "today", "tomorrow", "this week", "no due date"
]
Sort = Literal["newest", "oldest", "due date", "priority", "title"]

PRIORITIES: Final[tuple[str, ...]] = get_args(Priority)
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)
RECURRENCES: Final[tuple[str, ...]] = get_args(Recurrence)
STATUSES: Final[tuple[str, ...]] = get_args(StatusFilter)
SORTS: Final[tuple[str, ...]] = get_args(Sort)

MAX_TITLE: Final = 255
MAX_DESCRIPTION: Final = 2000
MAX_TAGS: Final = 20
MAX_TAG: Final = 50
MAX_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One stored task. `due_date` is a date in the user's calendar; the times are in UTC."""

    id: str
    title: str
    description: str | None
    completed: bool
    completed_at: datetime | None
    priority: Priority
    category: Category | None
    tags: tuple[str, ...]
    due_date: date | None
    recurrence: Recurrence | None
    created_at: datetime
    updated_at: datetime

    def to_wire(self) -> dict[str, Any]:
        """All fields, including nulls, so that REST clients get a stable shape."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "completed": self.completed,
            "completed_at": to_wire(self.completed_at) if self.completed_at else None,
            "priority": self.priority,
            "category": self.category,
            "tags": list(self.tags),
            "due_date": self.due_date.isoformat() if self.due_date else None,
            "recurrence": self.recurrence,
            "created_at": to_wire(self.created_at),
            "updated_at": to_wire(self.updated_at),
        }


def _text(name: str, value: object, *, max_chars: int) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{name}: must be a string")
    if "\0" in value or any("\ud800" <= mark <= "\udfff" for mark in value):
        raise BadRequest(f"{name}: must not hold NUL characters or lone surrogates")
    cleaned = value.strip()
    if len(cleaned) > max_chars:
        raise BadRequest(f"{name}: at most {max_chars} characters")
    return cleaned


def _title(name: str, value: object) -> str:
    cleaned = " ".join(_text(name, value, max_chars=MAX_TITLE).split())
    if not cleaned:
        raise BadRequest(f"{name}: must not be empty")
    return cleaned


def _description(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value, max_chars=MAX_DESCRIPTION) or None


def _one_of(choices: tuple[str, ...], *, optional: bool) -> Callable[[str, object], str | None]:
    def check(name: str, value: object) -> str | None:
        if optional and value in (None, "", "none"):
            return None
        folded = value.strip().lower().replace("_", " ") if isinstance(value, str) else value
        if folded not in choices:
            raise BadRequest(f"{name}: must be one of {', '.join(choices)}")
        return folded

    return check


def _tags(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise BadRequest(f"{name}: must be a list of strings")
    tags: dict[str, None] = {}
    for place, entry in enumerate(value):
        tag = _text(f"{name}[{place}]", entry, max_chars=MAX_TAG).lstrip("#").lower()
        if tag:
            tags[tag] = None
    if len(tags) > MAX_TAGS:
        raise BadRequest(f"{name}: at most {MAX_TAGS} tags")
    return tuple(tags)


_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?", re.ASCII | re.DOTALL)


def _due_date(name: str, value: object) -> date | None:
    """Parse a date, `2026-11-30`. Of a full ISO time, which date pickers send, keep the date."""
    if value in (None, ""):
        return None
    match = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise BadRequest(f"{name}: must be a date like 2026-11-30")
    try:
        return date.fromisoformat(match[1])
    except ValueError as error:
        raise BadRequest(f"{name}: there is no such day") from error


def _completed(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"{name}: must be true or false")
    return value


#: The fields that a client may set, each with its validation rule.
_RULES: Final[dict[str, Callable[[str, object], Any]]] = {
    "title": _title,
    "description": _description,
    "completed": _completed,
    "priority": _one_of(PRIORITIES, optional=False),
    "category": _one_of(CATEGORIES, optional=True),
    "tags": _tags,
    "due_date": _due_date,
    "recurrence": _one_of(RECURRENCES, optional=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A new task before it is stored. Build it with `parse_draft`."""

    title: str
    description: str | None = None
    priority: Priority = "medium"
    category: Category | None = None
    tags: tuple[str, ...] = ()
    due_date: date | None = None
    recurrence: Recurrence | None = None
    completed: bool = False


@dataclass(frozen=True, slots=True)
class TaskChanges:
    """Checked new values by field name. Fields that are missing do not change."""

    values: Mapping[str, Any]


def parse_draft(fields: Mapping[str, Any]) -> TaskDraft:
    """Parse a new task from a JSON object; unknown keys are ignored.

    Raises BadRequest that names the field.
    """
    if "title" not in fields:
        raise BadRequest("title: is required")
    if fields.get("priority", "medium") is None:
        fields = {name: value for name, value in fields.items() if name != "priority"}
    return TaskDraft(**_checked(fields))


def parse_changes(fields: Mapping[str, Any]) -> TaskChanges:
    """Parse changes of a task from a JSON object; unknown keys are ignored.

    Raises BadRequest that names the field, or if no field is left.
    """
    values = _checked(fields)
    if not values:
        raise BadRequest(Sentence("task.nothing_to_change", fields=", ".join(_RULES)))
    return TaskChanges(values)


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rule(name, fields[name]) for name, rule in _RULES.items() if name in fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Filters, order and page of a task list.

    `today` is the current date of the user; `overdue`, `today` and other statuses depend on it.
    `after` is the id of the last task of the previous page; `offset` is the number of tasks to
    skip.
    """

    today: date
    status: StatusFilter = "all"
    priority: Priority | None = None
    category: Category | None = None
    tag: str | None = None
    search: str | None = None
    sort: Sort = "newest"
    limit: int = 50
    offset: int = 0
    after: str | None = None


def parse_query(fields: Mapping[str, Any], *, today: date) -> TaskQuery:
    """Parse a query from a JSON object or URL parameters; null and empty mean the default.

    `limit` is capped at 100. A `limit` below 1 and a negative `offset` raise BadRequest.
    """
    given = {name: value for name, value in fields.items() if value is not None and value != ""}
    rules: dict[str, Callable[[str, object], Any]] = {
        "status": _one_of(STATUSES, optional=False),
        "priority": _one_of(PRIORITIES, optional=False),
        "category": _one_of(CATEGORIES, optional=False),
        "tag": lambda name, value: (
            _text(name, value, max_chars=MAX_TAG).lstrip("#").lower() or None
        ),
        "search": lambda name, value: _text(name, value, max_chars=MAX_TITLE) or None,
        "sort": _one_of(SORTS, optional=False),
        "limit": lambda name, value: min(_count(name, value, least=1), MAX_PAGE),
        "offset": lambda name, value: _count(name, value, least=0),
        "after": lambda name, value: _text(name, value, max_chars=64),
    }
    checked = {name: rule(name, given[name]) for name, rule in rules.items() if name in given}
    return TaskQuery(today=today, **checked)


def _count(name: str, value: object, *, least: int) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():  # models write 5.0
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name}: must be a whole number")
    if value < least:
        raise BadRequest(f"{name}: must be at least {least}")
    return min(value, 1_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """One page of a query. `total` counts all matching tasks, on this page or not."""

    tasks: Sequence[Task]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A task after `complete`; `next_task` is the one that its recurrence created, if any."""

    task: Task
    next_task: Task | None = None
