"""The audit log in PostgreSQL. A trigger refuses to change or delete rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.access.audit import AuditEntry
from store.postgres import Database
from store.sql import load

_SQL: Final = load("audit")


class AuditLog:
    """The `AuditStore`. Operators read the log with SQL; there is no route for it."""

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
        )

    async def sweep(self, keep_days: int) -> None:
        """See the port."""
        # In batches, so that each statement holds its locks only briefly.
        while await self._database.fetchval(_SQL["sweep_audit_log"], keep_days):
            pass
