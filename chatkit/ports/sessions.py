"""Port: stores sessions."""

from __future__ import annotations

from typing import Protocol

from chatkit.access.sessions import Session, SessionScope
from chatkit.protocol.paging import Cursor, Page


class SessionStore(Protocol):
    """Stores sessions. Only the SHA-256 hash of a secret is stored.

    Uses the clock of the database. All methods raise Unavailable if the database is unreachable.
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
        """Create a session for `expires_in` seconds. Only pages of `origin` may use it."""

    async def find(self, secret_hash: bytes) -> Session | None:
        """The session with this secret; None if it has expired or was revoked."""

    async def list(self, user_id: str, cursor: Cursor) -> Page[Session]:
        """A page of valid sessions, newest first.

        An unknown `after` raises BadRequest with code `invalid_cursor`.
        """

    async def revoke(self, user_id: str, session_id: str) -> None:
        """End a session immediately. Raises NotFound("session")."""

    async def revoke_all(self, user_id: str, scope: SessionScope) -> None:
        """End all sessions of the user with this scope immediately."""
