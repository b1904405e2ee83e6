"""Where sessions are kept."""

from __future__ import annotations

from typing import Protocol

from chatkit.access.sessions import Session, SessionScope
from chatkit.protocol.paging import Cursor, Page


class SessionStore(Protocol):
    """Where sessions are kept. A secret is known by its SHA-256 hash alone."""

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
        """A new one that lasts `expires_in` seconds."""

    async def find(self, secret_hash: bytes) -> Session | None:
        """The one with this secret, unless it has expired or was revoked."""

    async def list(self, user_id: str, cursor: Cursor) -> Page[Session]:
        """Those that hold, newest first. Raises BadRequest for an unknown cursor."""

    async def revoke(self, user_id: str, session_id: str) -> None:
        """End one, at once. Raises NotFound."""

    async def revoke_all(self, user_id: str, scope: SessionScope) -> None:
        """End every one of a kind, at once."""
