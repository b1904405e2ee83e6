"""Where rate limits that all processes share are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.access.rates import Rate, RateStatus


class BucketStore(Protocol):
    """Buckets that all processes share, on the clock of the database. Raises Unavailable."""

    async def take(self, requests: Sequence[tuple[str, Rate]]) -> Sequence[RateStatus]:
        """Count one request in each named bucket that allows it; the standings in the order given.

        Callers that name several buckets name them in one order of kinds, so that no two wait for
        each other.
        """
