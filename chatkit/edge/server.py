"""uvicorn's server, with the shutdown that running answers need.

uvicorn closes its listener at once on a signal, waits for open streams before it tells the
application, and ends by raising the signal again (exit code 143). Here the application is told
first, so that running turns can end while health already says that we are going; the process
then ends with code 0, and a second signal ends it at once.
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

#: Most files and sockets that the process may have open, where the system lets it.
_MOST_OPEN: Final = 65_536


def allow_many_connections() -> None:
    """Raise the soft limit of open files; the hard one is the operator's.

    Shells and service managers start processes with 1,024, for the sake of programs that call
    `select`. An answer under way takes two: the client's connection and the provider's.
    """
    if sys.platform == "win32":
        return
    import resource  # not there on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_OPEN if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # macOS has a limit of its own below the hard one
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Server(uvicorn.Server):
    """Runs `drain` between the first signal and the end of the listener."""

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
        """Start, and then tell where the server listens."""
        await super().startup(sockets)
        if self.started:
            self._announce(self._address())

    def _address(self) -> str:
        if self.config.uds:
            return f"unix:{self.config.uds}"
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers end, then close."""
        await self._drain()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take the signals while the server runs; they are not raised again afterwards."""
        taken = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """The first signal asks for an orderly end, the second is one."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True
