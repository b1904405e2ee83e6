"""Port: stores used request signatures."""

from __future__ import annotations

from typing import Protocol


class SignatureStore(Protocol):
    """Stores valid signatures for all processes. Invalid ones are never stored.

    Raises Unavailable if the database is unreachable.
    """

    async def use(self, user_id: str, signature: bytes, *, keep_s: float) -> bool:
        """Record a use for `keep_s` seconds; return whether it is the first."""
