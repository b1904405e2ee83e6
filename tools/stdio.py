"""Runs a tool server as a program of its own, and speaks JSON-RPC over its pipes.

The program is not trusted. It gets only the variables that the configuration names, a directory of
its own, and, where we are root, an account of its own. Its standard error goes to our log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Final, Self

from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from chatkit.protocol.jsontext import clean_value
from tools.config import StdioServer
from tools.sandbox import Sandbox, marked_processes, sandbox_for

_log = logging.getLogger(__name__)

#: Longest message of a server, in bytes. A longer one is passed over, and its call fails.
_MAX_LINE: Final = 8 * 1024 * 1024
#: Messages above this size are parsed in a thread, in bytes.
_QUICK_BYTES: Final = 64 * 1024
#: The id of a response, which is written before the result by every server that we know.
_RESPONSE_ID: Final = re.compile(
    rb'\s{0,9}\{(?:[^{}]{0,60},)?\s{0,9}"id"\s{0,9}:\s{0,9}(\d{1,15}|"[^"\\]{1,60}")\s{0,9},'
)
#: Time for a server to end after its input was closed, and after SIGTERM, in seconds.
_GRACE_S: Final = 1.0
#: Longest line of a server's standard error in our log, in characters, and most lines a minute.
_MAX_LOGGED: Final = 400
_LINES_A_MINUTE: Final = 60


@asynccontextmanager
async def open_stdio(server: StdioServer) -> AsyncIterator[tuple[_Reader, _Writer]]:
    """Start the program, and end it with all its children at the exit. Raises OSError."""
    place = await asyncio.to_thread(sandbox_for, server)
    process = await asyncio.to_thread(_start, server, place)
    try:
        stdout = await _reader_of(process.stdout, _MAX_LINE)
        stderr = await _reader_of(process.stderr, 64 * 1024)
        transport, protocol = await asyncio.get_running_loop().connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(), process.stdin
        )
        stdin = asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())
        logging_task = asyncio.create_task(_log_lines(server.name, stderr))
        try:
            yield _Reader(stdout), _Writer(stdin)
        finally:
            stdin.close()
            logging_task.cancel()
    finally:
        ending = asyncio.create_task(asyncio.to_thread(_end, process, place))
        await asyncio.shield(ending)


def _start(server: StdioServer, place: Sandbox) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the operator's own words, no shell
        [server.command, *server.args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=place.directory,
        env={**place.environment, **server.env},
        start_new_session=True,
        user=place.uid,
        group=place.uid,
        extra_groups=None if place.uid is None else [],
    )


def _end(process: subprocess.Popen[bytes], place: Sandbox) -> None:
    """End the program, its process group, and what it has started outside of that."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid in marked_processes(place.mark):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


async def _reader_of(pipe: object, limit: int) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader, loop=loop), pipe)
    return reader


async def _log_lines(name: str, stderr: asyncio.StreamReader) -> None:
    """Log the server's standard error, a line at a time, escaped and cut."""
    loop = asyncio.get_running_loop()
    window, lines, rest = loop.time(), 0, b""
    while chunk := await stderr.read(16 * 1024):
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[:_MAX_LOGGED]
        for line in whole:
            if loop.time() - window > 60:
                window, lines = loop.time(), 0
            lines += 1
            text = line[:_MAX_LOGGED].decode("utf-8", "replace").strip()
            if lines <= _LINES_A_MINUTE and text:
                shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
                _log.info("the tool server %s writes: %s", name, shown)
            elif lines == _LINES_A_MINUTE + 1:
                _log.info("the tool server %s writes more, which is not logged", name)


class _Reader:
    """The messages of the server. Lines that are no JSON-RPC are passed over."""

    def __init__(self, stdout: asyncio.StreamReader) -> None:
        self._stdout = stdout

    async def receive(self) -> SessionMessage | Exception:
        return await self.__anext__()

    async def aclose(self) -> None:
        """Nothing to do: the pipe is closed with the process."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        while True:
            line = await self._line()
            if len(line) <= _QUICK_BYTES:
                message = _parse(line)
            elif line.endswith(b"\n"):
                message = await asyncio.to_thread(_parse, line)
            else:
                message = _too_long(line)
            if message is not None:
                return message

    async def _line(self) -> bytes:
        """The next line, or the first bytes of one that is too long."""
        begin = b""
        while True:
            try:
                line = await self._stdout.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                piece = await self._stdout.readexactly(error.consumed)
                begin = begin or piece[: _QUICK_BYTES + 1]
            except (asyncio.IncompleteReadError, OSError):  # the end, or a broken pipe
                raise StopAsyncIteration from None
            else:
                return begin or line

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Writer:
    """The way to the server."""

    def __init__(self, stdin: asyncio.StreamWriter) -> None:
        self._stdin = stdin

    async def send(self, item: SessionMessage, /) -> None:
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        self._stdin.write(text.encode() + b"\n")
        await self._stdin.drain()

    async def aclose(self) -> None:
        self._stdin.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()


def _too_long(begin: bytes) -> SessionMessage | None:
    """The failure of the call whose result begins with `begin`; None if that is no result."""
    if (found := _RESPONSE_ID.match(begin)) is None:
        return None
    error = {"code": -32603, "message": f"the result has more than {_MAX_LINE} bytes"}
    response = {"jsonrpc": "2.0", "id": json.loads(found[1]), "error": error}
    return _parse(json.dumps(response).encode())


def _parse(line: bytes) -> SessionMessage | None:
    """The message in `line`, without halves of characters; None if it is no JSON-RPC."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        value = clean_value(json.loads(line))
        return SessionMessage(jsonrpc_message_adapter.validate_python(value, by_name=False))
    except (ValueError, RecursionError):
        return None
