"""`POST /api/auth/guest`: a token for somebody without an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chatkit.access.audit import Deed
from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Route, answering
from chatkit.protocol.jsontext import dumps


@dataclass(frozen=True, slots=True)
class GuestRoutes:
    """The handler. `expect_chat` is called, since a guest is about to ask something."""

    authenticator: Authenticator
    expect_chat: Callable[[], None]

    def routes(self) -> list[Route]:
        """All of them."""
        return [Route("/api/auth/guest", {"POST": answering(self.issue)})]

    async def issue(self, request: HttpRequest) -> Reply:
        """`{token, user_id, expires_in}`; who shows a valid one stays the same guest."""
        guest = await self.authenticator.issue_guest(request)
        self.expect_chat()
        request.trail.user_id = guest.user_id
        request.trail.deeds.append(Deed("guest.issue"))
        wire = {"token": guest.token, "user_id": guest.user_id, "expires_in": guest.expires_in}
        return json_reply(dumps(wire))
