"""Port: erases all data of a user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol


class ErasureStore(Protocol):
    """Erases all data of a user, except the audit log and used signatures.

    The audit log expires by age. Signatures are kept for minutes, so that none is accepted twice.
    """

    async def running_threads(self, user_id: str) -> Sequence[str]:
        """Ids of the user's threads with a running turn."""
        ...

    async def erase(self, user_id: str) -> None:
        """Delete threads, files, tasks, sessions and accepted requests.

        A running import fails. Raises Unavailable; call again to delete the remainder.
        """
        ...


class StopsTurns(Protocol):
    """Stops running turns, in any process."""

    async def stop(self, user_id: str, thread_id: str, reason: Literal["user"]) -> bool:
        """Stop the turn of a thread and wait until it is stored. Returns False if none ran."""
        ...
