"""The connection to one MCP server; one task keeps it open and reconnects."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Final, Literal, Self

import httpx2
from mcp.client import Client, IncomingMessage, Transport
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp.types import (
    CONNECTION_CLOSED,
    CallToolResult,
    Tool,
    ToolListChangedNotification,
)

from tools.config import HttpServer, ServerConfig, StdioServer
from tools.incoming import Repair
from tools.stdio import open_stdio

_log = logging.getLogger(__name__)

#: Timeout for a server to start and list its tools, or to list them again, in seconds.
_CONNECT_S: Final = 30.0
#: Interval at which the tools are listed again, in seconds; this is also the health check.
_REFRESH_S: Final = 60.0
#: Backoff between attempts to connect, in seconds. It doubles up to the longest pause, and is reset
#: by a connection that lasted `_STEADY_S`.
_FIRST_PAUSE_S: Final = 0.1
_MAX_PAUSE_S: Final = 30.0
_STEADY_S: Final = 10.0
#: Most pages of a tool list that are read, in case a server never ends its list.
_MAX_PAGES: Final = 100
#: Most tools of a server.
_MAX_TOOLS: Final = 2000
#: How long a call waits for a server that is not connected, in seconds.
_CALL_WAITS_S: Final = 10.0


class CallFailed(Exception):
    """The call has no result. The message is a sentence for the model."""


class ServerError(CallFailed):
    """The server answered the call with an error. The message is the server's own."""


