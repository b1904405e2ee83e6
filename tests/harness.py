"""An in-process ASGI client that reads message by message and can leave at any moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from chatkit.edge.asgi_types import HttpReceive, HttpReceived, HttpSend, HttpSent
from chatkit.edge.router import Router


def scope_of(method: str, target: str, headers: dict[str, str], **changes: Any) -> Any:
    """An HTTP scope as uvicorn makes it."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        **changes,
    }


@dataclass(slots=True)
class Exchange:
    """One request under way: `async with Exchange(app, "GET", "/") as exchange`."""

    app: Router
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=lambda: [b""])
    scope: dict[str, Any] = field(default_factory=dict)
    _sent: asyncio.Queue[HttpSent] = field(default_factory=asyncio.Queue)
    _left: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        scope: Any = scope_of(self.method, self.target, self.headers, **self.scope)
        receive: HttpReceive = self._receive
        send: HttpSend = self._send
        self._task = asyncio.create_task(self.app(scope, receive, send))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        assert self._task is not None
        async with asyncio.timeout(30):
            await self._task

    async def _receive(self) -> HttpReceived:
        if self.body:
            piece = self.body.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self.body)}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: HttpSent) -> None:
        # As uvicorn does: what is sent to a client that has gone is dropped without an error.
        if not self._left.is_set():
            self._sent.put_nowait(message)

    async def message(self) -> Any:
        """The next message that the application sends."""
        async with asyncio.timeout(30):
            return await self._sent.get()

    async def chunk(self) -> bytes:
        """The body of the next message."""
        return bytes((await self.message())["body"])

    def leave(self) -> None:
        """Close the connection, from the client's side."""
        self._left.set()

    async def whole(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the whole body."""
        start = await self.message()
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        body = b""
        while True:
            message = await self.message()
            body += message["body"]
            if not message.get("more_body", False):
                return start["status"], headers, body


async def ask(
    app: Router, method: str, target: str, *, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request, read to its end. Header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with Exchange(app, method, target, named, [body]) as exchange:
        return await exchange.whole()
