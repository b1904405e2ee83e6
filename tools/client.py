"""The tool box of the model: the tools of the built-in and of additional MCP servers."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

from mcp.server.lowlevel import Server
from mcp.types import Tool

from chatkit.access.caller import Caller
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import MAX_TOOL_NAME, ToolCall, ToolResult, as_tool_name
from tools.config import ServerConfig
from tools.connection import CallFailed, Connection
from tools.descriptions import TITLES
from tools.results import (
    cards_of,
    cleaned,
    effects_of,
    is_sendable,
    links_of,
    mentions_of,
    text_of,
)
from tools.schemas import Arguments, compile_schema
from tools.server import CARDS_KEY, EFFECTS_KEY, MENTIONS_KEY
from tools.server import caller as who_asks

_log = logging.getLogger(__name__)

#: Longest description of a foreign tool, in characters: every request to the model contains it.
_MAX_DESCRIPTION: Final = 1000
#: Longest title of a foreign tool, in characters, as shown to the user.
_MAX_TITLE: Final = 80

#: Longest progress message of a tool, in characters.
MAX_PROGRESS: Final = 200
#: Longest wait for additional servers at the start, in seconds; slower ones are added later.
_START_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """The target of calls to `spec.name`. `arguments` is None if the server checks them itself.

    `is_sound` is false for a broken schema. Such a tool is never listed, because providers would
    refuse every request with it.
    """

    spec: ToolSpec
    connection: Connection
    tool: Tool
    arguments: Arguments | None
    is_sound: bool = True


class ToolClients:
    """The `ToolBox` of the engine: `async with ToolClients(server, configs) as tools`.

    The built-in server runs in this process and is ready from the start. For each additional
    server, one task keeps the connection. While a server is disconnected, its tools are not listed
    and calls to them are failed results. If a name is taken, the tool becomes `<server>_<tool>`. A
    tool keeps its name as long as its server has it.
    """

    def __init__(
        self,
        built_in: Server[Any],
        servers: Sequence[ServerConfig] = (),
        *,
        call_timeout_s: float = 60,
        max_output: int = 32_000,
    ) -> None:
        self._built_in = Connection("built-in", built_in, changed=self._rebuild)
        self._others = [
            Connection(server.name, server, changed=self._rebuild) for server in servers
        ]
        self._call_timeout_s = call_timeout_s
        self._max_output = max_output
        self._running: dict[Connection, asyncio.Task[None]] = {}
        self._routes: dict[str, _Route] = {}
        self._listed: tuple[ToolSpec, ...] = ()

    async def __aenter__(self) -> Self:
        self._start(self._built_in)
        await self._built_in.settled.wait()
        for connection in self._others:
            self._start(connection)
        if self._others:
            settled = [asyncio.create_task(each.settled.wait()) for each in self._others]
            _, late = await asyncio.wait(settled, timeout=_START_S)
            for task in late:
                task.cancel()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        for connection, task in self._running.items():
            connection.close(task)
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def list_tools(self) -> Sequence[ToolSpec]:
        """The tools of all connected servers, with unique names. Reads a cached list."""
        return self._listed

    async def call(
        self, call: ToolCall, caller: Caller, progress: Callable[[str], None]
    ) -> ToolResult:
        """Run one call as `caller`. Every error is a failed result with a sentence.

        `progress` is called with the progress messages of an additional server.
        """
        try:
            route = self._route(call.name)
            arguments = _parse(call.arguments)
            if route.arguments is not None:
                _check(arguments, route.arguments)
            bound = who_asks.set(caller)
            try:
                result = await route.connection.call(
                    route.tool.name,
                    arguments,
                    timeout_s=self._call_timeout_s,
                    progress=None if route.connection is self._built_in else _cleanly(progress),
                )
            finally:
                who_asks.reset(bound)
        except CallFailed as failure:
            output = cleaned(str(failure), max_chars=self._max_output)
            return ToolResult(call_id=call.call_id, output=output, failed=True)
        answer = ToolResult(
            call_id=call.call_id,
            output=text_of(result, max_chars=self._max_output),
            failed=result.is_error,
            links=links_of(result),
        )
        # The results of other servers are for the model only, so their `_meta` is ignored.
        if route.connection is not self._built_in:
            return answer
        return replace(
            answer,
            effects=effects_of(result, EFFECTS_KEY),
            cards=cards_of(result, CARDS_KEY),
            mentions=mentions_of(result, MENTIONS_KEY),
        )

    def _start(self, connection: Connection) -> None:
        task = asyncio.create_task(connection.run(), name=f"tool server {connection.name}")
        self._running[connection] = task

    def _route(self, name: str) -> _Route:
        route = self._routes.get(name)
        if route is None:
            known = ", ".join(spec.name for spec in self._listed)
            raise CallFailed(
                f"There is no tool named {name[:MAX_TOOL_NAME]}. The tools are: {known}."
            )
        return route

    def _rebuild(self) -> None:
        """Update names and list from the tools that the servers listed last."""
        old = {(route.connection, route.tool.name): route for route in self._routes.values()}
        tools = {(self._built_in, tool.name): tool for tool in self._built_in.tools}
        for connection in self._others:
            # A server may list its tools in any order. The same order each time lets providers
            # cache the beginning of a request, which holds them.
            for tool in sorted(connection.tools, key=lambda tool: tool.name):
                tools[connection, tool.name] = tool
        names = {key: old[key].spec.name for key in tools if key in old}
        routes = {}
        for key, tool in tools.items():
            connection, _ = key
            if key not in names:
                names[key] = _free_name(connection.name, tool.name, {*names.values()})
            same = key in old and old[key].tool == tool
            routes[names[key]] = old[key] if same else self._new_route(names[key], connection, tool)
        self._routes = routes
        self._listed = tuple(
            route.spec for route in routes.values() if route.connection.is_up and route.is_sound
        )

    def _new_route(self, name: str, connection: Connection, tool: Tool) -> _Route:
        if connection is self._built_in:
            # Its handlers check more precisely, and accept more than a schema can ("5" for 5).
            spec = ToolSpec(
                name=name,
                description=tool.description or "",
                parameters=tool.input_schema,
                title=TITLES.get(tool.name, tool.title or ""),
                icon="check-circle",
                read_only=_is_read_only(tool),
            )
            return _Route(spec=spec, connection=connection, tool=tool, arguments=None)
        parameters = {"type": "object", "properties": {}, **tool.input_schema}
        arguments = compile_schema(parameters)
        if arguments is None:
            _log.warning("%s of the tool server %s: bad schema", tool.name, connection.name)
        description = cleaned(tool.description or tool.title or "", max_chars=_MAX_DESCRIPTION)
        return _Route(
            spec=ToolSpec(
                name=name,
                description=description,
                parameters=parameters,
                title=cleaned(tool.title or "", max_chars=_MAX_TITLE),
                read_only=_is_read_only(tool),
            ),
            connection=connection,
            tool=tool,
            arguments=arguments,
            is_sound=arguments is not None,
        )


def _is_read_only(tool: Tool) -> bool:
    """Whether the server declares that the tool changes nothing. MCP's default is that it may."""
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _free_name(server: str, tool: str, taken: set[str]) -> str:
    name = as_tool_name(tool) or "tool"
    if name in taken:
        name = as_tool_name(f"{server}_{tool}")
    stem, number = name, 1
    while name in taken:
        number += 1
        ending = f"_{number}"
        name = stem[: MAX_TOOL_NAME - len(ending)] + ending
    return name


def _cleanly(progress: Callable[[str], None]) -> Callable[[str], None]:
    return lambda line: progress(cleaned(line, max_chars=MAX_PROGRESS))


def _parse(text: str) -> dict[str, Any]:
    """Parse the arguments. Models send an empty string for no arguments. Raises CallFailed."""
    try:
        arguments = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise CallFailed("The arguments are not valid JSON. Send one JSON object.") from error
    if not isinstance(arguments, dict):
        raise CallFailed("The arguments are not a JSON object. Send one JSON object.")
    if not is_sendable(arguments):
        raise CallFailed("The arguments nest too deep, or hold half of a character.")
    return arguments


def _check(arguments: dict[str, Any], schema: Arguments) -> None:
    if (fault := schema.first_fault(arguments)) is not None:
        raise CallFailed(f"Bad arguments: {fault}")
