"""`POST /api/auth/guest`: a token for a user without an account. `GET /guest`: the start's link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from chatkit.access.audit import AuditEvent
from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.guest_links import GuestLinks
from chatkit.edge.router import Route, answering
from chatkit.protocol.errors import BadRequest, Forbidden, Sentence
from chatkit.protocol.jsontext import dumps, loads

#: The path of the link that a start prints; its secret is in the query, which no log has.
LINK_PATH: Final = "/guest"
_MAX_BODY: Final = 1024


@dataclass(frozen=True, slots=True)
class GuestRoutes:
    """The handlers of guest tokens and of the link that a start prints."""

    authenticator: Authenticator
    links: GuestLinks

    def routes(self) -> list[Route]:
        """The routes of guests."""
        return [
            Route("/api/auth/guest", {"POST": answering(self.issue)}),
            Route(LINK_PATH, {"GET": answering(self.enter)}),
        ]

    async def issue(self, request: HttpRequest) -> Reply:
        """POST: `{token, user_id, expires_in}`. The guest of a valid guest token is renewed.

        With `{"cookie": true}` the token is set as the cookie instead, whose guest is renewed.
        """
        body = await request.body(max_bytes=_MAX_BODY)
        asked = loads(body) if body else {}
        if not isinstance(asked, dict):
            raise BadRequest("the body: must be an object")
        as_cookie = asked.get("cookie") is True
        guest = await self.authenticator.issue_guest(request, as_cookie=as_cookie)
        request.trail.user_id = guest.user_id
        request.trail.events.append(AuditEvent("guest.issue"))
        wire: dict[str, Any] = {"user_id": guest.user_id, "expires_in": guest.expires_in}
        return json_reply(dumps(wire if as_cookie else {"token": guest.token, **wire}))

    async def enter(self, request: HttpRequest) -> Reply:
        """GET with `?link=`: the guest's cookie, and on to the page. A link is good for one use.

        A HEAD request, by which programs look at links, does not use it up.
        """
        if request.method != "HEAD" and not await self.authenticator.is_invited(request):
            if not await self.links.redeem(request.query().get("link", "")):
                raise Forbidden(Sentence("sign_in.link_used"))
            await self.authenticator.admit_invited(request)
            request.trail.events.append(AuditEvent("guest.issue"))
        headers = [(b"location", b"./"), (b"referrer-policy", b"no-referrer")]
        return Reply(303, b"", [*headers, (b"cache-control", b"no-store")])
