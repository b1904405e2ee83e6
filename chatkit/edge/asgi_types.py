"""ASGI's scopes and messages as types (ASGI 3.0, HTTP spec 2.3 and lifespan 2.0).

The literal `type` of each lets the type checker find a message that is mistyped or in the wrong
direction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, NotRequired, TypedDict

Headers = Iterable[tuple[bytes, bytes]]


class HttpScope(TypedDict):
    """One HTTP request. Header names are in lower case."""

    type: Literal["http"]
    http_version: str
    method: str
    scheme: str
    path: str
    raw_path: bytes
    query_string: bytes
    root_path: str
    headers: Iterable[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    state: NotRequired[dict[str, Any]]


class WebSocketScope(TypedDict):
    """A WebSocket, which this server refuses."""

    type: Literal["websocket"]


class LifespanScope(TypedDict):
    """The life of the application."""

    type: Literal["lifespan"]


class RequestBody(TypedDict):
    """A piece of the body."""

    type: Literal["http.request"]
    body: NotRequired[bytes]
    more_body: NotRequired[bool]


class Disconnect(TypedDict):
    """The client is gone, or the answer is complete."""

    type: Literal["http.disconnect"]


class ResponseStart(TypedDict):
    """Status and headers of the answer."""

    type: Literal["http.response.start"]
    status: int
    headers: Headers


class ResponseBody(TypedDict):
    """A piece of the answer; the last one has no `more_body`."""

    type: Literal["http.response.body"]
    body: bytes
    more_body: NotRequired[bool]


class WebSocketConnect(TypedDict):
    """A WebSocket is asked for."""

    type: Literal["websocket.connect"]


class WebSocketClose(TypedDict):
    """The refusal of one."""

    type: Literal["websocket.close"]
    code: int


class LifespanEvent(TypedDict):
    """The server starts or stops."""

    type: Literal["lifespan.startup", "lifespan.shutdown"]


class LifespanComplete(TypedDict):
    """The application has started or stopped."""

    type: Literal["lifespan.startup.complete", "lifespan.shutdown.complete"]


class LifespanFailed(TypedDict):
    """The application cannot start, with one sentence that says why."""

    type: Literal["lifespan.startup.failed"]
    message: str


Scope = HttpScope | WebSocketScope | LifespanScope
HttpReceived = RequestBody | Disconnect
HttpSent = ResponseStart | ResponseBody
Received = HttpReceived | WebSocketConnect | LifespanEvent
Sent = HttpSent | WebSocketClose | LifespanComplete | LifespanFailed
HttpReceive = Callable[[], Awaitable[HttpReceived]]
HttpSend = Callable[[HttpSent], Awaitable[None]]
Receive = Callable[[], Awaitable[Received]]
Send = Callable[[Sent], Awaitable[None]]
