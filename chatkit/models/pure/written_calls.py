"""Tool calls that a model writes as text, because its server does not know their format.

They are read only if they are the whole answer, name an offered tool and fit its schema. Calls of
tools that may destroy something stay text: there is no card that would ask first.

Formats: `<tool_call>{…}</tool_call>`, also several (Hermes, Qwen); `<|python_tag|>{…}` (Llama);
`[TOOL_CALLS][{…}]` (Mistral); a JSON object alone, also in a code fence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chatkit.models.pure.deltas import ToolCallDelta
from chatkit.models.pure.tools import ToolSpec

#: Longest text that is read as calls, and most calls in it.
MAX_CHARS: Final = 20_000
_MAX_CALLS: Final = 8

_OPENINGS: Final = ("<tool_call>", "<|python_tag|>", "[TOOL_CALLS]", "```", "{")
_TAGGED: Final = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)
_FENCE: Final = re.compile(r"```(?:json|tool_call)?\n(.*)\n?```", re.DOTALL)


def may_become_call(text: str) -> bool:
    """Whether the beginning of an answer may still become a written call."""
    head = text.lstrip()
    return len(text) <= MAX_CHARS and any(
        head.startswith(opening) or opening.startswith(head) for opening in _OPENINGS
    )


def read_written_calls(text: str, tools: Sequence[ToolSpec]) -> list[ToolCallDelta]:
    """The calls that `text` is; empty if it is anything else."""
    if len(text) > MAX_CHARS:
        return []
    try:
        written = _values(text.strip())
    except (ValueError, RecursionError):
        return []
    by_name = {tool.name: tool for tool in tools if tool.read_only or not tool.destructive}
    calls = []
    for place, value in enumerate(written):
        call = _call(place, value, by_name)
        if call is None:
            return []
        calls.append(call)
    return calls if len(calls) <= _MAX_CALLS else []


def _values(text: str) -> list[Any]:
    """The JSON values that the text holds in one of the formats. Raises ValueError."""
    if text.startswith("<tool_call>"):
        if _TAGGED.sub("", text).strip():
            raise ValueError("there is more than calls")
        return [json.loads(match[1]) for match in _TAGGED.finditer(text)]
    text = text.removeprefix("<|python_tag|>").removeprefix("[TOOL_CALLS]").strip()
    if (fence := _FENCE.fullmatch(text)) is not None:
        text = fence[1]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def _call(place: int, value: Any, tools: Mapping[str, ToolSpec]) -> ToolCallDelta | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        value = value["function"]
    tool = tools.get(str(value.get("name")))
    arguments = value.get("arguments", value.get("parameters"))
    if tool is None or not isinstance(arguments, dict):
        return None
    if set(value) - {"name", "arguments", "parameters", "type", "id"}:
        return None
    if not _fits(arguments, tool.parameters):
        return None
    return ToolCallDelta(index=place, name=tool.name, arguments=json.dumps(arguments))


def _fits(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether the arguments have the names that the schema wants, and no other. The tool checks
    their values before it does anything."""
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    wanted = required if isinstance(required, list) else []
    return set(arguments) <= set(known) and set(wanted) <= set(arguments)
