"""The values that the parts of the demo exchange."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: Arguments of a tool: the fields of a task, or what `list_tasks` shall list.
ToolArguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as a tool result describes it. `title` is None if only the id is known."""

    id: str
    title: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def completed(self) -> bool:
        """Whether it is known to be completed."""
        return self.fields.get("completed") is True


# Targets.


@dataclass(frozen=True, slots=True)
class Places:
    """Tasks by their numbers in the list last shown, from 1."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class It:
    """The task last touched in the conversation."""


@dataclass(frozen=True, slots=True)
class Words:
    """The task with this title."""

    text: str


@dataclass(frozen=True, slots=True)
class Every:
    """All tasks that `list_tasks` finds with these arguments."""

    filter: ToolArguments


Target = Places | It | Words | Every

# Intents. A target of None, or no draft, means that the message did not name a task.


@dataclass(frozen=True, slots=True)
class Add:
    """Add tasks; each draft holds the arguments of `add_task`.

    The answer reports `unkept`, a recurrence that tasks cannot have, and a wish to be reminded.
    """

    drafts: tuple[ToolArguments, ...] = ()
    unkept: str = ""
    reminds: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """Show a list: all that `list_tasks` finds with these arguments."""

    filter: ToolArguments = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Complete or reopen."""

    target: Target | None = None
    completed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTask:
    """Change fields. `unkept`: see Add."""

    target: Target | None = None
    fields: ToolArguments = field(default_factory=dict)
    unkept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete. The server decides whether the user is asked first."""

    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Ask for a task in a form, then add it. `title` is empty if none was named."""

    title: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """Draft a text: `email to Ana about the meeting`."""

    what: str


@dataclass(frozen=True, slots=True)
class Talk:
    """An answer without a tool. `unknown`: the message was not understood."""

    kind: Literal["help", "hello", "thanks", "undo", "yes", "no", "unknown"]


UNKNOWN = Talk("unknown")
TaskAction = Complete | ChangeTask | Delete
Intent = Add | Show | TaskAction | Plan | Write | Talk

# Tool calls, their results, and the answer.


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    name: str
    arguments: ToolArguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a tool. `readable` is False for anything but the documented object. `on_card`:
    a card shows the tasks. `answers`: one for each question of a form, empty if it was skipped."""

    success: bool = False
    readable: bool = True
    task: TaskView | None = None
    tasks: tuple[TaskView, ...] = ()
    total: int = 0
    message: str = ""
    on_card: bool = False
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReply:
    """The text of an answer (Markdown), and what the next message may answer.

    The next message may name the task that `awaits` lacks; the text numbers `options`.
    """

    text: str
    awaits: Add | TaskAction | None = None
    options: tuple[TaskView, ...] = ()


#: Yields the calls of a round, is sent their results in the same order, and returns the reply.
Script = Generator[list[Call], list[Result], DemoReply]

# What the conversation has shown: the list that numbers refer to, and what "it" means.


@dataclass(slots=True)
class Memory:
    """Built anew from the messages for each request.

    `shown` is the list last shown, `focus` the task last touched, `asked` the answer before this
    message where that asked something, `known` every task of a result.
    """

    shown: tuple[TaskView, ...] = ()
    focus: TaskView | None = None
    asked: DemoReply | None = None
    known: dict[str, TaskView] = field(default_factory=dict)

    def note(self, call: Call, result: Result) -> None:
        """Take the tasks of a result."""
        told = (*result.tasks, *([result.task] if result.task else []))
        self.known |= {task.id: task for task in told}
        if not result.success:
            return
        if call.name == "list_tasks" and call.arguments.get("show", True) is not False:
            self.shown = result.tasks
            self.focus = result.tasks[0] if len(result.tasks) == 1 else self.focus
        elif call.name == "delete_task":
            deleted = self.focus is not None and self.focus.id == call.arguments.get("task_id")
            self.focus = None if deleted else self.focus
        elif result.task is not None:
            self.focus = result.task

    def ask(self, reply: DemoReply | None) -> None:
        """Keep the question of an answer. Its numbered list becomes the list last shown."""
        self.asked = reply if reply is not None and reply.awaits is not None else None
        if reply is not None and reply.options:
            self.shown = reply.options
