"""Where rate limits that all processes share are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.access.rates import Rate, Standing


class BucketStore(Protocol):
    """The same for every process; see store/limits.py."""

    async def take(self, requests: Sequence[tuple[str, Rate]]) -> Sequence[Standing]:
        """Count one request in each bucket that allows it."""
