"""Opens the tools after the server is up.

The MCP library takes a second to import, so a thread imports it and the start does not wait. Calls
that arrive earlier wait for the import.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chatkit import __version__
from chatkit.access.caller import Caller
from chatkit.answer.approving import ApprovalPolicy
from chatkit.edge.asgi_types import HttpScope, HttpSend
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.task_history import TaskHistory
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.calls import Elicitation, ElicitationReply, ToolCall, ToolResult, as_tool_name
from chatkit.wiring.background import Background
from chatkit.wiring.settings import Settings
from chatkit.wiring.variables import SettingsError
from tools.config import ServerConfig, StdioServer, read_mcp_servers
from tools.sandbox import protect_ourselves

if TYPE_CHECKING:
    from tools.client import ToolClients
    from tools.http import ToolsOverHttp


class Tooling:
    """The engine's ToolBox, and the handler of /mcp. Call `start` once and `stop` at shutdown."""

    def __init__(
        self,
        tasks: TaskStore,
        history: TaskHistory,
        servers: Sequence[ServerConfig],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._tasks = tasks
        self._history = history
        self._servers = servers
        self._now = now
        self._clients: asyncio.Future[ToolClients] = asyncio.get_running_loop().create_future()
        self._mcp: asyncio.Future[ToolsOverHttp] = asyncio.get_running_loop().create_future()
        self._stopping = asyncio.Event()
        self._holding = Background(self._hold, "tools")

    def start(self) -> None:
        """Start opening the tools in the background."""
        self._holding.start()

    async def stop(self) -> None:
        """Close the tools and the connections to other servers."""
        self._stopping.set()
        await self._holding.join()

    async def _hold(self) -> None:
        # The library requires that one task enters and exits both.
        try:
            client, http, server, for_agents = await asyncio.to_thread(_import)
            protect_ourselves(self._servers)
            async with (
                client.ToolClients(
                    server.build_server(self._tasks, self._history, now=self._now),
                    self._servers,
                ) as clients,
                http.ToolsOverHttp(
                    for_agents.build_agents_server(
                        self._tasks, self._history, version=__version__, now=self._now
                    )
                ) as mcp,
            ):
                self._clients.set_result(clients)
                self._mcp.set_result(mcp)
                await self._stopping.wait()
        finally:
            for waited in (self._clients, self._mcp):
                waited.cancel()  # calls that still wait are cancelled

    async def list_tools(self, budget: int | None = None) -> Sequence[ToolSpec]:
        """See ToolBox."""
        return await (await asyncio.shield(self._clients)).list_tools(budget)

    async def describe(self, policy: ApprovalPolicy) -> dict[str, Any]:
        """The additional servers with their tools, as JSON. `asks`: the user is asked first."""
        clients = await asyncio.shield(self._clients)
        tools = await clients.list_tools()
        return {
            "servers": [
                {
                    "name": name,
                    "transport": kind,
                    "state": state,
                    "tools": [
                        {
                            "name": tool.name,
                            "own_name": tool.own_name,
                            "title": tool.title,
                            "description": tool.description,
                            "read_only": tool.read_only,
                            "destructive": tool.destructive,
                            "asks": policy.asks_about(tool),
                        }
                        for tool in tools
                        if tool.server == name
                    ],
                }
                for name, kind, state in clients.states()
            ]
        }

    async def call(
        self,
        call: ToolCall,
        caller: Caller,
        progress: Callable[[str], None],
        reply: ElicitationReply | None = None,
    ) -> ToolResult:
        """See ToolBox."""
        return await (await asyncio.shield(self._clients)).call(call, caller, progress, reply)

    def give_up(self, asked: Elicitation, caller: Caller) -> None:
        """See ToolBox."""
        if self._clients.done() and not self._clients.cancelled():
            self._clients.result().give_up(asked, caller)

    async def answer_mcp(
        self,
        caller: Caller,
        body: bytes,
        *,
        scope: HttpScope,
        left: Callable[[], Awaitable[None]],
        send: HttpSend,
    ) -> None:
        """See McpAnswer."""
        mcp = await asyncio.shield(self._mcp)
        await mcp(caller, body, scope=scope, left=left, send=send)


def read_tool_servers(settings: Settings) -> Sequence[ServerConfig]:
    """The additional tool servers of MCP_SERVERS. Raises SettingsError."""
    try:
        servers = read_mcp_servers(settings.mcp_servers) if settings.mcp_servers else ()
    except ValueError as error:
        raise SettingsError(str(error)) from error
    homes = settings.data_dir / "tools"
    return [
        replace(server, home=homes / as_tool_name(server.name))
        if isinstance(server, StdioServer)
        else server
        for server in servers
    ]


def _import() -> tuple[Any, Any, Any, Any]:
    return (
        importlib.import_module("tools.client"),
        importlib.import_module("tools.http"),
        importlib.import_module("tools.server"),
        importlib.import_module("tools.for_agents"),
    )
