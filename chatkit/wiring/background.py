"""Background tasks: started once, cancelled at shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Final

from chatkit.protocol.errors import ChatKitError

_log = logging.getLogger("chatkit")

_HOUR_S: Final = 3600


class Background:
    """Runs `work` in one task after `start`. An exception is logged and goes no further."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]], name: str) -> None:
        self._work = work
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task unless it was started before."""
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name=self._name)
            self._task.add_done_callback(self._report)

    async def join(self) -> None:
        """Wait until the task has ended by itself."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Cancel the task and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s failed", self._name, exc_info=error)


def keep_running(
    stack: AsyncExitStack, work: Callable[[], Coroutine[None, None, None]], name: str
) -> None:
    """Run `work` in the background until `stack` is closed."""
    background = Background(work, name)
    background.start()
    stack.push_async_callback(background.stop)


def hourly(
    work: Callable[[], Awaitable[None]], name: str
) -> Callable[[], Coroutine[None, None, None]]:
    """Work for `keep_running` that is done at once and then every hour.

    An outage of the database is logged and waited for.
    """

    async def repeat() -> None:
        while True:
            try:
                await work()
            except ChatKitError as error:
                _log.warning("the %s failed: %s", name, error)
            await asyncio.sleep(_HOUR_S)

    return repeat
