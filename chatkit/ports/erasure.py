"""Where all that a user has is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol


class ErasureStore(Protocol):
    """Erases what a user has. Two things stay: the audit log, for as long as it is kept, and the
    used signatures, for minutes, so that none is accepted twice.
    """

    async def running_threads(self, user_id: str) -> Sequence[str]:
        """The threads of a user in which an answer is being made."""
        ...

    async def erase(self, user_id: str) -> None:
        """Delete threads, files, tasks, sessions and accepted requests. An import that runs adds
        nothing more. Raises Unavailable; what that leaves, the next call deletes."""
        ...


class StopsTurns(Protocol):
    """Stops answers that are being written, in whichever process."""

    async def stop(self, user_id: str, thread_id: str, reason: Literal["user"]) -> bool:
        """Stop the turn of a thread and wait until it is stored; False when none ran."""
        ...
