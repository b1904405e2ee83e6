"""`GET /api/chatkit/health`: whether this process can serve requests."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final, Protocol

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.router import Route, answering
from chatkit.engine.turns import Turns
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.jsontext import dumps

PATH: Final = "/api/chatkit/health"
#: Timeout of the database check, and how long its result is cached, in seconds. The route has no
#: rate limit, so a flood of requests must not reach the database.
_TIMEOUT_S: Final = 2.0
_CACHE_S: Final = 0.5


class CheckedDatabase(Protocol):
    """What is asked of the database."""

    async def fetchval(self, query: str, *, urgent: bool) -> object:
        """One value. Raises Unavailable."""

    @property
    def refuses_connections(self) -> bool:
        """Whether it has refused a further connection a moment ago."""


class Health:
    """Healthy while the database responds and new turns are accepted.

    Degraded, and still healthy, while the database refuses further connections.
    """

    def __init__(self, database: CheckedDatabase, turns: Turns) -> None:
        self._database = database
        self._turns = turns
        self._reachable = True
        self._asked_at = -_CACHE_S

    def routes(self) -> list[Route]:
        """The route of the health check."""
        return [Route(PATH, {"GET": answering(self.get)})]

    async def get(self, _: HttpRequest) -> Reply:
        """GET: 200 or 503."""
        if monotonic() - self._asked_at >= _CACHE_S:
            self._asked_at = monotonic()
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    await self._database.fetchval("SELECT 1", urgent=True)
                self._reachable = True
            except (Unavailable, TimeoutError):
                self._reachable = False
        ready = self._reachable and self._turns.accepting
        wire = {"status": "ok" if ready else "unavailable", "service": "chatkit"}
        if ready and self._database.refuses_connections:
            wire |= {"status": "degraded", "reason": "the database refuses further connections"}
        return json_reply(dumps(wire), status=200 if ready else 503)
