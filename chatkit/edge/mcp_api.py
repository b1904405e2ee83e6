"""`POST /mcp`: the task tools for other agents, over MCP's streamable HTTP.

GET and DELETE are for the transport's sessions, which are not supported: 405, as MCP specifies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from chatkit.access.caller import Caller
from chatkit.edge.asgi import HttpRequest
from chatkit.edge.asgi_types import HttpScope, HttpSend
from chatkit.edge.auth import Authenticator
from chatkit.edge.mcp_sign_in import McpMetadata
from chatkit.edge.router import Handler, Route
from chatkit.protocol.errors import Sentence, Unauthorized, UnsupportedMedia
from chatkit.protocol.jsontext import loads


class McpAnswer(Protocol):
    """Answers an MCP message on behalf of a user. The edge does not import the tools."""

    async def __call__(
        self,
        caller: Caller,
        body: bytes,
        *,
        scope: HttpScope,
        left: Callable[[], Awaitable[None]],
        send: HttpSend,
    ) -> None:
        """Answer one message of `caller`. `left` returns when the client has disconnected.

        Raises BadRequest for a malformed message.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class McpRoutes:
    """The handler. A personal token (a session with scope `mcp`) is accepted only here.

    `with_audit_origin` wraps a handler: deletions by its tools are logged with its origin.
    """

    authenticator: Authenticator
    metadata: McpMetadata
    answer: McpAnswer
    with_audit_origin: Callable[[Handler], Handler]
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The routes of MCP, and of its metadata."""
        post = {"POST": self.with_audit_origin(self.post)}
        return [Route("/mcp", post), Route("/mcp/", post), *self.metadata.routes()]

    async def post(self, request: HttpRequest, send: HttpSend) -> None:
        """POST one JSON-RPC message."""
        try:
            await self._post(request, send)
        except Unauthorized as error:
            error.challenge = self.metadata.challenge(request)
            raise

    async def _post(self, request: HttpRequest, send: HttpSend) -> None:
        self.authenticator.require_known_origin(request)
        user = await self.authenticator.authenticate(request, sessions=("mcp",))
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMedia(Sentence("http.json_only"))
        body = await request.body(max_bytes=self.max_body_bytes)
        loads(body)  # reject text that the database cannot store
        await self.answer(
            Caller(user_id=user.user_id, language=request.language),
            body,
            scope=request.scope,
            left=request.wait_for_disconnect,
            send=send,
        )
