"""One whole request to the router, in process: for answers that do not stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatkit.edge.asgi_types import HttpReceived, HttpSent
from chatkit.edge.router import Router


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


async def call(
    router: Router,
    method: str,
    path: str,
    *,
    body: object = b"",
    **fields: str,
) -> Answer:
    """`body` is bytes as they are, or a value to send as JSON; `x_real_ip=` is a header."""
    path, _, query = path.partition("?")
    headers = {"host": "localhost:8000"} | {name.replace("_", "-"): fields[name] for name in fields}
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    arriving: list[HttpReceived] = [{"type": "http.request", "body": given}]
    sent: list[Any] = []

    async def receive() -> HttpReceived:
        return arriving.pop(0) if arriving else {"type": "http.disconnect"}

    async def send(message: HttpSent) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
    }
    await router(scope, receive, send)
    return Answer(
        status=sent[0]["status"],
        headers={name.decode(): value.decode() for name, value in sent[0]["headers"]},
        body=b"".join(message["body"] for message in sent[1:]),
    )
