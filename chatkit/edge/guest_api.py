"""`POST /api/auth/guest`: a token for a user without an account."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.access.audit import AuditEvent
from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Route, answering
from chatkit.protocol.jsontext import dumps


@dataclass(frozen=True, slots=True)
class GuestRoutes:
    """The handler of guest tokens."""

    authenticator: Authenticator

    def routes(self) -> list[Route]:
        """The route of guest tokens."""
        return [Route("/api/auth/guest", {"POST": answering(self.issue)})]

    async def issue(self, request: HttpRequest) -> Reply:
        """POST: `{token, user_id, expires_in}`. A valid guest token is renewed: same guest."""
        guest = await self.authenticator.issue_guest(request)
        request.trail.user_id = guest.user_id
        request.trail.events.append(AuditEvent("guest.issue"))
        wire = {"token": guest.token, "user_id": guest.user_id, "expires_in": guest.expires_in}
        return json_reply(dumps(wire))
