"""Background tasks: started once, and cancelled at shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack

_log = logging.getLogger("chatkit")


class Background:
    """Runs `work` when it is first wanted. A failure is logged, and is nobody else's."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]], name: str) -> None:
        self._work = work
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless it was begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name=self._name)
            self._task.add_done_callback(self._report)

    async def join(self) -> None:
        """Wait until it has ended by itself."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s failed", self._name, exc_info=error)


def keep_running(
    stack: AsyncExitStack, work: Callable[[], Coroutine[None, None, None]], name: str
) -> None:
    """Run `work` from now on, until `stack` is closed."""
    background = Background(work, name)
    background.start()
    stack.push_async_callback(background.stop)
