"""Sessions: what a user hands to a page or an agent, that is good for less than a sign-in is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chatkit.protocol.jsontext import dumps
from chatkit.protocol.times import to_wire

#: What it opens: all that a page needs, or the task tools at `/mcp` and nothing else.
SessionScope = Literal["chat", "mcp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One that holds, without its secret, which nobody but its bearer knows."""

    id: str
    user_id: str
    scope: SessionScope
    origin: str | None
    """In canonical form: the only page that may use it. None: any."""
    name: str | None
    created_at: datetime
    expires_at: datetime

    def encode(self) -> str:
        """An entry of the user's own list, as JSON text."""
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
