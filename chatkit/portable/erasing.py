"""Erases all data of a user."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.ports.erasure import ErasureStore, StopsTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Running answers are stopped first, so that no tool adds data afterwards."""

    store: ErasureStore
    turns: StopsTurns

    async def erase(self, user_id: str) -> None:
        """Delete all data of the user."""
        for thread_id in await self.store.running_threads(user_id):
            await self.turns.stop(user_id, thread_id, "user")
        await self.store.erase(user_id)
