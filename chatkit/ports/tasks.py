"""Where tasks are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from chatkit.todo.tasks import Completion, Task, TaskChanges, TaskDraft, TaskPage, TaskQuery


class TaskStore(Protocol):
    """Where tasks live. Every method sees the tasks of `user_id` alone.

    A `task_id` is a whole uuid in any spelling; one that is malformed, unknown or another user's
    raises NotFound("task"). All methods raise Unavailable while the database is away.
    """

    async def add(self, user_id: str, draft: TaskDraft) -> Task:
        """Store a new task."""
        ...

    async def get(self, user_id: str, task_id: str) -> Task:
        """One task."""
        ...

    async def get_several(self, user_id: str, task_ids: Sequence[str]) -> Sequence[Task]:
        """Those of the tasks that exist, in the order given."""
        ...

    async def list(self, user_id: str, query: TaskQuery) -> TaskPage:
        """A page of tasks in the order of the query.

        `after` goes with the sorts `newest` and `oldest`, which have a key that a page can start
        from. With another sort, and for an unknown id, it raises BadRequest with code
        `invalid_cursor`; use `offset` there.
        """
        ...

    async def update(self, user_id: str, task_id: str, changes: TaskChanges) -> Task:
        """Change the named fields; `completed` sets or clears `completed_at` (no recurrence)."""
        ...

    async def complete(
        self, user_id: str, task_id: str, *, completed: bool, today: date
    ) -> Completion:
        """Complete or reopen. Completing a recurring task that was open creates the next one.

        The next one is due a whole number of periods after the last due date (without one, after
        `today`), at the first such day after `today`.
        """
        ...

    async def delete(self, user_id: str, task_id: str) -> Task:
        """Delete a task; the deleted task."""
        ...

    async def delete_in_turn(
        self, user_id: str, task_id: str, *, thread_id: str, turn_id: str, alone: bool
    ) -> Task | None:
        """Delete for the model that answers in `turn_id`; None when the user must agree first.

        A message is good for one task at once, by a call that stands `alone` in its round. Any
        other deletion is put off until it is asked for again in the answer to the user's next
        message; a retry, a form or a client tool's output is no such message.
        """
        ...

    async def keep(self, user_id: str, thread_id: str, task_ids: Sequence[str]) -> None:
        """The user does not want these tasks deleted: forget that their deletion was put off."""
        ...

    async def find(self, user_id: str, reference: str, *, thread_id: str | None) -> Task:
        """The task that a person or a model means by `reference`.

        One to four digits are a 1-based place in the list last shown in the thread, else in the
        user's current list, newest first; a whole uuid, or four or more characters of its
        beginning when just one task matches. Raises NotFound("task") otherwise.
        """
        ...

    async def remember_shown(self, user_id: str, thread_id: str, task_ids: Sequence[str]) -> None:
        """Keep `task_ids`, in order, as the list last shown in the thread."""
        ...
