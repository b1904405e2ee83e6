"""uvicorn's HTTP protocol, with limits on the resources of one connection.

It adds a limit on the size of a request's head (431), timeouts for head and body (408), a timeout
for a client that does not read its response, a bound on pipelined requests, JSON for malformed HTTP
(400), and protection from requests smuggled behind the body of an upgrade request. It drops
trailers, and sends no chunks to HTTP/1.0. The timeouts are checked by one timer per connection,
every two seconds, so that no request and no piece of a stream sets a timer.

Pipelining: nothing is parsed while a request waits for the responses before it. The bytes behind it
are kept, and above `_MAX_UNPARSED` the connection is not read. A request starts when the response
before it is complete and most of it has been sent.

`uvicorn app:app --http chatkit.edge.http_protocol:GuardedProtocol` uses it too.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import ClassVar, Final

import httptools
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from chatkit.edge.read_flow import ReadFlow, peer_has_closed
from chatkit.protocol.errors import Sentence
from chatkit.protocol.jsontext import dumps
from chatkit.words.catalogue import ENGLISH, say_in

#: Most unsent bytes of a response in the kernel's buffer. The rest stays in our buffer, where we
#: can see whether the client reads.
_MAX_UNSENT: Final = 128 * 1024
#: The parser calls back for every request in its input and cannot be stopped in between. So its
#: input ends at the next end of a head: one request, or two if the end came in two reads.
_HEAD_END: Final = b"\r\n\r\n"
#: Offset of the head's end in the shortest request, `GET / HTTP/1.1` without headers. The search
#: starts there, so that a body of empty lines is not cut into pieces of four bytes.
_FIRST_HEAD_END: Final = 14
#: Most bytes kept behind a waiting request. Up to here the connection is read, and a client that
#: leaves is noticed at once; above, at the next tick.
_MAX_UNPARSED: Final = 64 * 1024


_LARGE_HEAD: Final = (431, "too_large", Sentence("http.head_too_large"))


def _end_of_piece(data: bytes | bytearray, start: int) -> int:
    """Where the piece for the parser ends that begins at `start`."""
    # To look for one byte first is fast, and a body of JSON does not hold it.
    end = data.find(b"\r", start + _FIRST_HEAD_END)
    if end >= 0:
        end = data.find(_HEAD_END, end)
    return len(data) if end < 0 else end + len(_HEAD_END)


def _without_chunks(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """`app` for a client of HTTP/1.0, which does not know chunks (RFC 9112, 6.1).

    The end of the connection marks the end of a body of unknown length.
    """

    async def run(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        open_ended = False

        async def send_plain(message: ASGISendEvent) -> None:
            nonlocal open_ended
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                open_ended = b"content-length" not in names
                if open_ended:
                    cycle.chunked_encoding = False
            elif message["type"] == "http.response.body" and open_ended:
                cycle.expected_content_length = len(message["body"])
            await send(message)

        await app(scope, receive, send_plain)

    return run


class _Refused(Exception):
    """Raised in a parser callback to stop the parser."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. The limits are class attributes; times are in seconds."""

    flow: ReadFlow

    max_head_bytes: ClassVar[int] = 32 * 1024
    max_headers: ClassVar[int] = 128
    head_s: ClassVar[float] = 10.0
    body_s: ClassVar[float] = 30.0
    """Timeout of the body. What is received extends it, to so many seconds from then at most."""
    least_rate: ClassVar[float] = 1024.0
    """How many bytes extend it by one second, at the beginning of a body. What was received has to
    be kept, so the rate grows with it: by itself every `least_rate_bytes`, up to `most_rate`."""
    least_rate_bytes: ClassVar[int] = 64 * 1024
    most_rate: ClassVar[float] = 16 * 1024.0
    unwanted_body_s: ClassVar[float] = 5.0
    """How long a body is still read after its response was sent."""
    stuck_s: ClassVar[float] = 60.0
    """How long a client may read nothing while data is waiting for it, and how long its system may
    acknowledge nothing: a client whose network is gone never closes the connection."""
    linger_s: ClassVar[float] = 2.0
    tick_s: ClassVar[float] = 2.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        """Set the first deadline and start the timer."""
        super().connection_made(transport)
        self.flow = ReadFlow(transport)
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family != socket.AF_UNIX:
            # Not every system has these options.
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MAX_UNSENT)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                limit_ms = int(self.stuck_s * 1000)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit_ms)
        now = self.loop.time()
        self._deadline: float | None = now + self.head_s
        self._before_body = True
        self._body_bytes = 0  # of the body that is being received
        self._head_bytes = 0  # as reported by the parser
        self._open_bytes = 0  # as received, for a header without an end
        self._begun = False  # whether the next head has started
        self._begun_now = False  # whether it started in the data being parsed
        self._discarding = False  # whether further input is discarded
        self._unparsed = bytearray()  # received, but not given to the parser yet
        self._refusal: tuple[int, str, Sentence] | None = None
        self._waiting_bytes = 0
        self._taken_at = now
        self._ticking = self.loop.call_later(self.tick_s, self._tick)
        self._answering: RequestResponseCycle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer or we closed the connection: stop the timer and wake the handler."""
        self._ticking.cancel()
        # uvicorn only wakes the newest request, which may still be queued behind this one.
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    # --- Input ----------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse the data, or keep it while a request waits."""
        if self._discarding:
            return
        if self._unparsed:
            self._unparsed += data
        else:
            done = self._parse(data)
            if done == len(data):
                return
            self._unparsed += data[done:]
        self.flow.hold(len(self._unparsed) > _MAX_UNPARSED)

    def _parse(self, data: bytes | bytearray) -> int:
        """Feed the parser until a request waits. Returns how many bytes it has taken."""
        self._unset_keepalive_if_required()
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._deadline = self.loop.time() + self.head_s  # empty lines do not start a message
        done = 0
        while done < len(data) and not self.pipeline and not self._discarding:
            end = _end_of_piece(data, done)
            self._feed(data[done:end])
            done = end
        return len(data) if self._discarding else done

    def _parse_kept(self) -> None:
        """Parse the kept bytes, after a waiting request has started."""
        if self._unparsed and not self.transport.is_closing():
            del self._unparsed[: self._parse(self._unparsed)]
            self.flow.hold(len(self._unparsed) > _MAX_UNPARSED)

    def _feed(self, data: bytes | bytearray) -> None:
        """Feed the parser. Unlike uvicorn's own method it does not log malformed requests."""
        self._begun_now = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request is handled without the upgrade; the data after it is not HTTP.
            self._discarding = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            no_http = (400, "invalid_request", Sentence("http.no_http"))
            self._refuse(*(self._refusal or no_http))
        else:
            # The parser reports only complete headers. If the head started before and has not
            # ended, all of `data` belongs to it.
            if self._begun and not self._begun_now:
                self._open_bytes += len(data)
                if self._open_bytes > self.max_head_bytes:
                    self._refuse(*_LARGE_HEAD)

    def on_message_begin(self) -> None:
        """The first byte of a head was received."""
        super().on_message_begin()
        self._deadline = self.loop.time() + self.head_s
        self._begun = self._begun_now = True
        self._head_bytes = self._open_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the URL was received."""
        super().on_url(url)
        self._require_small_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A complete header, or a trailer, was received."""
        if self._begun:
            super().on_header(name, value)
        # else: a trailer. The parser reports it like a header, but it must not become one: it
        # could forge X-Forwarded-For behind a proxy that checks only headers (RFC 9110, 6.5.1).
        self._require_small_head(len(name) + len(value) + 4)
        if len(self.headers) > self.max_headers:
            self._stop(431, "too_large", Sentence("http.too_many_headers"))

    def on_headers_complete(self) -> None:
        """The head is complete: start the application."""
        if self.parser.should_upgrade() and any(
            name in (b"content-length", b"transfer-encoding") for name, _ in self.headers
        ):
            # The parser would not read this body but parse it as the next request.
            self._stop(400, "invalid_request", Sentence("http.upgrade_with_body"))
        super().on_headers_complete()
        if self.pipeline:
            self.flow.resume_reading()  # uvicorn has paused; here `hold` decides
        self._begun = self._before_body = False
        self._body_bytes = 0
        self._deadline = self.loop.time() + self.body_s

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start it, or keep it first in the queue while too much of the last answer is unsent."""
        if self.flow.write_paused:
            self.pipeline.append((cycle, app))
            return
        self._answering = cycle
        if cycle.scope["http_version"] == "1.0":
            app = _without_chunks(cycle, app)
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """A piece of the body was received."""
        if self._deadline is not None and not self.cycle.response_complete:
            self._body_bytes += len(body)
            rate = self.least_rate * (1 + self._body_bytes / self.least_rate_bytes)
            extended = self._deadline + len(body) / min(rate, self.most_rate)
            self._deadline = min(extended, self.loop.time() + self.body_s)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._deadline = None
        self._before_body = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The response is complete, but the request may not be."""
        if self._deadline is not None and not self._before_body:
            self._deadline = min(self._deadline, self.loop.time() + self.unwanted_body_s)
        super().on_response_complete()  # starts the next request that waits
        self._parse_kept()

    def resume_writing(self) -> None:
        """The client has read most of the unsent data: start the next request, if one waits."""
        self._taken_at = self.loop.time()
        super().resume_writing()
        if self.transport.is_closing():
            return
        if self.pipeline and self._answering is not None and self._answering.response_complete:
            self._start_asgi_task(*self.pipeline.pop())
            self._parse_kept()

    def _require_small_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.max_head_bytes:
            self._stop(*_LARGE_HEAD)

    def _stop(self, status: int, code: str, sentence: Sentence) -> None:
        self._refusal = (status, code, sentence)
        raise _Refused

    # --- Timeouts -------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = self.loop.time()
        self._ticking = self.loop.call_later(self.tick_s, self._tick)
        waiting = self.transport.get_write_buffer_size()
        if waiting == 0 or waiting < self._waiting_bytes:
            self._taken_at = now
        elif now - self._taken_at >= self.stuck_s:
            self.transport.abort()
            return
        self._waiting_bytes = waiting
        if self.flow.held and peer_has_closed(self.transport):
            self.transport.close()
            return
        if self._deadline is None:
            return
        if self.flow.read_paused or self._unparsed:
            self._deadline = max(self._deadline, now + self.body_s)  # we paused, not the client
        elif now >= self._deadline:
            if self._begun or not self._before_body:
                self._refuse(408, "timeout", Sentence("http.too_slow"))
            else:
                self.transport.close()

    # --- Error responses ------------------------------------------------------------------------

    def _refuse(self, status: int, code: str, sentence: Sentence) -> None:
        """Send an error response, unless another response has started, and close the connection.

        It is in English, because the language headers may be missing or invalid.
        """
        if self._discarding or self.transport.is_closing():
            self.transport.abort()
            return
        self._discarding = True
        cycle = self.cycle
        if self._before_body:
            silent = cycle is not None and not cycle.response_complete
        else:
            silent = cycle.response_started or bool(self.pipeline)
        if silent:
            self.transport.close()
            return
        if not self._before_body:
            cycle.disconnected = True  # the application sees a disconnect
            cycle.message_event.set()
        message = sentence.in_words(say_in(ENGLISH))
        body = dumps({"message": message, "error": {"code": code, "message": message}}).encode()
        head = (
            b"content-type: application/json\r\ncache-control: no-store\r\n"
            b"x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n"
            b"x-request-id: %b\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        ) % (secrets.token_hex(8).encode(), len(body))
        self.transport.write(STATUS_LINE[status] + head + body)
        self._deadline = None
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        # Closing a socket with unread input resets it, and the client might lose the response.
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(self.linger_s, self.transport.abort)
