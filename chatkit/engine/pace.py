"""How long the next deltas of a stream may be left to gather, so that they leave together.

A delta that is read, encoded and sent alone costs several times what it costs in company. While
the process has little to do, each goes at once; the busier it is, the longer a stream rests after
what it has sent, up to a time that no reader notices. The first delta of an answer never waits.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, process_time
from typing import Final

#: Longest rest of a stream, in seconds: twenty events a second still look like writing.
MOST_S: Final = 0.05
#: Of one core: below the first nothing rests, from the second on it rests for the longest time.
QUIET: Final = 0.2
BUSY: Final = 0.5
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
        self._rest_s = 0.0

    def rest_s(self) -> float:
        """How long a stream should rest after what it has just sent, in seconds."""
        now = self._now()
        passed = now - self._since
        if passed >= _WINDOW_S:
            cpu = self._cpu()
            share = (cpu - self._cpu_since) / passed
            self._rest_s = MOST_S * min(max((share - QUIET) / (BUSY - QUIET), 0.0), 1.0)
            self._since, self._cpu_since = now, cpu
        return self._rest_s
