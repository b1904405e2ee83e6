"""Threads outside of the protocol, for pages and their hosts: the list, and lock, close, reopen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Route, answering
from chatkit.ports.threads import ThreadStore
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.fields import Fields
from chatkit.protocol.items import StatusType, Thread, ThreadStatus, parse_reason
from chatkit.protocol.jsontext import dumps, loads
from chatkit.protocol.paging import MAX_THREADS_LIMIT
from chatkit.protocol.requests import read_cursor
from chatkit.protocol.times import to_wire


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRoutes:
    """The handlers. To change a status needs a full sign-in; a page's session is not accepted."""

    authenticator: Authenticator
    threads: ThreadStore
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The routes of threads."""
        return [
            Route("/api/chatkit/threads", {"GET": answering(self.list)}),
            Route("/api/chatkit/threads/{id}/status", {"PUT": answering(self.set_status)}),
        ]

    async def list(self, request: HttpRequest) -> Reply:
        """GET the threads, the last used first: `{data, has_more, after}`, as `threads.list`.

        Each has also `updated_at`, the time of its last use, which the wire has no place for.
        """
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        cursor = read_cursor(Fields(request.query(), ""), MAX_THREADS_LIMIT)
        page = await self.threads.list(user.user_id, cursor)
        wire = {"data": [_wire(thread) for thread in page.data], "has_more": page.has_more}
        return json_reply(dumps(wire if page.after is None else wire | {"after": page.after}))

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


def _wire(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "title": thread.title,
        "created_at": to_wire(thread.created_at),
        "updated_at": to_wire(thread.last_used),
        "status": thread.status.to_wire(),
    }
