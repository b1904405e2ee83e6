"""Bodies of requests as a page sends them."""

from __future__ import annotations

import json
from typing import Any

HELLO: dict[str, Any] = {
    "content": [{"type": "input_text", "text": "Hello"}],
    "attachments": [],
    "inference_options": {},
}


def encode(kind: str, params: Any, **rest: Any) -> bytes:
    return json.dumps({"type": kind, "params": params, **rest}).encode()


def hello(**changes: Any) -> dict[str, Any]:
    return {"input": HELLO | changes}
