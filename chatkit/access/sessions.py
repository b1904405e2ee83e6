"""Sessions: credentials of a user for a page or an agent, with fewer rights than a sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chatkit.protocol.jsontext import dumps
from chatkit.protocol.times import to_wire

#: The routes that a session opens: all that a page needs, or only the task tools at `/mcp`.
SessionScope = Literal["chat", "mcp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A valid session, without its secret: only the bearer has that."""

    id: str
    user_id: str
    scope: SessionScope
    origin: str | None
    """The only page that may use it, in canonical form. None: any page."""
    name: str | None
    created_at: datetime
    expires_at: datetime

    def encode(self) -> str:
        """The wire object, as JSON text for the user's list of sessions."""
        return dumps(
            {
                "id": self.id,
                "scope": self.scope,
                "name": self.name,
                "origin": self.origin,
                "created_at": to_wire(self.created_at),
                "expires_at": to_wire(self.expires_at),
            }
        )
