"""uvicorn's server, with a shutdown that lets running answers end.

On a signal uvicorn closes its listener, waits for open streams before it notifies the application,
and finally raises the signal again (exit code 143). Here the application is notified first: running
turns can end while the health check already reports the shutdown. The process then exits with code
0. A second signal exits at once.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import uvicorn

#: Wanted limit of open files and sockets of the process.
_MAX_OPEN_FILES: Final = 65_536


def allow_many_connections() -> None:
    """Raise the soft limit of open files, up to the hard limit.

    Shells and service managers start processes with a limit of 1,024, for programs that use
    `select`. A running answer needs two sockets: to the client and to the provider.
    """
    if sys.platform == "win32":
        return
    import resource  # does not exist on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # macOS has another limit below the hard one
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Server(uvicorn.Server):
    """Awaits `drain` after the first signal, before the listener is closed."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        drain: Callable[[], Awaitable[None]],
        announce: Callable[[str], None],
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce the server's address."""
        await super().startup(sockets)
        if self.started:
            self._announce(self._address())

    def _address(self) -> str:
        if self.config.uds:
            return f"unix:{self.config.uds}"
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running answers end, then close the listener."""
        await self._drain()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals while the server runs. Unlike uvicorn, do not raise them again."""
        taken = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as `nohup` sets it
            taken.append(signal.SIGHUP)
        before = {number: signal.signal(number, self.handle_exit) for number in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Shut down on the first signal; exit at once on the second."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True
