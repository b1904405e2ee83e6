"""The to-do list in PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chatkit.access.quotas import Quotas
from chatkit.protocol.errors import BadRequest, Forbidden, NotFound, Sentence
from chatkit.todo.changes import (
    AGENT_WINDOW_S,
    OVERWRITING,
    THE_USER,
    Author,
    Spent,
    TaskChange,
)
from chatkit.todo.tasks import Completion, Task, TaskChanges, TaskDraft, TaskPage, TaskQuery
from store.amounts import allowed
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
    """The `TaskStore`. `changed` is called with the user id and each change that was stored."""

    def __init__(
        self,
        database: Database,
        quotas: Quotas | None = None,
        *,
        changed: Callable[[str, TaskChange], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._quotas = quotas or Quotas()
        self._changed = changed
        self._searches = Searches()

    async def add(self, user_id: str, draft: TaskDraft, by: Author = THE_USER) -> Task:
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
            *columns_of(by),
            allowed(self._quotas, user_id),
        )
        task = _only(row)
        self._changed(user_id, TaskChange.of(None, task, by))
        return task

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

    async def update(
        self, user_id: str, task_id: str, changes: TaskChanges, by: Author = THE_USER
    ) -> Task:
        """See the port."""
        values = {**changes.values, "due_date": _as_text(changes.values.get("due_date"))}
        rows = await self._change(
            by,
            _SQL["update_task"],
            user_id,
            _uuid(task_id),
            [*changes.values],
            *(values.get(name) for name in _CHANGEABLE),
            overwrites=0 if OVERWRITING.isdisjoint(changes.values) else 1,
        )
        if not rows:
            raise NotFound("task")
        task, before = map(task_of, rows)
        self._changed(user_id, TaskChange.of(before, task, by))
        return task

    async def complete(
        self, user_id: str, task_id: str, *, completed: bool, today: date, by: Author = THE_USER
    ) -> Completion:
        """See the port."""
        rows = await self._change(
            by, _SQL["complete_task"], user_id, _uuid(task_id), completed, today
        )
        if not rows:
            raise NotFound("task")
        task, *others = map(task_of, rows)
        *following, before = others
        if before.completed is not completed:
            self._changed(user_id, TaskChange.of(before, task, by))
        for added in following:
            self._changed(user_id, TaskChange.of(None, added, by))
        return Completion(task=task, next_task=following[0] if following else None)

    async def delete(self, user_id: str, task_id: str, by: Author = THE_USER) -> Task:
        """See the port."""
        rows = await self._change(by, _SQL["delete_task"], user_id, _uuid(task_id), deletions=1)
        task = _only(rows[0] if rows else None)
        self._changed(user_id, TaskChange.of(task, None, by))
        return task

    async def _change(
        self,
        by: Author,
        statement: str,
        user_id: str,
        *arguments: Any,
        deletions: int = 0,
        overwrites: int = 0,
    ) -> Sequence[asyncpg.Record]:
        """Run a statement that changes tasks.

        Its last parameters are the author's and, except of a deletion, what the user may store.

        An agent's counts are checked in the same transaction, since its calls may run in several
        processes at once. Raises Forbidden if they are too many.
        """
        given = [user_id, *arguments, *columns_of(by)]
        if not deletions:
            given.append(allowed(self._quotas, user_id))
        if by.kind != "agent" or not (deletions or overwrites):
            return await self._database.fetch(statement, *given)
        async with self._database.acquire() as connection, connection.transaction():
            await lock_changes(connection, user_id)
            row = await connection.fetchrow(_SQL["spent_by_agents"], user_id, AGENT_WINDOW_S)
            if not spent_of(row).allows(deletions=deletions, overwrites=overwrites):
                raise Forbidden(Sentence("task.agents_allowance"))
            rows: Sequence[asyncpg.Record] = await connection.fetch(statement, *given)
            return rows

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


async def lock_changes(connection: PoolConnectionProxy, user_id: str) -> None:
    """Wait until no agent changes the user's tasks and nothing is taken back in another
    transaction."""
    await connection.execute(_SQL["lock_changes"], user_id)


def columns_of(by: Author) -> tuple[str | bool | None, ...]:
    """The author's columns of a change, in the order of the statements."""
    return by.kind, by.approved, by.thread_id, by.turn_id, by.message_id


def spent_of(row: asyncpg.Record | None) -> Spent:
    """What a row of spent_in_message or spent_by_agents says. None: nothing yet."""
    if row is None:
        return Spent()
    return Spent(
        message_id=row["message_id"], deletions=row["deletions"], overwrites=row["overwrites"]
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
