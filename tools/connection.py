"""The connection to one MCP server; one task keeps it open and reconnects."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, Literal

import httpx2
from mcp.client import Client, IncomingMessage, Transport
from mcp.server.lowlevel import Server
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError, UrlElicitationRequiredError
from mcp.types import (
    CONNECTION_CLOSED,
    URL_ELICITATION_REQUIRED,
    CallToolResult,
    Tool,
    ToolListChangedNotification,
)

from chatkit.protocol.calls import Elicitation, ElicitationReply
from tools.config import HttpServer, ServerConfig, StdioServer
from tools.incoming import Repair
from tools.questions import (
    ANSWER_S,
    NotHeld,
    OpenCall,
    OpenCalls,
    asked_of,
    first_of,
    next_of,
)
from tools.stdio import open_stdio
from tools.transports import open_http, watched

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
#: Pause before a call is made again because the server wants it so, in seconds.
_AGAIN_S: Final = 0.25
_NOT_HELD: Final = (
    "The tool server asked the user, but the call does not wait for the answer any more: it took "
    "too long, or one of the two was restarted. Call the tool again if it is still wanted."
)


class CallFailed(Exception):
    """The call has no result. The message is a sentence for the model."""


class ServerError(CallFailed):
    """The server answered the call with an error. The message is the server's own."""


class Connection:
    """A connection to a server; `run` keeps it open.

    `tools` is the last list of the server, kept while it is disconnected. `changed` is called when
    the list or the state of the connection changes. `settled` is set after the first attempt to
    connect. `answer_s`: how long a call waits for an answer of the user, in seconds.
    """

    def __init__(
        self,
        name: str,
        server: Server[Any] | ServerConfig,
        *,
        changed: Callable[[], None],
        answer_s: float = ANSWER_S,
    ) -> None:
        self.name = name
        self.tools: tuple[Tool, ...] = ()
        self.state: Literal["connecting", "connected", "reconnecting", "away"] = "connecting"
        self.settled = asyncio.Event()
        self.questions = OpenCalls(name, answer_s=answer_s)
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
        user_id: str,
        progress: Callable[[str], None],
        reply: ElicitationReply | None = None,
    ) -> CallToolResult | Elicitation:
        """Call a tool for a user. Raises CallFailed. Cancelling this also cancels the call on the
        server, until the server asks the user.

        `progress` is called with each progress message of the tool. With a `reply` to a question of
        the server, the call goes on.
        """
        if reply is not None and "held" in reply.asked.state:
            try:
                return await self.questions.go_on(user_id, reply, progress)
            except NotHeld as error:
                raise CallFailed(_NOT_HELD) from error
        more: dict[str, Any] = {}
        if reply is not None and "key" in reply.asked.state:
            going_on = next_of(reply)
            if isinstance(going_on, Elicitation):
                return going_on
            more["request_state"], more["input_responses"] = going_on
        elif reply is not None and reply.action != "accept":
            raise CallFailed("The user did not open the page that the tool server asked for.")
        call = OpenCall(user_id, progress, timeout_s)
        return await self.questions.run(
            call, lambda: self._call_or_fail(call, tool, arguments, more, timeout_s)
        )

    async def _call_or_fail(
        self,
        call: OpenCall,
        tool: str,
        arguments: dict[str, Any],
        more: Mapping[str, Any],
        timeout_s: float,
    ) -> CallToolResult | Elicitation:
        """`_call`, with every error as CallFailed."""
        self._calls += 1
        try:
            try:
                return await self._call(call, tool, arguments, more, timeout_s)
            except MCPError as error:
                if not self._session_refused or error.code == CONNECTION_CLOSED:
                    raise
                # The server did not know the session, so it has not run the call.
                self._ended = True
                self._wake.set()
                self._client = None
                return await self._call(call, tool, arguments, more, timeout_s)
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
        call: OpenCall,
        tool: str,
        arguments: dict[str, Any],
        more: Mapping[str, Any],
        timeout_s: float,
    ) -> CallToolResult | Elicitation:
        client = await self._connected()
        progress = _report_progress(lambda line: call.report(line))
        async with asyncio.timeout(timeout_s) as call.deadline:
            while True:
                try:
                    result = await client.session.call_tool(
                        tool,
                        arguments,
                        progress_callback=progress,
                        allow_input_required=True,
                        **more,
                    )
                except MCPError as error:
                    if error.code != URL_ELICITATION_REQUIRED:
                        raise
                    # The page comes first, and then the same call again.
                    (wanted, *_) = UrlElicitationRequiredError.from_error(error.error).elicitations
                    return asked_of(self.name, wanted, {})
                if isinstance(result, CallToolResult):
                    return result
                if result.input_requests:
                    break
                await asyncio.sleep(_AGAIN_S)
                more = {"request_state": result.request_state}
        asked = first_of(self.name, result.input_requests, result.request_state)
        if asked is None:
            raise CallFailed("The tool server wants more than a form that the user could fill in.")
        return asked

    async def _hold(self) -> None:
        self._ended = self._session_refused = False
        self._wake.clear()
        client = Client(
            self._transport(),
            cache=None,
            message_handler=self._on_message,
            elicitation_callback=self.questions.on_request,
        )
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
                return watched(open_stdio(self._server), self._repair, self._hung_up)
            case HttpServer():
                http = open_http(self._server, self._see_response)
                return watched(http, self._repair, self._hung_up)
            case Server():
                return self._server


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
