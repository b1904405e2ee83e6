"""Rate limits: how many requests are allowed in a time span, and the state of a caller's bucket.

Pure. A bucket is one number, the time at which it is full again (the "theoretical arrival time" of
the generic cell rate algorithm, ITU-T I.371). It refills as time passes, without any work, so a
full bucket needs no entry.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

_RATE: Final = re.compile(r"([0-9]{1,9}) ?/ ?(second|minute|hour)", re.ASCII | re.IGNORECASE)
#: Tolerance for rounding in float sums: as a fraction of one request, and in seconds.
_GRACE: Final = 1e-3
_ROUNDING_S: Final = 1e-6
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` requests in `window_s` seconds, as the sustained rate and as the largest burst."""

    count: int
    window_s: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.window_s < 1:
            raise ValueError("a rate allows something")

    @classmethod
    def parse(cls, text: str) -> Rate | None:
        """Parse `60/minute` (or `second`, `hour`). None for `off`. Raises ValueError."""
        if text.lower() == "off":
            return None
        match = _RATE.fullmatch(text)
        if match is None or int(match[1]) == 0:
            raise ValueError(f"{text!r} is no rate, such as 60/minute, nor off")
        return cls(int(match[1]), _SECONDS[match[2].lower()])

    @property
    def every_s(self) -> float:
        """Seconds per request at the sustained rate."""
        return self.window_s / self.count

    def take(self, full_in_s: float) -> RateStatus:
        """Count one more request against a bucket that is full again in `full_in_s` seconds."""
        every_s = self.window_s / self.count
        after = full_in_s + every_s if full_in_s > 0 else every_s
        allowed = after <= self.window_s + every_s * _GRACE + _ROUNDING_S
        return RateStatus(self, after if allowed else full_in_s, allowed)


class RateStatus(NamedTuple):
    """The state of a bucket after a request, which was counted if `allowed` and refused if not."""

    rate: Rate
    full_in_s: float
    allowed: bool

    @property
    def remaining(self) -> int:
        """How many more requests are allowed right now."""
        return max(int((self.rate.window_s - self.full_in_s) / self.rate.every_s + _GRACE), 0)

    @property
    def reset_s(self) -> int:
        """Seconds until the bucket is full, so that a whole burst is allowed again."""
        return max(math.ceil(self.full_in_s - _ROUNDING_S), 0)

    @property
    def retry_after_s(self) -> int:
        """Seconds until one more request is allowed; at least 1."""
        wait = self.full_in_s + self.rate.every_s - self.rate.window_s
        return max(math.ceil(wait - _ROUNDING_S), 1)
