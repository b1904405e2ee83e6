"""HTTP as ASGI gives it: a request to read, and the shapes of an answer.

Differences from the usual frameworks, each on purpose: the body is read under a limit; a client
that leaves is noticed by a second task that waits for `http.disconnect`, because uvicorn's `send`
never fails; and the writer of a stream is never cancelled, it is told that its reader has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from chatkit.access.audit import Trail
from chatkit.edge.asgi_types import Headers, HttpReceive, HttpScope, HttpSend, ResponseStart
from chatkit.engine.turn_log import Follower
from chatkit.protocol.errors import BadRequest, Sentence, TooLarge, Unauthorized
from chatkit.protocol.links import resolve_bytes
from chatkit.protocol.sse import PING
from chatkit.words.catalogue import choose_language, say_in
from chatkit.words.say import Say

#: A stream that has been silent for this long gets a comment frame, in seconds.
PING_S: Final = 15.0

_JSON: Final = (b"content-type", b"application/json")
_NOT_KEPT: Final = (b"cache-control", b"no-store")


class ClientLeft(Exception):
    """The connection was closed before the request was read."""


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
        #: What the route's pattern took from the path.
        self.params: dict[str, str] = {}
        #: What it leaves for the audit log.
        self.trail = Trail()
        #: What the answer gets beside its own headers.
        self.reply_headers: dict[bytes, bytes] = {
            b"x-request-id": request_id.encode(),
            b"x-content-type-options": b"nosniff",
            b"referrer-policy": b"no-referrer",
        }
        self._receive = receive
        self._body_hash: bytes | None = None
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b", " + value if name in headers else value
        self.headers: Mapping[bytes, bytes] = headers

    @property
    def method(self) -> str:
        """In upper case."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """Decoded, without the prefix that `--root-path` names."""
        path, root = str(self.scope["path"]), str(self.scope.get("root_path", ""))
        return path[len(root) :] if root and path.startswith(root + "/") else path

    @property
    def target(self) -> bytes:
        """Path and query as they were sent."""
        path, query = self.scope["raw_path"], self.scope["query_string"]
        return b"%b?%b" % (path, query) if query else bytes(path)

    @property
    def scheme(self) -> str:
        """`http` or `https`, as the socket has it."""
        return str(self.scope["scheme"])

    @property
    def client(self) -> tuple[str, int] | None:
        """The direct peer; None on a unix socket."""
        client = self.scope.get("client")
        return (client[0], client[1]) if client else None

    def header(self, name: str) -> str | None:
        """A header by its lower-case name; several of one name are joined by `, `."""
        value = self.headers.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    @property
    def language(self) -> str:
        """Which of our languages its reader wants most, by Accept-Language."""
        return choose_language(self.header("accept-language"))

    @property
    def say(self) -> Say:
        """The words of that language."""
        return say_in(self.language)

    def query(self) -> dict[str, str]:
        """The parameters of the URL, the last of each name. Raises BadRequest."""
        try:
            text = self.scope["query_string"].decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
        except ValueError as error:
            raise BadRequest(Sentence("http.query_unreadable")) from error
        if "%00" in text:  # the database could not look for it
            raise BadRequest(Sentence("http.query_nul"))
        return dict(pairs)

    def expect_body(self, body_hash: bytes) -> None:
        """From now on give no body but the one with this SHA-256."""
        self._body_hash = body_hash

    async def body(self, *, most: int) -> bytes:
        """The whole body, of at most `most` bytes. Raises TooLarge and ClientLeft, and
        Unauthorized where it is not the one that was signed."""
        self._require_length(most)
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > most:
                raise TooLarge(Sentence("http.body_too_large", count=most))
            pieces.append(piece)
            if not message.get("more_body", False):
                body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                if self._body_hash not in (None, sha256(body).digest()):
                    raise Unauthorized(Sentence("signing.other_body"))
                return body

    async def pieces(self, *, most: int) -> AsyncGenerator[bytes, None]:
        """The same body as it comes, none of it empty. What comes before an error is not to be
        trusted: that it is not the signed one shows at its end."""
        self._require_length(most)
        digest = None if self._body_hash is None else sha256()
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > most:
                raise TooLarge(Sentence("http.body_too_large", count=most))
            if digest is not None:
                digest.update(piece)
            if piece:
                yield piece
        if digest is not None and digest.digest() != self._body_hash:
            raise Unauthorized(Sentence("signing.other_body"))

    def _require_length(self, most: int) -> None:
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            raise TooLarge(Sentence("http.body_too_large", count=most))

    async def wait_for_disconnect(self) -> None:
        """Until the client is gone. Only after the body has been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Reply:
    """An answer that is whole."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Headers = ()) -> None:
        self.status = status
        self.body = body
        self.headers = list(headers)

    async def send(self, request: HttpRequest, send: HttpSend) -> None:
        """Write it; a HEAD gets the headers alone."""
        length = (b"content-length", str(len(self.body)).encode())
        headers = self.headers if self.status == 204 else [*self.headers, length]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if request.method == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def json_reply(text: str, *, status: int = 200, headers: Headers = ()) -> Reply:
    """JSON text as an answer that nobody may keep."""
    return Reply(status, text.encode(), [_JSON, _NOT_KEPT, *headers])


class PieceReply:
    """An answer that is written piece by piece, at least one, as the client takes it.

    `length` is how many bytes there are, where that is known.
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
        """Write it; a HEAD gets the headers alone. What fails before the first piece is raised
        before anything is sent."""
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
            # `send` does not fail when the client has left.
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
        # Where there were fewer than `length` bytes, the server sees an answer that is too short
        # and cuts the connection, which is all that can still be told.


class EventStream:
    """A stream of frames, until the log ends or the client leaves.

    `url_of` gives the URL of a file, for the events that hold one.
    """

    __slots__ = ("_follower", "_url_of")

    _HEADERS: Final = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        # `no-transform` and X-Accel-Buffering keep proxies from compressing and buffering it.
        (b"cache-control", b"no-cache, no-transform"),
        (b"x-accel-buffering", b"no"),
    ]

    def __init__(self, follower: Follower, url_of: Callable[[str], str] | None = None) -> None:
        self._follower = follower
        self._url_of = url_of

    async def send(self, request: HttpRequest, send: HttpSend) -> None:
        """Write frames as they come, and pings while none does."""
        await send({"type": "http.response.start", "status": 200, "headers": self._HEADERS})
        follower = self._follower
        loop = asyncio.get_running_loop()
        watch = asyncio.create_task(request.wait_for_disconnect())
        watch.add_done_callback(lambda _: follower.leave())
        written_at = loop.time()
        timer: asyncio.TimerHandle

        def ping_after_silence() -> None:
            # Armed again when it fires, not with every frame.
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
