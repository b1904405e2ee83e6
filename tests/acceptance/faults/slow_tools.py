"""An MCP server over stdio whose tools hang, die and answer: python slow_tools.py."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

ANYTHING: dict[str, Any] = {"type": "object"}


async def list_tools(_: object, params: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(
        tools=[Tool(name=name, input_schema=ANYTHING) for name in ("hang", "die", "now")]
    )


async def call_tool(_: object, params: CallToolRequestParams) -> CallToolResult:
    if params.name == "hang":
        await asyncio.Event().wait()
    if params.name == "die":
        os._exit(1)
    return CallToolResult(content=[TextContent(type="text", text="Done now.")])


async def main() -> None:
    server = Server("slow", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())
