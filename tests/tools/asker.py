"""Calls of the task tools over MCP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mcp.client import Client
from mcp.server.lowlevel import Server
from mcp.types import CallToolResult, TextContent

from chatkit.access.caller import Caller
from tools.server import caller

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # a Sunday; Monday in Tokyo
ANNA = Caller(user_id="anna", thread_id="thr_1", turn_id="trn_1")
BEN = Caller(user_id="ben", thread_id="thr_2", turn_id="trn_2")


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a result, whether it is an error, and its effects."""

    body: dict[str, Any]
    is_error: bool
    effects: list[dict[str, Any]]


class Asker:
    """Calls tools over MCP, as the caller named."""

    def __init__(self, server: Server[Any]) -> None:
        self.server = server

    async def result(self, name: str, who: Caller = ANNA, **arguments: Any) -> CallToolResult:
        bound = caller.set(who)
        try:
            async with Client(self.server) as client:
                return await client.call_tool(name, arguments)
        finally:
            caller.reset(bound)

    async def __call__(self, name: str, who: Caller = ANNA, **arguments: Any) -> Reply:
        result = await self.result(name, who, **arguments)
        (block,) = result.content
        assert isinstance(block, TextContent)
        effects = (result.meta or {}).get("chatkit/effects", [])
        return Reply(json.loads(block.text), result.is_error, effects)

    async def ok(self, name: str, who: Caller = ANNA, **arguments: Any) -> dict[str, Any]:
        reply = await self(name, who, **arguments)
        assert (reply.body["success"], reply.is_error) == (True, False)
        return reply.body

    async def titles(self, who: Caller = ANNA, **arguments: Any) -> list[str]:
        return [task["title"] for task in (await self.ok("list_tasks", who, **arguments))["tasks"]]
