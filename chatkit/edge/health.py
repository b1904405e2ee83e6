"""`GET /api/chatkit/health`: whether this process can answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.router import Route, answering
from chatkit.engine.turns import Turns
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.jsontext import dumps

PATH: Final = "/api/chatkit/health"
#: How long the database may take, and how long its answer holds, in seconds: nobody is limited
#: here, so a flood must not reach it.
_PATIENCE_S: Final = 2.0
_HOLDS_S: Final = 0.5


class Health:
    """Ready while the database answers and new turns are taken. `ask` raises Unavailable."""

    def __init__(self, ask: Callable[[], Awaitable[object]], turns: Turns) -> None:
        self._ask = ask
        self._turns = turns
        self._reachable = True
        self._asked_at = -_HOLDS_S

    def routes(self) -> list[Route]:
        """All of them."""
        return [Route(PATH, {"GET": answering(self.get)})]

    async def get(self, _: HttpRequest) -> Reply:
        """200 or 503."""
        if monotonic() - self._asked_at >= _HOLDS_S:
            self._asked_at = monotonic()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._ask()
                self._reachable = True
            except (Unavailable, TimeoutError):
                self._reachable = False
        ready = self._reachable and self._turns.accepting
        wire = {"status": "ok" if ready else "unavailable", "service": "chatkit"}
        return json_reply(dumps(wire), status=200 if ready else 503)
