"""Where accepted requests are kept."""

from __future__ import annotations

from typing import Protocol

from chatkit.answer.leases import (
    AcceptedRequest,
    RequestKey,
)


class RequestStore(Protocol):
    """Requests that were accepted."""

    async def find(self, user_id: str, key: RequestKey) -> AcceptedRequest | None:
        """The earlier request of the key."""
        ...

    async def claim(self, user_id: str, key: RequestKey) -> bool:
        """Whether a request without a turn is the first of its key."""
        ...

    async def answer(self, user_id: str, key: RequestKey, answer: str) -> None:
        """Keep what it was answered."""
        ...

    async def forget(self, user_id: str, key: RequestKey, turn_id: str | None) -> None:
        """Free the key, if it still is that turn's."""
        ...

    async def sweep(self) -> None:
        """Delete what has expired."""
        ...
