"""The to-do list in PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.todo.tasks import Completion, Task, TaskChanges, TaskDraft, TaskPage, TaskQuery
from store.postgres import Database
from store.searches import Searches
from store.sql import load

_SQL = load("tasks")

_PLACE = re.compile(r"[0-9]{1,4}")
_MIN_PREFIX: Final = 4

#: The fields of TaskChanges, in the order of update_task's parameters.
_CHANGEABLE: Final = (
    "title",
    "description",
    "priority",
    "category",
    "tags",
    "due_date",
    "recurrence",
    "completed",
)


class Tasks:
    """The `TaskStore`.

    `deleted` is called for every deleted task, with the ids of user, task and turn (if any).
    """

    def __init__(
        self,
        database: Database,
        *,
        deleted: Callable[[str, str, str | None], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._deleted = deleted
        self._searches = Searches()

    async def add(self, user_id: str, draft: TaskDraft) -> Task:
        """See the port."""
        row = await self._database.fetchrow(
            _SQL["add_task"],
            user_id,
            draft.title,
            draft.description,
            draft.priority,
            draft.category,
            draft.tags,
            _as_text(draft.due_date),
            draft.recurrence,
            draft.completed,
        )
        return _only(row)

    async def get(self, user_id: str, task_id: str) -> Task:
        """See the port."""
        return _only(await self._database.fetchrow(_SQL["load_task"], user_id, _uuid(task_id)))

    async def get_several(self, user_id: str, task_ids: Sequence[str]) -> Sequence[Task]:
        """See the port."""
        known = []
        for task_id in task_ids:
            with suppress(NotFound):
                known.append(_uuid(task_id))
        rows = await self._database.fetch(_SQL["load_tasks"], user_id, known)
        return tuple(map(task_of, rows))

    async def list(self, user_id: str, query: TaskQuery) -> TaskPage:
        """See the port."""
        if query.search is None:
            return await self._list(user_id, query)
        async with self._searches.turn(user_id):
            return await self._list(user_id, query)

    async def _list(self, user_id: str, query: TaskQuery) -> TaskPage:
        filters = (*_due_window(query), query.priority, query.category, query.tag, _pattern(query))
        window = (query.limit + 1, query.offset)
        if query.sort in ("newest", "oldest"):
            start = await self._seq_of(user_id, query.after) if query.after else None
            rows = await self._database.fetch(
                _SQL[f"list_tasks_{query.sort}"], user_id, *filters, *window, start
            )
        elif query.after:
            raise BadRequest(
                f"after: cannot be used with the sort {query.sort}; use offset",
                code="invalid_cursor",
            )
        else:
            rows = await self._database.fetch(
                _SQL["list_tasks_sorted"], user_id, *filters, *window, query.sort
            )
        if len(rows) <= query.limit and not query.offset and not query.after:
            total = len(rows)
        else:
            total = await self._database.fetchval(_SQL["count_tasks"], user_id, *filters)
        return TaskPage(tasks=tuple(map(task_of, rows[: query.limit])), total=total)

    async def update(self, user_id: str, task_id: str, changes: TaskChanges) -> Task:
        """See the port."""
        values = {**changes.values, "due_date": _as_text(changes.values.get("due_date"))}
        row = await self._database.fetchrow(
            _SQL["update_task"],
            user_id,
            _uuid(task_id),
            [*changes.values],
            *(values.get(name) for name in _CHANGEABLE),
        )
        return _only(row)

    async def complete(
        self, user_id: str, task_id: str, *, completed: bool, today: date
    ) -> Completion:
        """See the port."""
        rows = await self._database.fetch(
            _SQL["complete_task"], user_id, _uuid(task_id), completed, today
        )
        if not rows:
            raise NotFound("task")
        return Completion(
            task=task_of(rows[0]), next_task=task_of(rows[1]) if len(rows) > 1 else None
        )

    async def delete(self, user_id: str, task_id: str) -> Task:
        """See the port."""
        row = await self._database.fetchrow(_SQL["delete_task"], user_id, _uuid(task_id))
        task = _only(row)
        self._deleted(user_id, task.id, None)
        return task

    async def delete_in_turn(
        self, user_id: str, task_id: str, *, thread_id: str, turn_id: str, alone: bool
    ) -> Task | None:
        """See the port."""
        row = await self._database.fetchrow(
            _SQL["delete_task_in_turn"], user_id, _uuid(task_id), thread_id, turn_id, alone
        )
        if row is not None and row["id"] is None:
            return None
        task = _only(row)
        self._deleted(user_id, task.id, turn_id)
        return task

    async def keep(self, user_id: str, thread_id: str, task_ids: Sequence[str]) -> None:
        """See the port."""
        await self._database.execute(_SQL["keep_tasks"], user_id, thread_id, [*task_ids])

    async def find(self, user_id: str, reference: str, *, thread_id: str | None) -> Task:
        """See the port."""
        reference = reference.strip()
        if _PLACE.fullmatch(reference):
            # Positions count from 1, so 0 matches no task.
            place = int(reference) or None
            if place is None:
                raise NotFound("task")
            return _only(
                await self._database.fetchrow(_SQL["find_task_at"], user_id, thread_id, place)
            )
        if (bounds := _prefix_bounds(reference)) is None:
            return await self.get(user_id, reference)
        rows = await self._database.fetch(_SQL["find_tasks_between"], user_id, *bounds)
        if len(rows) != 1:
            raise NotFound("task")
        return task_of(rows[0])

    async def remember_shown(self, user_id: str, thread_id: str, task_ids: Sequence[str]) -> None:
        """See the port."""
        await self._database.execute(
            _SQL["remember_shown_tasks"], user_id, thread_id, [UUID(each) for each in task_ids]
        )

    async def _seq_of(self, user_id: str, task_id: str) -> int:
        try:
            row = await self._database.fetchrow(_SQL["load_task"], user_id, _uuid(task_id))
        except NotFound:
            row = None
        if row is None:
            raise BadRequest("after: no such task", code="invalid_cursor")
        seq: int = row["seq"]
        return seq


def task_of(row: asyncpg.Record) -> Task:
    """The task in a row with `task_columns` (store/columns.sql)."""
    return Task(
        id=str(row["id"]),
        title=row["title"],
        description=row["description"],
        completed=row["completed"],
        completed_at=row["completed_at"],
        priority=row["priority"],
        category=row["category"],
        tags=tuple(row["tags"]),
        due_date=row["due_date"],
        recurrence=row["recurrence"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _as_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _only(row: asyncpg.Record | None) -> Task:
    if row is None:
        raise NotFound("task")
    return task_of(row)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("task") from error


def _prefix_bounds(reference: str) -> tuple[UUID, UUID] | None:
    """The first and last uuid that begin with `reference`; None if it cannot begin a uuid."""
    digits = reference.replace("-", "")
    if not re.fullmatch(r"[0-9A-Fa-f]{1,31}", digits) or len(reference) < _MIN_PREFIX:
        return None
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    return (first, last) if str(first).startswith(reference.lower()) else None


def _due_window(query: TaskQuery) -> tuple[bool | None, date | None, date | None, bool]:
    """The filters of a status: completed, first and last due date, undated only.

    A status about a date matches open tasks only. `this week` is Monday to Sunday around today.
    """
    day = timedelta(days=1)
    today = query.today
    match query.status:
        case "all":
            return None, None, None, False
        case "pending":
            return False, None, None, False
        case "completed":
            return True, None, None, False
        case "overdue":
            return False, None, today - day, False
        case "today":
            return False, today, today, False
        case "tomorrow":
            return False, today + day, today + day, False
        case "this week":
            monday = today - day * today.weekday()
            return False, monday, monday + day * 6, False
        case "no due date":
            return False, None, None, True


def _pattern(query: TaskQuery) -> str | None:
    """The search text as a LIKE pattern, with `%`, `_` and `\\` escaped."""
    if query.search is None:
        return None
    return "%" + re.sub(r"([%_\\])", r"\\\1", query.search) + "%"
