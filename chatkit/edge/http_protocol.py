"""uvicorn's HTTP protocol, with limits on what a connection may cost.

What it adds: a limit on the size of a request's head (431), time limits for the head and the body
(408), an end for a client that takes nothing of its answer, JSON for what is no HTTP (400), and
no requests smuggled behind a body that the parser leaves to an upgrade. Time is looked at every
two seconds for a connection, so that neither a request nor a piece of a stream sets a timer.

`uvicorn app:app --http chatkit.edge.http_protocol:GuardedProtocol` has it too.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import ClassVar, Final

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from chatkit.protocol.errors import Sentence
from chatkit.protocol.jsontext import dumps
from chatkit.words.catalogue import ENGLISH, say_in

#: How much of an answer the kernel may hold that is not sent yet, in bytes: what is above waits
#: here, where it is seen whether the client takes anything.
_MOST_UNSENT: Final = 128 * 1024


_LARGE_HEAD: Final = (431, "too_large", Sentence("http.head_too_large"))


class _Refused(Exception):
    """Raised inside the parser, which then stops."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. The limits are attributes of the class; times are in seconds."""

    most_head_bytes: ClassVar[int] = 32 * 1024
    most_headers: ClassVar[int] = 128
    head_s: ClassVar[float] = 10.0
    body_s: ClassVar[float] = 30.0
    """For the body, and what `body_bytes_per_s` allows on top."""
    body_bytes_per_s: ClassVar[float] = 1024.0
    unwanted_body_s: ClassVar[float] = 5.0
    """How long a body is read to which the answer was already given."""
    stuck_s: ClassVar[float] = 60.0
    """How long a client may take nothing of what waits for it."""
    linger_s: ClassVar[float] = 2.0
    tick_s: ClassVar[float] = 2.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        """Begin to watch."""
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        if (
            peer is not None
            and peer.family != socket.AF_UNIX
            and hasattr(socket, "TCP_NOTSENT_LOWAT")
        ):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
        now = self.loop.time()
        self._deadline: float | None = now + self.head_s
        self._before_body = True
        self._head_bytes = 0  # as the parser tells of them
        self._open_bytes = 0  # as they arrive, for a header that has no end
        self._begun = False  # whether a byte of the awaited head has come
        self._begun_now = False  # and that in the bytes that are being looked at
        self._deaf = False  # whether what still arrives is thrown away
        self._why: tuple[int, str, Sentence] | None = None
        self._waiting_bytes = 0
        self._taken_at = now
        self._ticking = self.loop.call_later(self.tick_s, self._tick)
        self._answering: RequestResponseCycle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._ticking.cancel()
        # uvicorn tells the newest request alone, which may be one that still waits its turn.
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    # --- What arrives ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Feed the parser. uvicorn's own would log every broken request."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._deadline = self.loop.time() + self.head_s  # line breaks alone begin no message
        self._begun_now = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request is answered as if it had not asked; what follows is not for us.
            self._deaf = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            no_http = (400, "invalid_request", Sentence("http.no_http"))
            self._refuse(*(self._why or no_http))
        else:
            # The parser tells of whole headers only. All of `data` is head if the head had begun
            # before and still goes on.
            if self._begun and not self._begun_now:
                self._open_bytes += len(data)
                if self._open_bytes > self.most_head_bytes:
                    self._refuse(*_LARGE_HEAD)

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        super().on_message_begin()
        self._deadline = self.loop.time() + self.head_s
        self._begun = self._begun_now = True
        self._head_bytes = self._open_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        super().on_url(url)
        self._require_small_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        super().on_header(name, value)
        self._require_small_head(len(name) + len(value) + 4)
        if len(self.headers) > self.most_headers:
            self._stop(431, "too_large", Sentence("http.too_many_headers"))

    def on_headers_complete(self) -> None:
        """The head is whole: the application begins."""
        if self.parser.should_upgrade() and any(
            name in (b"content-length", b"transfer-encoding") for name, _ in self.headers
        ):
            # The parser would not read this body, but take it for the next request.
            self._stop(400, "invalid_request", Sentence("http.upgrade_with_body"))
        super().on_headers_complete()
        self._begun = self._before_body = False
        self._deadline = self.loop.time() + self.body_s

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._deadline is not None and not self.cycle.response_complete:
            self._deadline += len(body) / self.body_bytes_per_s
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._deadline = None
        self._before_body = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is whole, the request perhaps not."""
        if self._deadline is not None and not self._before_body:
            self._deadline = min(self._deadline, self.loop.time() + self.unwanted_body_s)
        super().on_response_complete()

    def resume_writing(self) -> None:
        """The client has taken most of what waited."""
        self._taken_at = self.loop.time()
        super().resume_writing()

    def _require_small_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.most_head_bytes:
            self._stop(*_LARGE_HEAD)

    def _stop(self, status: int, code: str, sentence: Sentence) -> None:
        self._why = (status, code, sentence)
        raise _Refused

    # --- Time -----------------------------------------------------------------------------------

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
        if self._deadline is None:
            return
        if self.flow.read_paused:
            self._deadline = max(self._deadline, now + self.body_s)  # it is we who do not read
        elif now >= self._deadline:
            if self._begun or not self._before_body:
                self._refuse(408, "timeout", Sentence("http.too_slow"))
            else:
                self.transport.close()

    # --- Answers of its own ---------------------------------------------------------------------

    def _refuse(self, status: int, code: str, sentence: Sentence) -> None:
        """Answer in place of the application where nothing else is being answered, and close. In
        English: the headers are not all there, or are not to be trusted."""
        if self._deaf or self.transport.is_closing():
            self.transport.abort()
            return
        self._deaf = True
        cycle = self.cycle
        if self._before_body:
            silent = cycle is not None and not cycle.response_complete
        else:
            silent = cycle.response_started or bool(self.pipeline)
        if silent:
            self.transport.close()
            return
        if not self._before_body:
            cycle.disconnected = True  # the application learns that nobody waits any more
            cycle.message_event.set()
        message = sentence.in_words(say_in(ENGLISH))
        body = dumps({"error": {"code": code, "message": message}}).encode()
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
        # A socket that is closed with bytes unread is reset, and the client might lose the answer.
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(self.linger_s, self.transport.abort)
