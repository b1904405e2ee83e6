"""The end of all that a user has here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chatkit.engine.turns import Turns


class ErasureStore(Protocol):
    """Where all of it is."""

    async def running_threads(self, user_id: str) -> Sequence[str]:
        """The threads of a user in which an answer is being made."""
        ...

    async def erase(self, user_id: str) -> None:
        """Delete threads, files, tasks, sessions and the marks of requests. What an error leaves,
        the next call deletes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Answers that are being made are stopped first, so that no tool adds anything afterwards."""

    store: ErasureStore
    turns: Turns

    async def erase(self, user_id: str) -> None:
        """Delete all that the user has."""
        for thread_id in await self.store.running_threads(user_id):
            await self.turns.stop(user_id, thread_id, "user")
        await self.store.erase(user_id)
