"""What the conversation so far tells: the list that numbers refer to, and what "it" means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatkit.demo.values import Call, Result, TaskView

#: Tasks in one answer; the others are there for "show more".
PAGE: Final = 20
#: Tasks that one lookup reads: the most that `list_tasks` gives.
LOOKUP: Final = 100


@dataclass(slots=True)
class Memory:
    """Built from the messages for each request.

    `shown` is None when the messages cannot tell (another model answered): numbers then go to the
    tools as they are, since the server remembers what was shown. It is empty before any list.
    A list of which all is deleted (`gone`) is none.
    `listing` holds the arguments of the list last shown, `focus` the task last touched.
    """

    shown: tuple[TaskView, ...] | None = ()
    listing: Mapping[str, Any] | None = None
    focus: TaskView | None = None
    gone: frozenset[str] = frozenset()

    def note(self, call: Call, result: Result) -> None:
        """Learn from a result."""
        if not result.success:
            return
        if call.name == "list_tasks":
            if len(result.tasks) == 1:
                self.focus = result.tasks[0]
        elif call.name == "delete_task":
            self.gone |= {str(call.arguments.get("task_id"))}
            if self.shown and all(task.id in self.gone for task in self.shown):
                self.shown = ()
            if self.focus is not None and self.focus.id == call.arguments.get("task_id"):
                self.focus = None
        elif result.task is not None:
            task = self.focus = result.task
            if self.shown:
                self.shown = tuple(task if old.id == task.id else old for old in self.shown)
