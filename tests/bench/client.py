"""A lean HTTP client: it notes when which bytes came, and reads them after the load is over."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

_DELTA: Final = re.compile(rb'content_part\.text_delta".*?"delta":"([^"]*)"')
_WORD: Final = re.compile(rb"(\d+):(\d+) ")


class WrongAnswer(Exception):
    """A server gave something else than the model said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A word of the model as it arrived; seconds of the monotonic clock."""

    sent_at: float
    arrived_at: float


class Answer:
    """One answer, its body as chunks with the moments of their arrival."""

    def __init__(self, began_at: float, head: bytes, chunks: list[tuple[float, bytes]]) -> None:
        self.began_at = began_at
        self.ended_at = chunks[-1][0]
        self._chunks = chunks
        status, _, fields = head.partition(b"\r\n")
        self.status = int(status.split(b" ")[1])
        self._chunked = b"chunked" in fields.lower()

    @property
    def body(self) -> bytes:
        """Without the framing of HTTP."""
        data = b"".join(data for _, data in self._chunks)
        return b"".join(self._unchunked(data)) if self._chunked else data

    @staticmethod
    def _unchunked(data: bytes) -> list[bytes]:
        pieces, place = [], 0
        while True:
            end = data.index(b"\r\n", place)
            size = int(data[place:end], 16)
            if size == 0:
                return pieces
            pieces.append(data[end + 2 : end + 2 + size])
            place = end + 4 + size

    def json(self) -> Any:
        """The body of an answer that does not stream. Raises WrongAnswer for an error."""
        if self.status != 200:
            raise WrongAnswer(f"status {self.status}: {self.body[:300]!r}")
        return json.loads(self.body)

    def deltas(self, count: int) -> list[Delta]:
        """The model's words, `count` of them and in order; else WrongAnswer.

        The events must be whole, and the item that is done must hold the text of the deltas.
        """
        body = self.body
        if self.status != 200:
            raise WrongAnswer(f"status {self.status}: {body[:300]!r}")
        text = b"".join(_DELTA.findall(body))
        words = _WORD.findall(text)
        if [int(place) for place, _ in words] != list(range(count)):
            raise WrongAnswer(f"{len(words)} of {count} words, or not in order: {body[-500:]!r}")
        events = [json.loads(line[6:]) for line in body.split(b"\n") if line[:5] == b"data:"]
        done = [
            event["item"]["content"][0]["text"]
            for event in events
            if event["type"] == "thread.item.done" and event["item"]["type"] == "assistant_message"
        ]
        if done != [text.decode()]:
            raise WrongAnswer(f"the stored answer is another: {done!r}")
        arrivals = self._arrivals()
        return [
            Delta(sent_at=int(stamp) / 1e6, arrived_at=arrivals[int(place)])
            for place, stamp in words
        ]

    def _arrivals(self) -> dict[int, float]:
        """When each word was there: with the chunk that ended it."""
        arrivals: dict[int, float] = {}
        tail = b""
        for moment, data in self._chunks:
            tail += data
            for match in _WORD.finditer(tail):
                arrivals.setdefault(int(match[1]), moment)
            # A word is much shorter than this, and one that is found twice counts once.
            tail = tail[-64:]
        return arrivals

    def event(self, kind: str) -> Any:
        """The first event of a type."""
        for line in self.body.split(b"\n"):
            if line.startswith(b'data: {"type":"' + kind.encode()):
                return json.loads(line[6:])
        raise WrongAnswer(f"no {kind}: {self.body[:500]!r}")


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._chunks: list[tuple[float, bytes]] = []
        self._done: asyncio.Future[bytes] | None = None
        self._head = b""
        self._left: int | None = None  # None while a chunked body, or the head, is awaited
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, base: str) -> Connection:
        """To `http://host:port`."""
        parts = urlsplit(base)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, parts.hostname, parts.port)
        return connection

    async def request(self, method: str, path: str, token: str = "", body: Any = None) -> Answer:
        """Send it and wait for the whole answer."""
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        )
        self._chunks, self._head, self._left = [], b"", None
        self._done = asyncio.get_running_loop().create_future()
        began_at = time.monotonic()
        self._transport.write(head.encode() + data)
        async with asyncio.timeout(120):
            whole_head = await self._done
        return Answer(began_at, whole_head, self._chunks)

    @property
    def closed(self) -> bool:
        """Whether the server has ended it, as servers do with idle ones."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(WrongAnswer("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self._head.endswith(b"\r\n\r\n"):
            head, blank, data = (self._head + data).partition(b"\r\n\r\n")
            self._head = head + blank
            if not blank:
                return
            if length := re.search(rb"content-length: *(\d+)", head, re.IGNORECASE):
                self._left = int(length[1])
        self._chunks.append((now, data))
        if self._left is not None:
            self._left -= len(data)
            complete = self._left <= 0
        else:
            # The end mark may come in pieces, each of them shorter than itself.
            complete = b"".join(piece for _, piece in self._chunks[-5:]).endswith(b"\r\n0\r\n\r\n")
        if complete and self._done is not None and not self._done.done():
            self._done.set_result(self._head)
