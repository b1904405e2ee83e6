"""Port: stores tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from chatkit.todo.changes import THE_USER, Author
from chatkit.todo.tasks import Completion, Task, TaskChanges, TaskDraft, TaskPage, TaskQuery


class TaskStore(Protocol):
    """Stores tasks. Every method sees only the tasks of `user_id`.

    A `task_id` is a whole uuid in any spelling. A malformed or unknown id, or another user's,
    raises NotFound("task"). All methods raise Unavailable if the database is unreachable.

    `by` is who makes a change. An agent (see todo.changes) that deletes or overwrites more than it
    may raises Forbidden; a model is asked about by the tools.
    """

    async def add(self, user_id: str, draft: TaskDraft, by: Author = THE_USER) -> Task:
        """Store a new task."""
        ...

    async def get(self, user_id: str, task_id: str) -> Task:
        """One task."""
        ...

    async def get_several(self, user_id: str, task_ids: Sequence[str]) -> Sequence[Task]:
        """The tasks that exist, in the order of `task_ids`."""
        ...

    async def list(self, user_id: str, query: TaskQuery) -> TaskPage:
        """A page of tasks in the order of the query.

        `after` works only with the sorts `newest` and `oldest`. With another sort, and for an
        unknown id, it raises BadRequest with code `invalid_cursor`; use `offset` there.
        """
        ...

    async def update(
        self, user_id: str, task_id: str, changes: TaskChanges, by: Author = THE_USER
    ) -> Task:
        """Change the named fields; `completed` sets or clears `completed_at` (no recurrence)."""
        ...

    async def complete(
        self, user_id: str, task_id: str, *, completed: bool, today: date, by: Author = THE_USER
    ) -> Completion:
        """Complete or reopen. Completing a recurring task that was open creates the next one.

        The next one is due a whole number of periods after the last due date (without one, after
        `today`), at the first such day after `today`.
        """
        ...

    async def delete(self, user_id: str, task_id: str, by: Author = THE_USER) -> Task:
        """Delete a task and return it."""
        ...

    async def find(self, user_id: str, reference: str, *, thread_id: str | None) -> Task:
        """Resolve the `reference` of a user or a model to a task.

        One to four digits: a 1-based position in the list last shown in the thread, else in the
        user's current list, newest first. Otherwise a whole uuid, or a prefix of four or more
        characters that matches one task. Raises NotFound("task").
        """
        ...

    async def remember_shown(self, user_id: str, thread_id: str, task_ids: Sequence[str]) -> None:
        """Store `task_ids`, in order, as the list last shown in the thread."""
        ...
