"""An MCP server of the 2026-07-28 revision whose tools ask the user: python asking_server.py PORT.

`book` asks for a form, `pay` for two, `log_in` for a secret. Nothing is held between the requests.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

SEATS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "seats": {"type": "integer", "title": "How many seats?", "minimum": 1, "maximum": 9},
        "window": {"type": "boolean", "title": "At the window?"},
    },
    "required": ["seats"],
}
NAME: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}
SECRET: dict[str, Any] = {"type": "object", "properties": {"password": {"type": "string"}}}
FORMS = {"book": {"seats": SEATS}, "pay": {"a": SEATS, "b": NAME}, "log_in": {"s": SECRET}}


async def list_tools(_: object, __: PaginatedRequestParams | None) -> ListToolsResult:
    harmless = ToolAnnotations(destructive_hint=False)
    schema = {"type": "object"}
    return ListToolsResult(
        tools=[Tool(name=name, input_schema=schema, annotations=harmless) for name in FORMS]
    )


async def call_tool(
    _: object, params: CallToolRequestParams
) -> CallToolResult | InputRequiredResult:
    if params.input_responses is None:
        requests = {
            key: ElicitRequest(
                params=ElicitRequestFormParams(message="Which seats?", requested_schema=schema)
            )
            for key, schema in FORMS[params.name].items()
        }
        return InputRequiredResult(
            input_requests=dict(requests), request_state=f"state of {params.arguments}"
        )
    answers = {
        key: answer.model_dump(mode="json", exclude_none=True, by_alias=True)
        for key, answer in params.input_responses.items()
    }
    return CallToolResult(content=[TextContent(text=f"{params.request_state}: {answers}")])


if __name__ == "__main__":
    server: Server[Any] = Server("asking", on_list_tools=list_tools, on_call_tool=call_tool)
    uvicorn.run(server.streamable_http_app(), port=int(sys.argv[1]), log_level="warning")
