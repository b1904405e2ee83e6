"""The task tools over MCP's streamable HTTP, for external agents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import jsonrpc_message_adapter

from chatkit.access.caller import Caller
from chatkit.protocol.errors import BadRequest
from tools.server import caller as who_asks

_Message = MutableMapping[str, Any]


class ToolsOverHttp:
    """The handler of /mcp: `async with ToolsOverHttp(server) as answer`, entered and exited by one
    task.

    It is stateless: there are no sessions that another client could continue. Each request is
    independent and is answered with JSON.
    """

    def __init__(self, server: Server[Any]) -> None:
        self._manager = StreamableHTTPSessionManager(server, stateless=True, json_response=True)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self._manager.run())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._running.aclose()

    async def __call__(
        self,
        caller: Caller,
        body: bytes,
        *,
        scope: Any,
        left: Callable[[], Awaitable[None]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answer the POST request `scope` for the authenticated `caller`.

        `body` is the whole body. `left` returns when the client disconnects. `scope` and `send` are
        ASGI's. Raises BadRequest.
        """
        try:
            # Checked here, because the library would quote its validator in the response.
            jsonrpc_message_adapter.validate_json(body, by_name=False)
        except ValueError as error:  # includes the library's ValidationError
            raise BadRequest("the body: must be one JSON-RPC 2.0 message") from error
        arriving: list[_Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> _Message:
            if arriving:
                return arriving.pop()
            await left()
            return {"type": "http.disconnect"}

        bound = who_asks.set(caller)
        try:
            await self._manager.handle_request(scope, receive, send)
        finally:
            who_asks.reset(bound)