class Connection:
    """A connection to a server; `run` keeps it open.

    `tools` is the last list of the server, kept while it is disconnected. `changed` is called when
    the list or the state of the connection changes. `settled` is set after the first attempt to
    connect.
    """

    def __init__(
        self, name: str, server: Server[Any] | ServerConfig, *, changed: Callable[[], None]
    ) -> None:
        self.name = name
        self.tools: tuple[Tool, ...] = ()
        self.state: Literal["connecting", "connected", "reconnecting", "away"] = "connecting"
        self.settled = asyncio.Event()
        self._server = server
        self._changed = changed
        self._client: Client | None = None
        self._wake = asyncio.Event()
        self._ended = False
        self._repair = Repair(name)
        self._session_refused = False
        self._calls = 0
        self._closing = False
        self._wanted = asyncio.Event()  # a call waits for the next attempt to connect
        self._attempt: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_up(self) -> bool:
        """Whether the server is connected, or was so until now and may be back at once."""
        return self.state in ("connected", "reconnecting")

    @property
    def kind(self) -> str:
        """How the server is reached: `stdio`, `http`, or `built in`."""
        match self._server:
            case StdioServer():
                return "stdio"
            case HttpServer():
                return "http"
            case Server():
                return "built in"

    async def run(self) -> None:
        """Connect, and reconnect after every loss, until the task is cancelled."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_S
        while not self._closing:
            began = loop.time()
            try:
                await self._hold()
                reason = "it ended the connection"
            except asyncio.CancelledError:
                self._closing = True
                raise
            except Exception as error:  # the outermost edge: a server can cause any error
                reason = _describe(error)
            if loop.time() - began > _STEADY_S:
                pause = _FIRST_PAUSE_S
            _log.warning("the tool server %s is away: %s", self.name, reason)
            self._end_attempt(connected=False)
            self.settled.set()
            await self._pause(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)

    async def _pause(self, seconds: float) -> None:
        """Wait before the next attempt to connect. A call ends the wait, but never the shortest."""
        await asyncio.sleep(_FIRST_PAUSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds - _FIRST_PAUSE_S):
                await self._wanted.wait()
        self._wanted.clear()

    def _end_attempt(self, *, connected: bool) -> None:
        """Report the end of an attempt to connect to the calls that wait, or that of a connection:
        then they wait for the next attempt."""
        if not connected and self.state == "connected":
            self.state = "reconnecting"
            return
        self.state = "connected" if connected else "away"
        self._attempt.set_result(None)
        self._attempt = asyncio.get_running_loop().create_future()
        self._changed()

    async def _connected(self) -> Client:
        """The client; waits for an attempt to connect. Raises CallFailed."""
        if self._client is None:
            self._wanted.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._attempt), _CALL_WAITS_S)
        if self._client is None:
            raise CallFailed(f"The tool server {self.name} is not available right now.")
        return self._client

    def close(self, task: asyncio.Task[None]) -> None:
        """End `run`, which runs in `task`."""
        # Set the flag too: an error that is being raised can swallow the cancellation.
        self._closing = True
        task.cancel()

    async def call(
        self,
        tool: str,
        arguments: dict[str, Any],
        *,
        timeout_s: float,
        progress: Callable[[str], None] | None = None,
    ) -> CallToolResult:
        """Call a tool. Raises CallFailed. Cancelling this also cancels the call on the server.

        `progress` is called with each progress message of the tool.
        """
        callback = _report_progress(progress) if progress else None
        self._calls += 1
        try:
            try:
                return await self._call(tool, arguments, timeout_s, callback)
            except MCPError as error:
                if not self._session_refused or error.code == CONNECTION_CLOSED:
                    raise
                # The server did not know the session, so it has not run the call.
                self._ended = True
                self._wake.set()
                self._client = None
                return await self._call(tool, arguments, timeout_s, callback)
        except CallFailed:
            raise
        except TimeoutError as error:
            self._wake.set()
            raise CallFailed(f"The tool did not answer within {timeout_s:g} seconds.") from error
        except Exception as error:  # the outermost edge: a server can cause any error
            self._wake.set()
            _log.warning("%s of the tool server %s: %s", tool, self.name, _describe(error))
            if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
                raise ServerError(error.message) from error
            if isinstance(error, ValueError):  # the library's ValidationError is one
                raise CallFailed(
                    f"The tool server {self.name} sent a result that cannot be read. The call may "
                    "have had its effect."
                ) from error
            raise CallFailed(
                f"The tool server {self.name} is not available right now, and whether the call "
                "had its effect is not known."
            ) from error
        finally:
            self._calls -= 1

    async def _call(
        self,
        tool: str,
        arguments: dict[str, Any],
        timeout_s: float,
        progress: ProgressFnT | None,
    ) -> CallToolResult:
        client = await self._connected()
        async with asyncio.timeout(timeout_s):
            return await client.call_tool(tool, arguments, progress_callback=progress)

    async def _hold(self) -> None:
        self._ended = self._session_refused = False
        self._wake.clear()
        client = Client(self._transport(), cache=None, message_handler=self._on_message)
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(_CONNECT_S):
                await stack.enter_async_context(client)
                self.tools = await _list_tools(client, self.name)
            self._client = client
            self._end_attempt(connected=True)
            self.settled.set()
            try:
                while await self._is_alive(client):
                    pass
            finally:
                self._client = None

    async def _is_alive(self, client: Client) -> bool:
        """Wait for a wake-up or the interval, then list the tools again. False if the server has
        closed the connection. Raises TimeoutError if it does not respond."""
        try:
            async with asyncio.timeout(_REFRESH_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        if self._ended:
            return False
        try:
            async with asyncio.timeout(_CONNECT_S):
                tools = await _list_tools(client, self.name)
        except TimeoutError:
            if self._calls:  # a simple server handles one request at a time
                return True
            raise
        if tools != self.tools:
            self.tools = tools
            self._changed()
        return True

    async def _on_message(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._wake.set()

    async def _see_response(self, response: httpx2.Response) -> None:
        # The revision says 404 for an unknown session; the servers of the TypeScript SDK say 400.
        if response.status_code in (400, 404) and "mcp-session-id" in response.request.headers:
            self._session_refused = True

    def _hung_up(self) -> None:
        self._ended = True
        self._wake.set()

    def _transport(self) -> Server[Any] | Transport:
        match self._server:
            case StdioServer():
                return self._watched(open_stdio(self._server))
            case HttpServer():
                return self._watched(_http(self._server, self._see_response))
            case Server():
                return self._server

    @asynccontextmanager
    async def _watched(
        self, transport: AbstractAsyncContextManager[tuple[Any, Any]]
    ) -> AsyncIterator[tuple[_WatchedStream, Any]]:
        async with transport as (read, write):
            yield _WatchedStream(read, self._repair, self._hung_up), write


@asynccontextmanager
async def _http(
    server: HttpServer, see_response: Callable[[httpx2.Response], Awaitable[None]]
) -> AsyncIterator[tuple[Any, Any]]:
    # No read timeout: each call has its own.
    timeout = httpx2.Timeout(10, read=None)
    async with (
        httpx2.AsyncClient(
            headers=dict(server.headers),
            timeout=timeout,
            event_hooks={"response": [see_response]},
        ) as http,
        streamable_http_client(server.url, http_client=http) as streams,
    ):
        yield streams


class _WatchedStream:
    """The read stream of a transport, with repaired messages; calls `on_end` when the other side
    closes it."""

    def __init__(self, stream: Any, repair: Repair, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._repair = repair
        self._on_end = on_end

    async def receive(self) -> SessionMessage | Exception:
        return await self.__anext__()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            message: SessionMessage | Exception = await anext(self._stream)
        except StopAsyncIteration:
            self._on_end()
            raise
        return message if isinstance(message, Exception) else self._repair(message)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._stream.__aexit__(exc_type, exc_val, exc_tb)


def _report_progress(report: Callable[[str], None]) -> ProgressFnT:
    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        share = f"{progress / total:.0%}" if total and 0 <= progress <= total else ""
        if line := f"{message} ({share})" if message and share else message or share:
            report(line)

    return on_progress


async def _list_tools(client: Client, name: str) -> tuple[Tool, ...]:
    tools: dict[str, Tool] = {}
    cursor: str | None = None
    cursors: set[str] = set()
    while True:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            tools.setdefault(tool.name, tool)
        cursor = page.next_cursor
        if cursor is None:
            return tuple(tools.values())
        if cursor in cursors or len(cursors) == _MAX_PAGES or len(tools) > _MAX_TOOLS:
            _log.warning("the tool server %s: its list has no end, read %s", name, len(tools))
            return tuple(tools.values())
        cursors.add(cursor)


def _describe(error: BaseException) -> str:
    """The error as text for the log. Quotes only messages that cannot contain a URL or header."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    quoted = isinstance(error, OSError | MCPError)
    return f"{type(error).__name__}: {error}" if quoted else type(error).__name__
