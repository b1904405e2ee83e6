"""Where accepted requests are kept."""

from __future__ import annotations

from typing import Protocol

from chatkit.answer.leases import (
    AcceptedRequest,
    RequestKey,
)


class RequestStore(Protocol):
    """Requests that were accepted, so that the same one again does not run twice.

    Every method but `sweep` sees the requests of `user_id` alone. All raise Unavailable while the
    database is away.
    """

    async def find(self, user_id: str, key: RequestKey) -> AcceptedRequest | None:
        """The earlier request of the key; None when there is none."""
        ...

    async def claim(self, user_id: str, key: RequestKey) -> bool:
        """Whether a request without a turn is the first of its key, or the first one was lost: not
        answered for a minute."""
        ...

    async def answer(self, user_id: str, key: RequestKey, answer: str) -> None:
        """Keep the answer to a claimed request."""
        ...

    async def forget(self, user_id: str, key: RequestKey, turn_id: str | None) -> None:
        """Free the key, if it still is that turn's."""
        ...

    async def sweep(self) -> None:
        """Delete what has expired, of every user; not the request of a turn that runs."""
        ...
