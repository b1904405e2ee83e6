"""Decides how long the deltas of a stream are collected before they are sent as one batch.

Reading, encoding and sending one delta alone costs several times its share of a batch. While CPU
load is low, every delta is sent at once. Under load a stream pauses after each batch, too briefly
for a reader to notice. Shorter pauses do not help: models send a delta every 10 to 30 ms, and a
pause in which nothing arrives only adds a timer. The first delta of an answer is never delayed.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, process_time
from typing import Final

#: The pause after a batch, in seconds: twenty updates a second still look like typing.
PAUSE_S: Final = 0.05
#: CPU load (share of one core) at which pauses end and begin. Hysteresis: the pauses lower the
#: load, which alone must not end them.
LOW_LOAD: Final = 0.1
HIGH_LOAD: Final = 0.2
#: The interval over which the CPU load is measured, in seconds.
_WINDOW_S: Final = 0.2


class Pace:
    """Measures the CPU load of this process. `now` and `cpu` are clocks in seconds."""

    def __init__(
        self, now: Callable[[], float] = monotonic, cpu: Callable[[], float] = process_time
    ) -> None:
        self._now = now
        self._cpu = cpu
        self._since = now()
        self._cpu_since = cpu()
        self._busy = False

    def pause_s(self) -> float:
        """How long to pause after a batch, in seconds; 0 while the load is low."""
        now = self._now()
        passed = now - self._since
        if passed >= _WINDOW_S:
            cpu = self._cpu()
            self._busy = (cpu - self._cpu_since) / passed >= (LOW_LOAD if self._busy else HIGH_LOAD)
            self._since, self._cpu_since = now, cpu
        return PAUSE_S if self._busy else 0.0
