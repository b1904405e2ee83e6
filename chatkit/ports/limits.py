"""Port: counts rate limits that all processes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.access.rates import Rate, RateStatus


class BucketStore(Protocol):
    """Buckets that all processes share, on the clock of the database. Raises Unavailable."""

    async def take(self, requests: Sequence[tuple[str, Rate]]) -> Sequence[RateStatus]:
        """Count one request in each named bucket that allows it; return the statuses in order.

        All callers must name the kinds of buckets in the same order, to avoid deadlocks.
        """
