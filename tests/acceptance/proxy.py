"""A proxy that breaks connections on command: between the server and PostgreSQL, the model server
or a client.

    async with Proxy(("127.0.0.1", 5432)) as proxy:
        ...  # connect to 127.0.0.1:{proxy.port}
        proxy.cut()

It runs in the event loop of the test and listens on a loopback port, or on the unix socket `path`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from tests.conftest import reachable_directory

#: A TCP host and port, or the path of a unix socket.
Target = tuple[str, int] | Path

#: SO_LINGER on, with no time: `close` sends RST instead of FIN (socket(7)).
_RESET: Final = struct.pack("ii", 1, 0)
_READ: Final = 65536


class Proxy:
    """Forwards every connection to `target`. The commands hold until `resume`."""

    def __init__(self, target: Target, *, path: Path | None = None) -> None:
        self.port = 0
        #: Seconds that each piece is held back, and most bytes a second, in both directions.
        self.delay_s = 0.0
        self.bytes_per_s: float | None = None
        #: Called with each piece that a client sends, before it is forwarded.
        self.on_sent: Callable[[bytes], None] | None = None
        self._target = target
        self._path = path
        self._refusing = False
        self._up, self._down = _flowing(), _flowing()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._tasks)

    def cut(self) -> None:
        """Reset every open connection on both sides; new ones are taken."""
        for writer in list(self._writers):
            _reset(writer)

    def refuse(self) -> None:
        """Reset every open connection, and each new one as soon as it comes."""
        self._refusing = True
        self.cut()

    def stall(self, *, up: bool = True, down: bool = True) -> None:
        """Forward nothing more from the clients (`up`), to the clients (`down`); nobody is told."""
        if up:
            self._up.clear()
        if down:
            self._down.clear()

    def freeze(self) -> None:
        """Forward nothing more on the open connections, for ever, as when the other machine is lost
        and nobody says so; new ones work."""
        self.stall()
        self._up, self._down = _flowing(), _flowing()

    def resume(self) -> None:
        """Forward again, what was held back first."""
        self._refusing = False
        self._up.set()
        self._down.set()

    async def __aenter__(self) -> Self:
        if self._path is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            self._server = await asyncio.start_unix_server(self._accept, self._path)
            self._path.chmod(0o777)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.refuse()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._refusing:
                return
            try:
                if isinstance(self._target, Path):
                    there = await asyncio.open_unix_connection(self._target)
                else:
                    there = await asyncio.open_connection(*self._target)
            except OSError:
                return
            self._writers.add(there[1])
            try:
                up, down = self._up, self._down
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(reader, there[1], up, sent=True))
                    group.create_task(self._pump(there[0], writer, down, sent=False))
            finally:
                self._writers.discard(there[1])
                _reset(there[1])
        except* OSError:
            pass  # either side reset it
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            _reset(writer)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flowing: asyncio.Event,
        *,
        sent: bool,
    ) -> None:
        while data := await reader.read(_READ):
            if sent and self.on_sent is not None:
                self.on_sent(data)
            await flowing.wait()
            wait_s = self.delay_s + (len(data) / self.bytes_per_s if self.bytes_per_s else 0)
            if wait_s:
                await asyncio.sleep(wait_s)
            writer.write(data)
            await writer.drain()
        await flowing.wait()
        with suppress(OSError, RuntimeError):
            writer.write_eof()


def _flowing() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, with RST on TCP; what is not yet sent is lost."""
    transport = writer.transport
    connection = transport.get_extra_info("socket")
    if not transport.is_closing() and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


@asynccontextmanager
async def postgres_proxy(dsn: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the PostgreSQL of a DSN that names a socket directory, and the DSN by which it
    is reached."""
    parts = urlsplit(dsn)
    directory = parse_qs(parts.query)["host"][0]
    name = ".s.PGSQL.5432"
    with reachable_directory() as place:
        proxy = Proxy(Path(directory) / name, path=place / name)
        async with proxy:
            base = dsn.partition("?")[0]
            yield proxy, f"{base}?host={place}&port=5432"
