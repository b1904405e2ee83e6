"""Port: the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.access.audit import AuditEntry


class AuditStore(Protocol):
    """Stores audit entries. Entries are never changed; they are deleted only by age."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries in order, all or none. Raises Unavailable."""
        ...

    async def sweep(self, keep_days: int) -> None:
        """Delete entries older than `keep_days` days. Raises Unavailable."""
        ...
