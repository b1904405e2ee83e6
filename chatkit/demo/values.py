"""The plain values that pass between the parts of the demo."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from chatkit.todo.tasks import MAX_DESCRIPTION, MAX_TAG, MAX_TAGS, MAX_TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Fields of a task as a sentence gives them; None is "not said"."""

    due_date: date | None = None
    priority: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    recurrence: str | None = None
    description: str | None = None

    def to_arguments(self) -> dict[str, Any]:
        """What was said, as arguments of a tool, cut to what a task may hold."""
        said: dict[str, Any] = {
            "due_date": self.due_date.isoformat() if self.due_date else None,
            "priority": self.priority,
            "category": self.category,
            "tags": [tag[:MAX_TAG] for tag in self.tags[:MAX_TAGS]] or None,
            "recurrence": self.recurrence,
            "description": self.description and self.description[:MAX_DESCRIPTION],
        }
        return {name: value for name, value in said.items() if value is not None}

    def with_more(self, more: Details) -> Details:
        """Both together; where both speak, `more` wins, and tags are joined."""
        return Details(
            due_date=more.due_date or self.due_date,
            priority=more.priority or self.priority,
            category=more.category or self.category,
            tags=tuple(dict.fromkeys((*self.tags, *more.tags))),
            recurrence=more.recurrence or self.recurrence,
            description=more.description or self.description,
        )


@dataclass(frozen=True, slots=True)
class Unkept:
    """Words that ask for what a task cannot hold; the answer says so."""

    kind: Literal["time", "recurrence", "reminder"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as a result told of it. `title` is None for one known by its place alone."""

    id: str
    title: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def completed(self) -> bool:
        """Whether it is known to be completed."""
        return self.fields.get("completed") is True

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags; anything malformed is passed over."""
        tags = self.fields.get("tags")
        return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list; the names and values are those of the tool `list_tasks`."""

    status: str | None = None
    priority: str | None = None
    category: str | None = None
    tag: str | None = None
    search: str | None = None
    sort: str | None = None

    def to_arguments(self) -> dict[str, Any]:
        """What was said, as arguments of `list_tasks`."""
        said = {
            "status": self.status,
            "priority": self.priority,
            "category": self.category,
            "tag": self.tag and self.tag[:MAX_TAG],
            "search": self.search and self.search[:MAX_TITLE],
            "sort": self.sort,
        }
        return {name: value for name, value in said.items() if value}


# Which tasks a sentence means.


@dataclass(frozen=True, slots=True)
class Places:
    """By number in the list last shown, from 1; -1 is the last one."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class It:
    """The task last touched in the conversation."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All of the list last shown: "them", "both"."""


@dataclass(frozen=True, slots=True)
class Words:
    """By the title; `loose` says that a part of the title is enough."""

    text: str
    loose: bool = False


@dataclass(frozen=True, slots=True)
class These:
    """Tasks that are already known."""

    tasks: tuple[TaskView, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All tasks that a filter lets through."""

    filter: Filter


Target = Places | It | Shown | Words | These | Every

# What a sentence asks for.


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A task to be added."""

    title: str
    details: Details = Details()


@dataclass(frozen=True, slots=True)
class Add:
    """Add tasks, at least one."""

    drafts: tuple[Draft, ...]
    unkept: tuple[Unkept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show a list; with `more`, the next page of the one last shown."""

    filter: Filter = Filter()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Complete or reopen."""

    target: Target
    completed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Change fields. `cleared` names fields to empty; `dropped` are tags to take away."""

    target: Target
    title: str | None = None
    details: Details = Details()
    cleared: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    unkept: tuple[Unkept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete; the server says when the person must be asked first."""

    target: Target


@dataclass(frozen=True, slots=True)
class Begun:
    """A command that lacks its end: `add a task`, `delete`. The next message may give it."""

    verb: Literal["add", "complete", "reopen", "change", "delete"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Ask in a form for a task, which is then added; `title` is empty where none was named."""

    title: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """Draft a text: `email to Ana about the meeting`."""

    what: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Conversation that needs no tool."""

    kind: Literal["help", "hello", "thanks", "bye", "who", "day", "undo", "yes", "no"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was not understood; nothing is done."""


Acting = Complete | Change | Delete
Intent = Add | Show | Acting | Begun | Plan | Write | Talk | Unknown

# What goes to the tools, and what comes of it.


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a tool answered. `readable` is False for anything but the documented object; `asks`
    says that the person must agree first, `on_card` that the person sees the tasks already.
    `answers` are those of a form, one for each question, empty for one that was skipped."""

    success: bool = False
    readable: bool = True
    task: TaskView | None = None
    tasks: tuple[TaskView, ...] = ()
    total: int = 0
    message: str = ""
    asks: bool = False
    on_card: bool = False
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The text of an answer (Markdown), and what the next message may answer.

    `begun` wants its end; `choosing` wants one of `options`, which the text numbers; a yes deletes
    `put_off`.
    """

    text: str
    begun: Begun | None = None
    choosing: Acting | None = None
    options: tuple[TaskView, ...] = ()
    put_off: tuple[TaskView, ...] = ()


#: Rounds of calls go out, their results come in, in the same order; a reply ends it.
Script = Generator[list[Call], list[Result], Reply]
