"""ASGI's scopes and messages as types (ASGI 3.0, HTTP spec 2.3 and lifespan 2.0).

The literal `type` of each message lets mypy find a misspelled type and a message sent in the wrong
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
    """A WebSocket connection, which this server rejects."""

    type: Literal["websocket"]


class LifespanScope(TypedDict):
    """Startup and shutdown of the application."""

    type: Literal["lifespan"]


class RequestBody(TypedDict):
    """A piece of the request body."""

    type: Literal["http.request"]
    body: NotRequired[bytes]
    more_body: NotRequired[bool]


class Disconnect(TypedDict):
    """The client has disconnected, or the response is complete."""

    type: Literal["http.disconnect"]


class ResponseStart(TypedDict):
    """Status and headers of the response."""

    type: Literal["http.response.start"]
    status: int
    headers: Headers


class ResponseBody(TypedDict):
    """A piece of the response body. The last one has no `more_body`."""

    type: Literal["http.response.body"]
    body: bytes
    more_body: NotRequired[bool]


class WebSocketConnect(TypedDict):
    """A client wants to open a WebSocket."""

    type: Literal["websocket.connect"]


class WebSocketClose(TypedDict):
    """Rejects a WebSocket."""

    type: Literal["websocket.close"]
    code: int


class LifespanEvent(TypedDict):
    """The server starts or stops."""

    type: Literal["lifespan.startup", "lifespan.shutdown"]


class LifespanComplete(TypedDict):
    """The application has started or stopped."""

    type: Literal["lifespan.startup.complete", "lifespan.shutdown.complete"]


class LifespanFailed(TypedDict):
    """The application cannot start; `message` is the reason in one sentence."""

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
