"""A timeout for the time between two reads of a stream."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Silence:
    """`with silence:` around a wait raises TimeoutError if the deadline passes during it.

    Like `asyncio.timeout_at`, but for many waits of one task. `timeout_at` would set a timer for
    every delta. This sets one timer; when it fires, it checks whether the deadline was moved.
    Create it in the task that waits. Deadlines are times of the event loop.
    """

    def __init__(self, deadline: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can wait")
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._deadline = deadline
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = False
        self._timed_out = False
        self._cancelling = 0

    def move(self, deadline: float) -> None:
        """Set a new deadline, after a read."""
        self._deadline = deadline
        if self._timer is not None and deadline < self._timer.when():
            self.end()

    def end(self) -> None:
        """Cancel the timer. A later wait sets it again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> None:
        self._waiting = True
        self._cancelling = self._task.cancelling()
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._fire)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._waiting = False
        if self._timed_out:
            self._timed_out = False
            # Another cancel of the task at the same time must stay effective.
            if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _fire(self) -> None:
        self._timer = None
        if not self._waiting:
            return  # the next wait sets the timer again
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._fire)
        else:
            self._timed_out = True
            self._task.cancel()
