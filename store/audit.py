"""The audit log in PostgreSQL. A trigger refuses to change or delete rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

from chatkit.access.audit import AuditEntry
from store.postgres import Database
from store.sql import load

_SQL: Final = load("audit")

#: Rows that are read at once.
_PIECE: Final = 1000


class AuditLog:
    """The `AuditStore`. Operators read the log with `app.py audit` or with SQL; no route does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """See the port."""
        await self._database.execute(
            _SQL["append_entries"],
            [entry.at for entry in entries],
            [entry.user_id for entry in entries],
            [entry.event.action for entry in entries],
            [entry.event.target_kind for entry in entries],
            [entry.event.target_id for entry in entries],
            [entry.client_ip for entry in entries],
            [entry.request_id for entry in entries],
            [entry.outcome for entry in entries],
            [entry.times for entry in entries],
            [entry.event.detail for entry in entries],
        )

    async def read(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        user_id: str | None = None,
        action: str | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """See the port."""
        last = 0
        while True:
            rows = await self._database.fetch(
                _SQL["read_entries"], last, since, until, user_id, action, _PIECE
            )
            for row in rows:
                last = row["id"]
                yield {name: value for name, value in row.items() if name != "id"}
            if len(rows) < _PIECE:
                return

    async def sweep(self, keep_days: int) -> None:
        """See the port."""
        # In batches, so that each statement holds its locks only briefly.
        while await self._database.fetchval(_SQL["sweep_audit_log"], keep_days):
            pass
