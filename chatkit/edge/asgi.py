"""An HTTP request as ASGI delivers it, and the kinds of responses.

It differs from common frameworks on purpose. The body is read under a size limit. A second task
waits for `http.disconnect`, because uvicorn's `send` never fails after a disconnect. And a
disconnect does not cancel the code that writes a stream; it only detaches the follower.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from chatkit.access.audit import AuditTrail
from chatkit.edge.asgi_types import Headers, HttpReceive, HttpScope, HttpSend, ResponseStart
from chatkit.engine.turn_log import Follower
from chatkit.protocol.errors import BadRequest, Sentence, TooLarge, Unauthorized
from chatkit.protocol.links import resolve_bytes
from chatkit.protocol.sse import PING
from chatkit.words.catalogue import choose_language, say_in
from chatkit.words.say import Say

#: Silence, in seconds, after which a stream gets a comment frame.
PING_S: Final = 15.0

_JSON: Final = (b"content-type", b"application/json")
_NO_STORE: Final = (b"cache-control", b"no-store")


class ClientLeft(Exception):
    """The client disconnected before the request was read."""


class HttpRequest:
    """One HTTP request."""

    __slots__ = (
        "_body_hash",
        "_receive",
        "headers",
        "id",
        "params",
        "reply_headers",
        "scope",
        "trail",
    )

    def __init__(self, scope: HttpScope, receive: HttpReceive, request_id: str) -> None:
        self.scope = scope
        self.id = request_id
        #: The path parameters of the route.
        self.params: dict[str, str] = {}
        #: Events of this request for the audit log.
        self.trail = AuditTrail()
        #: Headers that are added to every response, in addition to its own.
        self.reply_headers: dict[bytes, bytes] = {b"x-request-id": request_id.encode()}
        self._receive = receive
        self._body_hash: bytes | None = None
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b", " + value if name in headers else value
        self.headers: Mapping[bytes, bytes] = headers

    def vary_on(self, header: bytes) -> None:
        """Say that the response depends on a request header; all of them go into one `Vary`."""
        known = self.reply_headers.get(b"vary")
        self.reply_headers[b"vary"] = header if known is None else known + b", " + header

    @property
    def method(self) -> str:
        """The method in upper case."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The decoded path, without the prefix set by `--root-path`."""
        path, root = str(self.scope["path"]), str(self.scope.get("root_path", ""))
        return path[len(root) :] if root and path.startswith(root + "/") else path

    @property
    def target(self) -> bytes:
        """Path and query, as sent by the client."""
        path, query = self.scope["raw_path"], self.scope["query_string"]
        return b"%b?%b" % (path, query) if query else bytes(path)

    @property
    def scheme(self) -> str:
        """`http` or `https`, by the socket. See TrustedProxies for the client's scheme."""
        return str(self.scope["scheme"])

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the direct peer. None on a unix socket."""
        client = self.scope.get("client")
        return (client[0], client[1]) if client else None

    def header(self, name: str) -> str | None:
        """A header by its lower-case name. Repeated headers are joined by `, `."""
        value = self.headers.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    @property
    def language(self) -> str:
        """The supported language that the client prefers, by Accept-Language."""
        return choose_language(self.header("accept-language"))

    @property
    def say(self) -> Say:
        """Makes sentences in that language."""
        return say_in(self.language)

    def query(self) -> dict[str, str]:
        """The query parameters. If a name repeats, the last value wins. Raises BadRequest."""
        try:
            text = self.scope["query_string"].decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
        except ValueError as error:
            raise BadRequest(Sentence("http.query_unreadable")) from error
        if "%00" in text:  # PostgreSQL rejects NUL
            raise BadRequest(Sentence("http.query_nul"))
        return dict(pairs)

    def expect_body(self, body_hash: bytes) -> None:
        """Reject any body whose SHA-256 is not `body_hash`. For signed requests."""
        self._body_hash = body_hash

    async def body(self, *, max_bytes: int) -> bytes:
        """Read the whole body, at most `max_bytes` bytes.

        Raises TooLarge, ClientLeft, and Unauthorized if it is not the body that was signed.
        """
        self._require_length(max_bytes)
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > max_bytes:
                raise TooLarge(Sentence("http.body_too_large", count=max_bytes))
            pieces.append(piece)
            if not message.get("more_body", False):
                body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                if self._body_hash not in (None, sha256(body).digest()):
                    raise Unauthorized(Sentence("signing.other_body"))
                return body

    async def pieces(self, *, max_bytes: int) -> AsyncGenerator[bytes, None]:
        """Read the body in pieces, none of them empty. Raises the errors of `body`.

        Do not act on the pieces before the end: the signature is only checked there.
        """
        self._require_length(max_bytes)
        digest = None if self._body_hash is None else sha256()
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > max_bytes:
                raise TooLarge(Sentence("http.body_too_large", count=max_bytes))
            if digest is not None:
                digest.update(piece)
            if piece:
                yield piece
        if digest is not None and digest.digest() != self._body_hash:
            raise Unauthorized(Sentence("signing.other_body"))

    def _require_length(self, max_bytes: int) -> None:
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > max_bytes:
            raise TooLarge(Sentence("http.body_too_large", count=max_bytes))

    async def wait_for_disconnect(self) -> None:
        """Return when the client has disconnected. Call it only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Reply:
    """A complete response."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Headers = ()) -> None:
        self.status = status
        self.body = body
        self.headers = list(headers)

    async def send(self, request: HttpRequest, send: HttpSend) -> None:
        """Send the response; for HEAD only its headers."""
        length = (b"content-length", str(len(self.body)).encode())
        headers = self.headers if self.status == 204 else [*self.headers, length]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if request.method == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def json_reply(text: str, *, status: int = 200, headers: Headers = ()) -> Reply:
    """A response with JSON text. Caches may not store it."""
    return Reply(status, text.encode(), [_JSON, _NO_STORE, *headers])


class PieceReply:
    """A response sent in pieces (at least one), as fast as the client reads.

    `length` is the number of bytes, if known.
    """

    __slots__ = ("_headers", "_length", "_pieces", "_status")

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        headers: Headers,
        *,
        status: int = 200,
        length: int | None = None,
    ) -> None:
        self._pieces = pieces
        self._status = status
        self._length = length
        known = () if length is None else ((b"content-length", b"%d" % length),)
        self._headers = [*headers, *known]

    async def send(self, request: HttpRequest, send: HttpSend) -> None:
        """Send the response; for HEAD only its headers. An error before the first piece is raised
        before anything is sent, so the error response can still be sent."""
        start: ResponseStart = {
            "type": "http.response.start",
            "status": self._status,
            "headers": self._headers,
        }
        async with aclosing(self._pieces) as pieces:
            if request.method == "HEAD":
                await send(start)
                await send({"type": "http.response.body", "body": b""})
                return
            # `send` does not fail after a disconnect.
            watch = asyncio.create_task(request.wait_for_disconnect())
            left, started = self._length, False
            try:
                async for piece in pieces:
                    if not started:
                        await send(start)
                        started = True
                    if left is not None:
                        left -= len(piece)
                    more = left is None or left > 0
                    await send({"type": "http.response.body", "body": piece, "more_body": more})
                    if watch.done():
                        return
            finally:
                watch.cancel()
        if left is None:
            await send({"type": "http.response.body", "body": b""})
        # If there were fewer than `length` bytes, uvicorn closes the connection. That is the only
        # way left to report the error.


class EventStream:
    """A stream of frames, until the log ends or the client disconnects.

    `url_of` returns the URL for a file id. The URL replaces the file's placeholder in events.
    """

    __slots__ = ("_follower", "_url_of")

    _HEADERS: Final = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        # `no-transform` and X-Accel-Buffering stop proxies from compressing or buffering it.
        (b"cache-control", b"no-cache, no-transform"),
        (b"x-accel-buffering", b"no"),
    ]

    def __init__(self, follower: Follower, url_of: Callable[[str], str] | None = None) -> None:
        self._follower = follower
        self._url_of = url_of

    async def send(self, request: HttpRequest, send: HttpSend) -> None:
        """Send frames as they arrive, and pings while there are none."""
        await send({"type": "http.response.start", "status": 200, "headers": self._HEADERS})
        follower = self._follower
        loop = asyncio.get_running_loop()
        watch = asyncio.create_task(request.wait_for_disconnect())
        watch.add_done_callback(lambda _: follower.leave())
        written_at = loop.time()
        timer: asyncio.TimerHandle

        def ping_after_silence() -> None:
            # The timer is set again only when it fires, not for every frame.
            nonlocal timer
            left_s = written_at + PING_S - loop.time()
            if left_s <= 0:
                follower.wake()
                left_s = PING_S
            timer = loop.call_later(left_s, ping_after_silence)

        timer = loop.call_later(PING_S, ping_after_silence)
        try:
            while (frames := await follower.read()) is not None:
                body = frames or PING
                if self._url_of is not None:
                    body = resolve_bytes(body, self._url_of)
                await send({"type": "http.response.body", "body": body, "more_body": True})
                written_at = loop.time()
            if not watch.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            timer.cancel()
            watch.cancel()
