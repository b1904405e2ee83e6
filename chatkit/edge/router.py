"""Routes requests to handlers and turns every failure into a JSON response."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from chatkit.edge.asgi import ClientLeft, HttpRequest, Reply, json_reply
from chatkit.edge.asgi_types import HttpReceive, HttpScope, HttpSend, HttpSent
from chatkit.edge.logs import RequestLine
from chatkit.protocol.errors import (
    ChatKitError,
    Internal,
    MethodNotAllowed,
    NotFound,
    Sentence,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chatkit.protocol.jsontext import dumps
from chatkit.words.say import Say

_log = logging.getLogger("chatkit.http")

Handler = Callable[[HttpRequest, HttpSend], Awaitable[None]]
#: Called for every request before routing. It may respond to the request or raise an error.
CheckRequest = Callable[[HttpRequest], Reply | None]
#: Called for every request at its end, with the error of its response, if any.
NoteRequest = Callable[[HttpRequest, ChatKitError | None], None]

_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")
#: Added to every response that does not have its own. A page of another origin may load a response
#: only through CORS, and whatever is not our page has nothing to load or run.
_SAFETY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Sendable(Protocol):
    """A response that can send itself."""

    async def send(self, request: HttpRequest, send: HttpSend) -> None:
        """Send the response."""
        ...


def answering(handle: Callable[[HttpRequest], Awaitable[Sendable]]) -> Handler:
    """Make a handler of a function that returns a response."""

    async def handler(request: HttpRequest, send: HttpSend) -> None:
        answer = await handle(request)
        await answer.send(request, send)

    return handler


@dataclass(frozen=True, slots=True)
class Route:
    """A path, with `{name}` for a parameter segment, and a handler for each method."""

    path: str
    methods: Mapping[str, Handler]


class Router:
    """The HTTP part of the ASGI application."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        gate: CheckRequest = lambda _: None,
        note: NoteRequest = lambda _, __: None,
    ) -> None:
        self._gate = gate
        self._note = note
        self.routes = tuple(routes)
        self._exact: dict[str, Route] = {}
        self._patterns: list[tuple[re.Pattern[str], Route]] = []
        for route in self.routes:
            if "{" in route.path:
                pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", route.path)
                self._patterns.append((re.compile(pattern), route))
            else:
                self._exact[route.path] = route

    async def __call__(self, scope: HttpScope, receive: HttpReceive, send: HttpSend) -> None:
        """Handle one HTTP request. Never raises for a failed request."""
        began = time.perf_counter()
        request = HttpRequest(scope, receive, _request_id(scope))
        status = 0
        fault: ChatKitError | None = None

        async def send_marked(message: HttpSent) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *request.reply_headers.items(),
                    *((name, value) for name, value in _SAFETY if name not in own),
                ]
            await send(message)

        try:
            try:
                await self._handle(request, send_marked)
            except ClientLeft:
                pass
            except asyncio.CancelledError:  # by uvicorn, when its shutdown timeout has passed
                _log.warning("request %s was cut off, the server is stopping", request.id)
            except ChatKitError as error:
                fault = error
                if status == 0:
                    await error_reply(fault, request.say).send(request, send_marked)
                else:
                    _log.warning("request %s broke off: %s", request.id, error)
            except Exception:
                _log.exception("request %s failed", request.id)
                fault = Internal(Sentence("http.internal"))
                if status == 0:
                    await error_reply(fault, request.say).send(request, send_marked)
        finally:
            self._note(request, fault)
            duration_ms = (time.perf_counter() - began) * 1000
            if _log.isEnabledFor(logging.INFO):
                line = RequestLine(request.id, request.method, request.path, status, duration_ms)
                _log.info("%s", line, extra={"request": line})

    async def _handle(self, request: HttpRequest, send: HttpSend) -> None:
        early = self._gate(request)
        if early is not None:
            await early.send(request, send)
            return
        route = self._find(request)
        method = request.method
        handler = route.methods.get("GET" if method == "HEAD" else method)
        if handler is not None:
            await handler(request, send)
            return
        allow = tuple(
            sorted({*route.methods, "OPTIONS", *({"HEAD"} if "GET" in route.methods else ())})
        )
        if method == "OPTIONS":
            await Reply(204, b"", [(b"allow", ", ".join(allow).encode())]).send(request, send)
            return
        raise MethodNotAllowed(allow)

    def _find(self, request: HttpRequest) -> Route:
        path = request.path
        route = self._exact.get(path)
        if route is not None:
            return route
        if "\0" in path:  # no id contains NUL, and PostgreSQL rejects it
            raise NotFound("path")
        for pattern, candidate in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                request.params = match.groupdict()
                return candidate
        raise NotFound("path")


def error_reply(error: ChatKitError, say: Say) -> Reply:
    """The JSON of an error in the language of `say`, and the headers that its status needs."""
    headers = []
    match error:
        case Unauthorized():
            headers.append((b"www-authenticate", error.challenge.encode()))
        case MethodNotAllowed():
            headers.append((b"allow", ", ".join(error.allow).encode()))
        case TooMany():
            headers.append((b"retry-after", str(error.retry_after_s).encode()))
        case Unavailable():
            headers.append((b"retry-after", b"5"))
    message = error.in_words(say)
    # The message stands beside the error as well: the widget's loader reads only that one.
    wire: dict[str, Any] = {"message": message, "error": {"code": error.code, "message": message}}
    return json_reply(dumps(wire), status=error.status, headers=headers)


def _request_id(scope: HttpScope) -> str:
    """The client's own id if it is well-formed, so that logs can be joined; else a new id."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(given):
                return str(given)
    return secrets.token_hex(8)
