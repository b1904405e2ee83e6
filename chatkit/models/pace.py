"""How long the next deltas of a stream may be left to gather, so that they leave together.

A delta that is read, encoded and sent alone costs several times what it costs in company. While
the process has little to do, each goes at once; while it is busy, a stream rests after what it has
sent, for a time that no reader notices. Shorter rests are no use: models send a delta every 10 to
30 ms, and a rest in which nothing gathers costs a timer more. The first delta of an answer never
waits.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, process_time
from typing import Final

#: The rest of a stream, in seconds: twenty events a second still look like writing.
REST_S: Final = 0.05
#: Of one core. From the second on the process is busy, and stays so until it is below the first:
#: the rests make it cheaper, and it shall not go back and forth.
QUIET: Final = 0.1
BUSY: Final = 0.2
#: Time over which the share of a core is taken, in seconds.
_WINDOW_S: Final = 0.2


class Pace:
    """Measures this process. `now` and `cpu` are clocks in seconds."""

    def __init__(
        self, now: Callable[[], float] = monotonic, cpu: Callable[[], float] = process_time
    ) -> None:
        self._now = now
        self._cpu = cpu
        self._since = now()
        self._cpu_since = cpu()
        self._busy = False

    def rest_s(self) -> float:
        """How long a stream should rest after what it has just sent, in seconds."""
        now = self._now()
        passed = now - self._since
        if passed >= _WINDOW_S:
            cpu = self._cpu()
            self._busy = (cpu - self._cpu_since) / passed >= (QUIET if self._busy else BUSY)
            self._since, self._cpu_since = now, cpu
        return REST_S if self._busy else 0.0
