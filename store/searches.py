"""Bounds what searches cost: one at a time for each user, and each for a short time.

A pattern can make PostgreSQL compare every letter of every task with every letter of the pattern.
Without bounds one user's searches would hold connections that all others need.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from chatkit.protocol.errors import BadRequest

#: Longest time of a search, in seconds. Ten thousand tasks take a tenth of it.
MAX_SEARCH_S: Final = 0.3


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    searches: int = 0


class Searches:
    """The running searches of this process. Use one object per event loop."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def turn(self, user_id: str) -> AsyncIterator[None]:
        """Wait for the user's other searches, then run the block.

        Cancels its statement after MAX_SEARCH_S and raises BadRequest (`search_too_slow`).
        """
        queue = self._queues.setdefault(user_id, _Queue())
        queue.searches += 1
        try:
            async with queue.lock, asyncio.timeout(MAX_SEARCH_S):
                yield
        except TimeoutError as error:
            raise BadRequest(
                "search: takes too long in so many tasks; search for something else",
                code="search_too_slow",
            ) from error
        finally:
            queue.searches -= 1
            if not queue.searches:
                del self._queues[user_id]
