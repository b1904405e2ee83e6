"""Rate limit buckets in PostgreSQL, shared by all processes of the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatkit.access.rates import Rate, RateStatus
from store.postgres import Database
from store.sql import load

_SQL: Final = load("limits")
#: Full buckets are deleted once per this many requests of this process.
_SWEEP_EVERY: Final = 1000


class SharedBuckets:
    """The `BucketStore`: a table with one row per bucket."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._until_sweep = _SWEEP_EVERY

    async def take(self, requests: Sequence[tuple[str, Rate]]) -> Sequence[RateStatus]:
        """See the port."""
        rows = await self._database.fetch(
            _SQL["take"],
            [name for name, _ in requests],
            [rate.every_s for _, rate in requests],
            [float(rate.window_s) for _, rate in requests],
        )
        found = {row["name"]: row for row in rows}
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._until_sweep = _SWEEP_EVERY
            await self._database.execute(_SQL["sweep"])
        return [
            RateStatus(rate, found[name]["full_in_s"], found[name]["allowed"])
            for name, rate in requests
        ]
