"""Where the signatures of requests that were taken are remembered."""

from __future__ import annotations

from typing import Protocol


class SignatureStore(Protocol):
    """Remembers good signatures, for every server process alike: strangers cannot fill it.

    Raises Unavailable while the database is away.
    """

    async def use(self, user_id: str, signature: bytes, *, keep_s: float) -> bool:
        """Whether this is the first use; it is remembered for `keep_s` seconds."""
