"""A small MCP server for the tests, as a program: over stdio, or over HTTP on a loopback port.

python echo_server.py stdio
python echo_server.py http PORT
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

ANYTHING: dict[str, Any] = {"type": "object"}
TEXT = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "deep": {"type": "object", "properties": {"list": {"items": {"type": "number"}}}},
    },
    "required": ["text"],
}


async def list_tools(_: object, params: PaginatedRequestParams | None) -> ListToolsResult:
    if params is None or params.cursor is None:
        first = Tool(name="echo", description="Say it. " * 1000, input_schema=TEXT)
        return ListToolsResult(tools=[first], next_cursor="more")
    names = ("add_task", "a.b/c", "a b c", "pid", "environment", "hang", "mixed", "structured",
             "long", "fail", "effects")  # fmt: skip
    reads = ToolAnnotations(read_only_hint=True)
    broken = Tool(name="broken", input_schema={"type": "object", "properties": {"a": {"type": 7}}})
    remote = {"type": "object", "properties": {"a": {"$ref": os.environ.get("SCHEMA_URL", "#")}}}
    return ListToolsResult(
        tools=[
            *(
                Tool(name=name, input_schema=ANYTHING, annotations=reads if name == "pid" else None)
                for name in names
            ),
            broken,
            Tool(name="remote", input_schema=remote),
        ]
    )


async def call_tool(_: object, params: CallToolRequestParams) -> CallToolResult:
    arguments = params.arguments or {}
    match params.name:
        case "echo":
            return _text(arguments["text"] * arguments.get("count", 1))
        case "pid":
            return _text(str(os.getpid()))
        case "environment":
            return _text("\n".join(f"{name}={value}" for name, value in os.environ.items()))
        case "hang":
            mark = Path(arguments["file"])
            mark.write_text("begun")  # noqa: ASYNC240  # a byte or so
            try:
                await asyncio.Event().wait()
            finally:
                mark.write_text("ended")  # noqa: ASYNC240  # a byte or so
        case "mixed":
            inner = TextResourceContents(uri="file:///a", text="inner", mime_type="text/plain")
            return CallToolResult(
                content=[
                    TextContent(text="before\0"),
                    ImageContent(data="AAAA", mime_type="image/png"),
                    EmbeddedResource(resource=inner),
                ],
                structured_content={"unused": True},
            )
        case "structured":
            return CallToolResult(content=[], structured_content={"degrees": 21, "sky": "blau ☀"})
        case "long":
            return _text("x" * 100_000)
        case "fail":
            return CallToolResult(content=[TextContent(text="no such city")], is_error=True)
        case "effects":
            entries = [{"name": "tasks/changed", "data": {}}]
            meta = {"chatkit/effects": entries, "chatkit/cards": entries}
            return CallToolResult(
                content=[TextContent(text="ok")], _meta={**meta, "chatkit/mentions": [["1", "tea"]]}
            )
    return _text(f"{params.name} {arguments}")


def _text(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)])


def main() -> None:
    server: Server[Any] = Server("echo", on_list_tools=list_tools, on_call_tool=call_tool)
    if sys.argv[1] == "stdio":
        asyncio.run(_serve_stdio(server))
    else:
        port = int(sys.argv[2])
        uvicorn.run(server.streamable_http_app(), port=port, log_level="warning")


async def _serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    main()
