"""A real uvicorn with the guarded protocol in a thread of its own, and raw connections to it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import uvicorn

from chatkit.edge.http_protocol import GuardedProtocol

WAIT_S = 10.0
HOST = b"Host: localhost\r\n"


class Peer:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def rest(self) -> bytes:
        """All that still comes, until the server closes."""
        async with asyncio.timeout(WAIT_S):
            data = b""
            with suppress(ConnectionError):
                while piece := await self.reader.read(65536):
                    data += piece
            return data

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(WAIT_S):
            return await self.reader.readuntil(end)

    async def body(self) -> bytes:
        """The body of the next answer, which has a length and status 200."""
        head = await self.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        async with asyncio.timeout(WAIT_S):
            return await self.reader.readexactly(int(length))

    async def aclose(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class _Server(uvicorn.Server):
    """The signals stay pytest's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def serving(app: Any, protocol: type[GuardedProtocol]) -> Iterator[int]:
    """The port of a server, on the loop that the product runs on; it is shut down at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            interface="asgi3",
            loop="uvloop",
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config)
        running = threading.Thread(target=server.run, args=([listener],))
        running.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            running.join()
