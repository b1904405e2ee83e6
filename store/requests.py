"""Accepted requests in PostgreSQL, stored so that a repeated request does not run twice."""

from __future__ import annotations

from typing import Final

from chatkit.answer.leases import AcceptedRequest, RequestKey
from store.postgres import Database
from store.sql import load

_SQL: Final = load("requests")
#: Seconds after which a claimed request without an answer counts as lost. Longer than its few
#: statements can take.
_CLAIM_S: Final = 60.0


class AcceptedRequests:
    """The `RequestStore`. A request is `fresh` for `fresh_s` seconds after it is accepted."""

    def __init__(self, database: Database, *, fresh_s: float) -> None:
        self._database = database
        self._fresh_s = fresh_s

    async def find(self, user_id: str, key: RequestKey) -> AcceptedRequest | None:
        """See the port."""
        row = await self._database.fetchrow(_SQL["find_request"], user_id, key.key, self._fresh_s)
        if row is None:
            return None
        return AcceptedRequest(
            body_hash=row["body_hash"],
            turn_id=row["turn_id"],
            thread_id=row["thread_id"],
            answer=row["answer"],
            state=row["state"],
            fresh=row["fresh"],
        )

    async def claim(self, user_id: str, key: RequestKey) -> bool:
        """See the port."""
        claimed = await self._database.fetchval(
            _SQL["claim_request"], user_id, key.key, key.body_hash, key.keep_s, _CLAIM_S
        )
        return claimed is not None

    async def answer(self, user_id: str, key: RequestKey, answer: str) -> None:
        """See the port."""
        await self._database.execute(_SQL["answer_request"], user_id, key.key, answer)

    async def forget(self, user_id: str, key: RequestKey, turn_id: str | None) -> None:
        """See the port."""
        await forget_request(self._database, user_id, key, turn_id)

    async def sweep(self) -> None:
        """See the port."""
        await self._database.execute(_SQL["sweep_requests"])


async def forget_request(
    database: Database, user_id: str, key: RequestKey, turn_id: str | None
) -> None:
    """Release the key if it still belongs to this turn."""
    await database.execute(_SQL["forget_request"], user_id, key.key, turn_id)
