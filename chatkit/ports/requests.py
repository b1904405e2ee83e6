"""Port: stores accepted requests."""

from __future__ import annotations

from typing import Protocol

from chatkit.answer.leases import (
    AcceptedRequest,
    RequestKey,
)


class RequestStore(Protocol):
    """Stores accepted requests, so that a repeated request does not run twice.

    Every method except `sweep` sees only the requests of `user_id`. All methods raise Unavailable
    if the database is unreachable.
    """

    async def find(self, user_id: str, key: RequestKey) -> AcceptedRequest | None:
        """The earlier request with this key, or None."""
        ...

    async def claim(self, user_id: str, key: RequestKey) -> bool:
        """Claim the key for a request without a turn; return whether it may run.

        It may run if it is the first with this key, or if the first got no answer for a minute.
        """
        ...

    async def answer(self, user_id: str, key: RequestKey, answer: str) -> None:
        """Store the answer to a claimed request."""
        ...

    async def forget(self, user_id: str, key: RequestKey, turn_id: str | None) -> None:
        """Release the key, if it still belongs to the turn."""
        ...

    async def sweep(self) -> None:
        """Delete expired requests of all users, except those of running turns."""
        ...
