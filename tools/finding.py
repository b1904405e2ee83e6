"""`find_tools` and `call_tool`: for the tools of other servers that a request has no room for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.errors import Sentence

_MAX_FOUND: Final = 8
_CHARS_PER_TOKEN: Final = 4
_WORD: Final = re.compile(r"[^\W_]+")

FIND_TOOLS: Final = ToolSpec(
    name="find_tools",
    title=Sentence("tool.find_tools"),
    icon="search",
    read_only=True,
    description=(
        "Find further tools, which are not listed here, by what they do. Returns their names, "
        "descriptions and parameters. Call one with call_tool."
    ),
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string", "description": "A few words in English."}},
        "required": ["query"],
    },
)
CALL_TOOL: Final = ToolSpec(
    name="call_tool",
    title=Sentence("tool.call_tool"),
    description="Call a tool that find_tools has returned.",
    parameters={
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "arguments": {"type": "object", "description": "As the tool's parameters say."},
        },
        "required": ["name", "arguments"],
    },
)


def within(tools: Sequence[ToolSpec], budget: int) -> tuple[list[ToolSpec], bool]:
    """The first of `tools` that fit `budget` tokens, and whether all of them do."""
    fitting: list[ToolSpec] = []
    for tool in tools:
        size = len(tool.name) + len(tool.description) + len(json.dumps(tool.parameters))
        budget -= size // _CHARS_PER_TOKEN + 1
        if budget < 0:
            return fitting, False
        fitting.append(tool)
    return fitting, True


def find(tools: Sequence[ToolSpec], query: str) -> str:
    """The tools that hold most words of `query`, best first, as JSON for the model."""
    words = {word.lower() for word in _WORD.findall(query[:1000])}

    def score(tool: ToolSpec) -> int:
        name, about = tool.name.lower(), f"{tool.title} {tool.description}".lower()
        return sum(3 * (word in name) + (word in about) for word in words)

    ranked = sorted(((score(tool), tool) for tool in tools), key=lambda pair: -pair[0])
    found: list[dict[str, Any]] = [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for points, tool in ranked[:_MAX_FOUND]
        if points
    ]
    return json.dumps({"tools": found, "of": len(tools)}, ensure_ascii=False)
