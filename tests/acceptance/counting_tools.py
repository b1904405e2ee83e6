"""An MCP server over stdio that writes down each call: python counting_tools.py FILE.

A call of `count` appends its argument `id` to the file, and is answered a moment later.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        match message["method"]:
            case "initialize":
                result: dict[str, Any] = {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "counting", "version": "1"},
                }
            case "tools/list":
                result = {"tools": [{"name": "count", "inputSchema": {"type": "object"}}]}
            case "tools/call":
                with open(sys.argv[1], "a", encoding="utf-8") as file:
                    file.write(message["params"]["arguments"]["id"] + "\n")
                time.sleep(0.05)
                result = {"content": [{"type": "text", "text": "counted"}]}
            case _:
                if "id" in message:
                    error = {"code": -32601, "message": "Method not found"}
                    answer = {"jsonrpc": "2.0", "id": message["id"], "error": error}
                    print(json.dumps(answer), flush=True)
                continue
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)


if __name__ == "__main__":
    main()
