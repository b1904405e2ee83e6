"""Port: former states of tasks, and what was changed."""

from __future__ import annotations

from typing import Protocol

from chatkit.todo.changes import Author, Spent, Undone
from chatkit.todo.tasks import Task


class TaskHistory(Protocol):
    """The changes of tasks in the last week. Every method but `sweep` sees only `user_id`'s.

    All methods raise Unavailable if the database is unreachable.
    """

    async def spent(self, user_id: str, *, thread_id: str, turn_id: str) -> Spent:
        """What models have deleted and overwritten for the message that a turn answers.

        What the user has agreed to on a card does not count.
        """
        ...

    async def restore(self, user_id: str, task_id: str, by: Author) -> Task:
        """Take the last change of a task back; a deleted task is there again.

        Raises NotFound("task") if there is no such change.
        """
        ...

    async def undo(self, user_id: str, by: Author) -> Undone:
        """Take back what the last turn has changed in the author's thread, before the current one.

        Of an agent, which has no thread, the last call. A task that was changed since is left
        alone. Taking back is a change too: doing it again brings back what was taken back.
        """
        ...

    async def sweep(self) -> None:
        """Forget the changes that are too old."""
        ...
