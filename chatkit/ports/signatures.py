"""Where the signatures of requests that were taken are remembered."""

from __future__ import annotations

from typing import Protocol


class SignatureStore(Protocol):
    """Remembers signatures, for every server process alike."""

    async def use(self, user_id: str, signature: bytes, *, keep_s: float) -> bool:
        """Whether this is the first use; it is remembered for `keep_s` seconds."""
