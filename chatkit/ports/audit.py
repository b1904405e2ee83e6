"""Port: the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from chatkit.access.audit import AuditEntry


class AuditStore(Protocol):
    """Stores audit entries. Entries are never changed; they are deleted only by age."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries in order, all or none. Raises Unavailable."""
        ...

    def read(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        user_id: str | None = None,
        action: str | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows of a time, a user and a kind, oldest first, read in pieces. None: all.

        For the operator. Raises Unavailable.
        """
        ...

    async def sweep(self, keep_days: int) -> None:
        """Delete entries older than `keep_days` days. Raises Unavailable."""
        ...
