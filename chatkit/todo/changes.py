"""Who changes a task, what a change was, and how much a model may change without a question.

Every change is kept for a week, so that it can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from chatkit.todo.tasks import Task

#: A model may do this much at once for one message of the user's, and an agent at /mcp within
#: `AGENT_WINDOW_S` seconds. An overwrite is another title or description. All else is free.
MAX_DELETIONS: Final = 1
MAX_OVERWRITES: Final = 3
AGENT_WINDOW_S: Final = 600
#: How long a change is kept, in days.
KEEP_DAYS: Final = 7

OVERWRITING: Final = frozenset({"title", "description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who makes a change.

    `turn_id` names what is taken back as a whole: a turn, or one call of an agent. `message_id` is
    the user's message that a model answers. `approved`: the user agreed to this change on a card.
    """

    kind: Literal["user", "model", "agent"]
    thread_id: str | None = None
    turn_id: str | None = None
    message_id: str | None = None
    approved: bool = False


#: A user who acts for themselves, outside of any answer.
THE_USER: Final = Author(kind="user")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """One change: the fields that are different, as on the wire. None: there was no task."""

    task_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    author: Author

    @classmethod
    def of(cls, before: Task | None, after: Task | None, author: Author) -> TaskChange:
        """The change from one state of a task to another; one of them exists."""
        old = None if before is None else before.to_wire()
        new = None if after is None else after.to_wire()
        task_id = str((new or old or {})["id"])
        if old is not None and new is not None:
            different = [name for name in new if new[name] != old[name]]
            old = {name: old[name] for name in different}
            new = {name: new[name] for name in different}
        return cls(task_id=task_id, before=old, after=new, author=author)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a model or an agent has changed of its allowance."""

    message_id: str | None = None
    deletions: int = 0
    overwrites: int = 0

    def allows(self, *, deletions: int, overwrites: int) -> bool:
        """Whether this much more may be done without a question."""
        return (
            self.deletions + deletions <= MAX_DELETIONS
            and self.overwrites + overwrites <= MAX_OVERWRITES
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was taken back: tasks that are as before, tasks that are gone again, and how many were
    left alone because they were changed since."""

    restored: tuple[Task, ...] = ()
    removed: tuple[Task, ...] = ()
    left_alone: int = 0
