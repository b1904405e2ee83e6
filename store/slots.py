"""Who may use a database connection now, and who waits for one in use."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

#: Time in which no new connection is tried after one was refused, in seconds.
REFUSED_S: Final = 5.0


class Slots:
    """A slot is the right to use one connection, whether it is open already or not.

    Slots are granted in the order in which they are asked for. One more than `most` is for urgent
    statements: they pass those that wait. While the database refuses further connections, there
    are as many slots as connections in use, so the others wait for those.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()
        self._refused_most = most
        self._refused_until = -REFUSED_S

    @property
    def refused(self) -> bool:
        """Whether the database has refused a connection a moment ago."""
        return self._now() < self._refused_until

    def take_now(self, *, urgent: bool) -> bool:
        """Take a slot if that is possible without waiting."""
        if (self._waiting and not urgent) or not self._fits(urgent=urgent):
            return False
        self._taken += 1
        return True

    async def wait(self, *, urgent: bool) -> None:
        """Take the next slot that becomes free."""
        granted = asyncio.get_running_loop().create_future()
        waiter = (granted, urgent)
        if urgent:
            self._waiting.appendleft(waiter)
        else:
            self._waiting.append(waiter)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                with suppress(ValueError):  # passed over already
                    self._waiting.remove(waiter)
            else:
                self.give_back()
            raise

    def give_back(self) -> None:
        """End the use of a slot; who waits gets it."""
        self._taken -= 1
        while self._waiting and self._fits(urgent=self._waiting[0][1]):
            granted, _ = self._waiting.popleft()
            if not granted.done():
                granted.set_result(None)
                self._taken += 1

    def refuse(self) -> bool:
        """The database refused a connection for a slot that is taken.

        Give the slot back, and return whether it helps to wait: others use a connection.
        """
        others = self._taken - 1
        if others > 0:
            self._refused_most = others
            self._refused_until = self._now() + REFUSED_S
        self.give_back()
        return others > 0

    def _fits(self, *, urgent: bool) -> bool:
        if self.refused:
            return self._taken < self._refused_most
        return self._taken < self._most + urgent

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
