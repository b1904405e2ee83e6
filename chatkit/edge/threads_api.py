"""Thread operations outside of the protocol, for the host's own pages: lock, close, reopen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Route, answering
from chatkit.ports.threads import ThreadStore
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.fields import Fields
from chatkit.protocol.items import StatusType, ThreadStatus, parse_reason
from chatkit.protocol.jsontext import loads


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRoutes:
    """The handlers. They need a full sign-in; a page's session is not accepted."""

    authenticator: Authenticator
    threads: ThreadStore
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The routes of threads."""
        return [Route("/api/chatkit/threads/{id}/status", {"PUT": answering(self.set_status)})]

    async def set_status(self, request: HttpRequest) -> Reply:
        """PUT `{type: active | locked | closed, reason?}`. Returns the changed thread."""
        user = await self.authenticator.authenticate(request, sessions=())
        body = Fields(loads(await request.body(max_bytes=self.max_body_bytes)), "")
        kind = body.text("type")
        if kind not in ("active", "locked", "closed"):
            raise BadRequest("type: must be active, locked or closed")
        status = ThreadStatus(type=cast(StatusType, kind), reason=parse_reason(body))
        thread = await self.threads.set_status(user.user_id, request.params["id"], status)
        return json_reply(thread.encode())
