"""An MCP server of the 2025-06-18 revision over stdio that asks the user, without the library.

A call of `ask` sends a question, and is answered by the reply. `wait` never ends; if it was
cancelled, its question comes all the same, with the next call. `show` returns the blocks of its
arguments. Calls run beside each other. `die` ends the program.
"""

from __future__ import annotations

import json
import sys
from typing import Any

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}


def main() -> None:
    calls: dict[str, int] = {}  # by the id of the question
    left: list[int] = []
    for line in sys.stdin:
        message = json.loads(line)
        match message:
            case {"method": "initialize"}:
                version = "2025-06-18" if "elicitation" in message["params"]["capabilities"] else 0
                result: dict[str, Any] = {
                    "protocolVersion": version,
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "asking", "version": "1"},
                }
                _send({"id": message["id"], "result": result})
            case {"method": "tools/list"}:
                names = ("ask", "wait", "die", "show")
                tools = [{"name": name, "inputSchema": {"type": "object"}} for name in names]
                _send({"id": message["id"], "result": {"tools": tools}})
            case {"method": "tools/call", "params": {"name": "ask", "arguments": arguments}}:
                _ask(message["id"], arguments.get("message", "Who?"), calls)
            case {"method": "tools/call", "params": {"name": "die"}}:
                raise SystemExit
            case {"method": "tools/call", "params": {"name": "show", "arguments": arguments}}:
                _send({"id": message["id"], "result": arguments})
            case {"method": "tools/call", "params": {"name": "wait"}}:
                while left:
                    _ask(left.pop(), "Of somebody else", calls)
            case {"method": "notifications/cancelled", "params": {"requestId": call_id}}:
                left.append(call_id)
            case {"id": str(question), "result": reply} if question in calls:
                _send_text(calls.pop(question), json.dumps(reply))
            case {"id": number, "method": str()}:
                error = {"code": -32601, "message": "Method not found"}
                _send({"id": number, "error": error})


def _ask(call_id: int, text: str, calls: dict[str, int]) -> None:
    question = f"q{call_id}"
    calls[question] = call_id
    params = {"message": text, "requestedSchema": SCHEMA}
    _send({"id": question, "method": "elicitation/create", "params": params})


def _send_text(call_id: int, text: str) -> None:
    _send({"id": call_id, "result": {"content": [{"type": "text", "text": text}]}})


def _send(message: dict[str, Any]) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    main()
