"""Used request signatures in PostgreSQL, shared by all processes."""

from __future__ import annotations

from typing import Final

from store.postgres import Database
from store.sql import load

_SQL: Final = load("signatures")


class UsedSignatures:
    """The `SignatureStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(self, user_id: str, signature: bytes, *, keep_s: float) -> bool:
        """See the port."""
        async with self._database.acquire() as connection:
            # Each use deletes a few old ones, so that they do not pile up.
            await connection.execute(_SQL["sweep_signatures"])
            first = await connection.fetchval(_SQL["use_signature"], user_id, signature, keep_s)
        return first is not None
