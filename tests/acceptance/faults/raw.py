"""A client down at the socket: one that can leave by FIN or RST, and one that does not read."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.acceptance.server import Event, ServerProcess, body_of, delta_of, said
from tests.frames import data_of, id_of

#: Every stream that was opened, for `close_all`.
_opened: list[RawStream] = []
#: Longest wait for an event, in seconds.
_EVENT_S = 40.0


@dataclass(slots=True, kw_only=True)
class RawStream:
    """An open event stream. `ids` are those of `/events`; `times` are of `time.monotonic`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int = 0
    events: list[Event] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    _buffer: bytes = b""
    _ended: bool = False

    @classmethod
    async def open(
        cls,
        server: ServerProcess,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """Send a request and read the head of its answer."""
        stream = await cls.send(server, method, path, token, body, headers)
        async with asyncio.timeout(_EVENT_S):
            head = await stream.reader.readuntil(b"\r\n\r\n")
        stream.status = int(head.split(b" ")[1])
        return stream

    @classmethod
    async def send(
        cls,
        server: ServerProcess,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        receive_bytes: int | None = None,
    ) -> Self:
        """Send a request and read nothing; `receive_bytes` is the size of the kernel's buffer."""
        address = urlsplit(server.url)
        plain = socket.socket()
        if receive_bytes is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        plain.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(plain, (address.hostname, address.port))
        # A small limit, so that what is not asked for stays in the kernel.
        reader, writer = await asyncio.open_connection(sock=plain, limit=65536)
        data = b"" if body is None else json.dumps(body).encode()
        lines = {
            "host": address.netloc,
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "content-length": str(len(data)),
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data)
        await writer.drain()
        stream = cls(reader=reader, writer=writer)
        _opened.append(stream)
        return stream

    async def next(self) -> Event | None:
        """The next event; None at the proper end of the stream."""
        while b"\n\n" not in self._buffer:
            if self._ended:
                assert self._buffer.replace(b": ping\n", b"") == b"", self._buffer
                return None
            async with asyncio.timeout(_EVENT_S):
                size = int(await self.reader.readline(), 16)
                piece = await self.reader.readexactly(size + 2)
            self._ended = size == 0
            self._buffer += piece[:-2]
        frame, _, self._buffer = self._buffer.partition(b"\n\n")
        data, name = data_of(frame.decode()), id_of(frame.decode())
        if data is None:
            return await self.next()
        if name is not None:
            self.ids.append(int(name.rpartition(".")[2]))
        event: Event = json.loads(data)
        self.events.append(event)
        self.times.append(time.monotonic())
        return event

    async def read_to_end(self) -> list[Event]:
        """Every event of the stream."""
        while await self.next() is not None:
            pass
        return self.events

    async def until_text(self, text: str) -> None:
        """Read until the streamed text contains `text`."""
        while text not in self.streamed:
            assert await self.next() is not None, self.events

    @property
    def streamed(self) -> str:
        """The text of the deltas so far."""
        return "".join(delta_of(event) for event in self.events)

    @property
    def thread_id(self) -> str:
        """Of the thread that the stream created."""
        return str(self.events[0]["thread"]["id"])

    def reset(self) -> None:
        """Leave with RST, as a killed browser does."""
        if not self.writer.is_closing():
            plain = self.writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()

    def close(self) -> None:
        """Leave with FIN."""
        self.writer.close()


async def close_all() -> None:
    """Leave every stream that a test has opened."""
    for stream in _opened:
        stream.reset()
    for stream in _opened:
        with suppress(OSError):
            await stream.writer.wait_closed()
    _opened.clear()


async def create(
    server: ServerProcess,
    token: str,
    text: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> RawStream:
    """`threads.create` up to its first event, the thread's creation."""
    body = body_of("threads.create", {"input": said(text)})
    stream = await RawStream.open(server, "POST", "/api/chatkit", token, body, headers)
    assert stream.status == 200
    await stream.next()
    return stream


async def add(
    server: ServerProcess,
    token: str,
    thread_id: str,
    text: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> RawStream:
    """`threads.add_user_message`, nothing read yet."""
    body = body_of("threads.add_user_message", {"thread_id": thread_id, "input": said(text)})
    return await RawStream.open(server, "POST", "/api/chatkit", token, body, headers)


async def retry(server: ServerProcess, token: str, thread_id: str, item_id: str) -> RawStream:
    """`threads.retry_after_item`, nothing read yet."""
    body = body_of("threads.retry_after_item", {"thread_id": thread_id, "item_id": item_id})
    return await RawStream.open(server, "POST", "/api/chatkit", token, body)


async def follow(
    server: ServerProcess,
    token: str,
    thread_id: str,
    after: int | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> RawStream:
    """The events route."""
    query = "" if after is None else f"?after={after}"
    path = f"/api/chatkit/threads/{thread_id}/events{query}"
    stream = await RawStream.open(server, "GET", path, token, None, headers)
    assert stream.status == 200
    return stream
