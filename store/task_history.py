"""Former states of tasks in PostgreSQL: what a model has changed, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chatkit.access.quotas import Quotas
from chatkit.protocol.errors import NotFound
from chatkit.todo.changes import KEEP_DAYS, Author, Spent, TaskChange, Undone
from chatkit.todo.tasks import Task
from store.amounts import allowed
from store.postgres import Database
from store.sql import load
from store.tasks import columns_of, lock_changes, spent_of, task_of

_SQL: Final = load("task_history")


class StoredTaskHistory:
    """The `TaskHistory`. `changed` is called with the user id and each change."""

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

    async def spent(self, user_id: str, *, thread_id: str, turn_id: str) -> Spent:
        """See the port."""
        return spent_of(
            await self._database.fetchrow(_SQL["spent_in_message"], user_id, thread_id, turn_id)
        )

    async def restore(self, user_id: str, task_id: str, by: Author) -> Task:
        """See the port."""
        found = None
        with suppress(ValueError):
            found = UUID(task_id)
        async with self._database.acquire() as connection, connection.transaction():
            await lock_changes(connection, user_id)
            row = await connection.fetchrow(_SQL["last_change"], user_id, found, KEEP_DAYS)
            if row is None or row["before"] is None:  # nothing was changed, or it was new then
                raise NotFound("task")
            change = await self._set(connection, user_id, found, row["before"], by)
        self._changed(user_id, TaskChange.of(*change, by))
        _, task = change
        assert task is not None
        return task

    async def undo(self, user_id: str, by: Author) -> Undone:
        """See the port."""
        made: list[tuple[Task | None, Task | None]] = []
        left_alone = 0
        async with self._database.acquire() as connection, connection.transaction():
            await lock_changes(connection, user_id)
            rows = await connection.fetch(
                _SQL["changes_of_last_turn"],
                user_id,
                by.kind,
                by.thread_id,
                by.turn_id,
                KEEP_DAYS,
            )
            # Before the first change, which locks the user's amounts until the end.
            await connection.execute(_SQL["lock_tasks"], user_id, [row["task_id"] for row in rows])
            for row in rows:
                if not row["is_last"]:
                    left_alone += 1
                    continue
                change = await self._set(connection, user_id, row["task_id"], row["before"], by)
                if change != (None, None):
                    made.append(change)
        for change in made:
            self._changed(user_id, TaskChange.of(*change, by))
        return Undone(
            restored=tuple(after for _, after in made if after is not None),
            removed=tuple(before for before, after in made if before and after is None),
            left_alone=left_alone,
        )

    async def sweep(self) -> None:
        """See the port."""
        while await self._database.fetchval(_SQL["sweep_changes"], KEEP_DAYS):
            pass

    async def _set(
        self,
        connection: PoolConnectionProxy,
        user_id: str,
        task_id: UUID | None,
        row: str | None,
        by: Author,
    ) -> tuple[Task | None, Task | None]:
        """Make a task what `row` says. Returns it as it was and as it is; None: there is none."""
        rows = await connection.fetch(
            _SQL["set_task"], user_id, task_id, row, *columns_of(by), allowed(self._quotas, user_id)
        )
        before = next((task_of(each) for each in rows if not each["is_new"]), None)
        after = next((task_of(each) for each in rows if each["is_new"]), None)
        return before, after
