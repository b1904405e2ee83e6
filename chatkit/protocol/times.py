"""Times on the wire: ISO 8601, UTC, `Z`."""

from __future__ import annotations

from datetime import UTC, datetime


def to_wire(moment: datetime) -> str:
    """`2026-11-22T18:52:27.463Z`, in milliseconds. Raises ValueError if `moment` has no zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
