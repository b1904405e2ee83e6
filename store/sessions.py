"""Sessions in PostgreSQL. They are cached nowhere else, so a revocation is effective at once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import asyncpg

from chatkit.access.quotas import Quotas
from chatkit.access.sessions import Session, SessionScope
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.paging import Cursor, Page
from store.amounts import allowed
from store.postgres import Database
from store.sql import load

_SQL: Final = load("sessions")


class Sessions:
    """The `SessionStore`."""

    def __init__(self, database: Database, quotas: Quotas | None = None) -> None:
        self._database = database
        self._quotas = quotas or Quotas()

    async def open(
        self,
        user_id: str,
        *,
        secret_hash: bytes,
        scope: SessionScope,
        expires_in: int,
        origin: str | None,
        name: str | None,
    ) -> Session:
        """See the port."""
        async with self._database.acquire() as connection:
            # Each new session deletes a few expired ones, so that they do not pile up.
            await connection.execute(_SQL["sweep_sessions"], user_id)
            row = await connection.fetchrow(
                _SQL["open_session"],
                user_id,
                secret_hash,
                scope,
                expires_in,
                origin,
                name,
                allowed(self._quotas, user_id),
            )
        assert row is not None, "an INSERT that succeeds returns its row"
        return _session(row)

    async def find(self, secret_hash: bytes) -> Session | None:
        """See the port."""
        row = await self._database.fetchrow(_SQL["find_session"], secret_hash)
        return None if row is None else _session(row)

    async def list(self, user_id: str, cursor: Cursor) -> Page[Session]:
        """See the port."""
        try:
            after = None if cursor.after is None else UUID(cursor.after)
        except ValueError as error:
            raise _unknown_cursor() from error
        rows = await self._database.fetch(_SQL["list_sessions"], user_id, after, cursor.limit + 1)
        if not rows[0]["cursor_known"]:
            raise _unknown_cursor()
        return Page.of([_session(row) for row in rows if row["id"] is not None], cursor.limit)

    async def revoke(self, user_id: str, session_id: str) -> None:
        """See the port."""
        try:
            id_ = UUID(session_id)
        except ValueError as error:
            raise NotFound("session") from error
        if await self._database.fetchval(_SQL["revoke_session"], user_id, id_) is None:
            raise NotFound("session")

    async def revoke_all(self, user_id: str, scope: SessionScope) -> None:
        """See the port."""
        await self._database.execute(_SQL["revoke_sessions"], user_id, scope)


def _session(row: asyncpg.Record) -> Session:
    return Session(
        id=str(row["id"]),
        user_id=row["user_id"],
        scope=row["scope"],
        origin=row["origin"],
        name=row["name"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


def _unknown_cursor() -> BadRequest:
    return BadRequest("after: no such session", code="invalid_cursor")
