"""An MCP server of the 2025-06-18 revision over stdio, written without the library.

Each call of its tool `grow` gives it one tool more, of which it tells by a notification.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    tools = ["grow"]
    for line in sys.stdin:
        message = json.loads(line)
        match message["method"]:
            case "initialize":
                capabilities = {"tools": {"listChanged": True}}
                info = {"name": "plain", "version": "1"}
                result: dict[str, Any] = {
                    "protocolVersion": "2025-06-18",
                    "capabilities": capabilities,
                    "serverInfo": info,
                }
            case "tools/list":
                schema = {"type": "object"}
                result = {"tools": [{"name": name, "inputSchema": schema} for name in tools]}
            case "tools/call":
                if message["params"].get("arguments", {}).get("die"):
                    raise SystemExit
                tools.append(f"grown_{len(tools)}")
                _send({"method": "notifications/tools/list_changed"})
                result = {"content": [{"type": "text", "text": tools[-1]}]}
            case _:
                if "id" in message:
                    error = {"code": -32601, "message": "Method not found"}
                    _send({"id": message["id"], "error": error})
                continue
        _send({"id": message["id"], "result": result})


def _send(message: dict[str, Any]) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    main()
