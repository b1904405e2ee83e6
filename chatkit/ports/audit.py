"""Where the audit log is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.access.audit import AuditEntry


class AuditStore(Protocol):
    """Where entries are kept. Entries are added, and leave by their age alone."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Add some, in order, all or none. Raises Unavailable."""
        ...

    async def sweep(self, keep_days: int) -> None:
        """Delete entries older than `keep_days` days. Raises Unavailable."""
        ...
