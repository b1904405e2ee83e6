"""Where sessions are kept."""

from __future__ import annotations

from typing import Protocol

from chatkit.access.sessions import Session, SessionScope
from chatkit.protocol.paging import Cursor, Page


class SessionStore(Protocol):
    """Where sessions are kept. A secret is known by its SHA-256 hash alone.

    Time is the database's. All methods raise Unavailable while the database is away.
    """

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
        """A new one that lasts `expires_in` seconds; `origin` is the only page that may use it."""

    async def find(self, secret_hash: bytes) -> Session | None:
        """The one with this secret, unless it has expired or was revoked."""

    async def list(self, user_id: str, cursor: Cursor) -> Page[Session]:
        """Those that hold, newest first. An unknown `after` raises BadRequest with code
        `invalid_cursor`."""

    async def revoke(self, user_id: str, session_id: str) -> None:
        """End one, at once. Raises NotFound("session")."""

    async def revoke_all(self, user_id: str, scope: SessionScope) -> None:
        """End every one of a kind, at once."""
