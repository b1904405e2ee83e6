"""Repairs what a foreign server sends, before the MCP library checks it.

The library refuses a whole answer for one field that is not as the protocol has it: one odd tool
would hide all tools of its server, and one unknown block a whole result.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCResponse

from tools.mending import Unusable, mend_tool

_log = logging.getLogger(__name__)

#: Longest part of a block of an unknown type that the model reads, in characters.
_MAX_UNKNOWN: Final = 4000
#: Longest declared type of an image or audio, in characters.
_MAX_TYPE: Final = 100


class Repair:
    """Repairs the messages of one server. What is left out is logged once."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._logged: set[str] = set()

    def __call__(self, message: SessionMessage) -> SessionMessage:
        """`message`, repaired in place."""
        match message.message:
            case JSONRPCResponse(result={"tools": list(tools)} as result):
                result["tools"] = self._tools(tools)
            case JSONRPCResponse(result=result) if not result.keys().isdisjoint(_OF_CALLS):
                _repair_result(result)
        return message

    def _tools(self, tools: list[Any]) -> list[dict[str, Any]]:
        kept: dict[str, dict[str, Any]] = {}
        for raw in tools:
            try:
                tool = mend_tool(raw)
            except Unusable as reason:
                name = raw.get("name") if isinstance(raw, dict) else None
                self._log_once(str(name)[:80], str(reason))
            else:
                if tool["name"] in kept:
                    self._log_once(tool["name"][:80], "its name is listed twice")
                kept.setdefault(tool["name"], tool)
        return [*kept.values()]

    def _log_once(self, tool: str, reason: str) -> None:
        line = f"{tool!r}: {reason}"
        if line not in self._logged and len(self._logged) < 1000:
            self._logged.add(line)
            _log.warning("the tool server %s: left out the tool %s", self._server, line)


#: Fields of which a result of `tools/call` has at least one.
_OF_CALLS: Final = ("content", "structuredContent", "isError")


def _repair_result(result: dict[str, Any]) -> None:
    content = result.get("content")
    blocks = content if isinstance(content, list) else [] if content is None else [content]
    result["content"] = [_block(block) for block in blocks]
    if "isError" in result:
        result["isError"] = bool(result["isError"])
    structured = result.get("structuredContent")
    if not isinstance(structured, dict) and "structuredContent" in result:
        del result["structuredContent"]
        if not blocks and structured is not None:
            result["content"] = [_text(json.dumps(structured, ensure_ascii=False))]
    result.pop("_meta", None)


def _block(block: Any) -> dict[str, Any]:
    match block:
        case str():
            return _text(block)
        case {"type": "text", "text": str(text)}:
            return _text(text)
        case {"type": "image" | "audio" as kind, "data": str(data)}:
            # The type is only told to the model: the bytes show what it is.
            declared = block.get("mimeType")
            mime_type = declared[:_MAX_TYPE] if isinstance(declared, str) else "of no type"
            return {"type": kind, "data": data, "mimeType": mime_type}
        case {"type": "resource_link", "uri": str(uri)}:
            link = {"type": "resource_link", "uri": uri, "name": uri}
            return link | {
                name: block[name]
                for name in ("name", "title", "mimeType")
                if isinstance(block.get(name), str)
            }
        case {"type": "resource", "resource": {"uri": str(uri)} as resource} if isinstance(
            resource.get("text", resource.get("blob")), str
        ):
            kept = {
                name: resource[name]
                for name in ("text", "blob", "mimeType")
                if isinstance(resource.get(name), str)
            }
            return {"type": "resource", "resource": {"uri": uri, **kept}}
    return _text(json.dumps(block, ensure_ascii=False)[:_MAX_UNKNOWN])


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
