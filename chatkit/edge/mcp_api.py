"""`POST /mcp`: the task tools for other agents, over MCP's streamable HTTP.

GET and DELETE belong to that transport's sessions, which are not offered: 405, as it has it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from chatkit.access.caller import Caller
from chatkit.edge.asgi import HttpRequest
from chatkit.edge.asgi_types import HttpScope, HttpSend
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Handler, Route
from chatkit.protocol.errors import Sentence, UnsupportedMedia
from chatkit.protocol.jsontext import loads


class McpAnswer(Protocol):
    """What answers in the name of a user: the tools, which this layer does not know."""

    async def __call__(
        self,
        caller: Caller,
        body: bytes,
        *,
        scope: HttpScope,
        left: Callable[[], Awaitable[None]],
        send: HttpSend,
    ) -> None:
        """Write the answer to one message of `caller`. Raises BadRequest where it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRoutes:
    """The handler. A personal token (a session of the scope `mcp`) opens this and nothing else.

    `acting` marks what tools do with the request that they do it for.
    """

    authenticator: Authenticator
    answer: McpAnswer
    acting: Callable[[Handler], Handler]
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """All of them."""
        post = {"POST": self.acting(self.post)}
        return [Route("/mcp", post), Route("/mcp/", post)]

    async def post(self, request: HttpRequest, send: HttpSend) -> None:
        """One JSON-RPC message."""
        self.authenticator.require_known_origin(request)
        user = await self.authenticator.authenticate(request, sessions=("mcp",))
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMedia(Sentence("http.json_only"))
        body = await request.body(most=self.max_body_bytes)
        loads(body)  # for its rules: a tool must not meet text that the database cannot hold
        await self.answer(
            Caller(user_id=user.user_id, language=request.language),
            body,
            scope=request.scope,
            left=request.wait_for_disconnect,
            send=send,
        )
