"""The limit on concurrent turns of one user."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.answer.leases import RequestKey
from chatkit.engine.turns import Turns
from chatkit.ports.requests import RequestStore
from chatkit.ports.turns import TurnStore
from chatkit.protocol.params import CreateThread, TurnParams


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimit:
    """At most `most` turns per user, counted in this process or, if `shared`, in all processes."""

    most: int
    shared: bool
    running: Turns
    turns: TurnStore
    requests: RequestStore

    async def is_reached(self, params: TurnParams, user_id: str, key: RequestKey) -> bool:
        """Whether one more turn would exceed the limit.

        False for a request that starts no additional turn: it joins a running turn, or its thread
        already has one.
        """
        if await self._count(user_id) < self.most:
            return False
        if self.running.is_about_to_start(user_id, key.key):
            return False
        if not isinstance(params, CreateThread) and self.running.find(user_id, params.thread_id):
            return False
        return await self.requests.find(user_id, key) is None

    async def _count(self, user_id: str) -> int:
        here = self.running.count(user_id)
        if not self.shared or here >= self.most:
            return here
        return await self.turns.count_running(user_id)
