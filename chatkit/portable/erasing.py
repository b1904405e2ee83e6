"""The end of all that a user has here."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.ports.erasure import ErasureStore, StopsTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Answers that are being made are stopped first, so that no tool adds anything afterwards."""

    store: ErasureStore
    turns: StopsTurns

    async def erase(self, user_id: str) -> None:
        """Delete all that the user has."""
        for thread_id in await self.store.running_threads(user_id):
            await self.turns.stop(user_id, thread_id, "user")
        await self.store.erase(user_id)
