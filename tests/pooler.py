"""A real PgBouncer before a test's database, as Debian packages it.

with PgBouncer(database_url) as pooler:
    ...  # connect to pooler.url
    pooler.restart()
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import parse_qs, urlsplit

from tests.conftest import reachable_directory

PoolMode = Literal["session", "transaction", "statement"]

_CONFIG: Final = """
[databases]
pooled = host={host} port={port} dbname={database} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {in_turn:d}
"""
_START_S: Final = 10.0


class PgBouncer:
    """One process with `size` connections to the server for all of its clients.

    It lends the one that was used last, or all of them `in_turn`.
    """

    def __init__(
        self,
        database_url: str,
        mode: PoolMode = "transaction",
        *,
        size: int = 3,
        in_turn: bool = False,
    ) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None, "this test needs PgBouncer: apt-get install pgbouncer"
        self._program = program
        parts = urlsplit(database_url)
        place = parse_qs(parts.query)
        # The real path: PgBouncer is another user, to whom our open files are closed.
        socket_dir = Path(place["host"][0]).resolve()
        self._owner = socket_dir.stat().st_uid
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._listen = free.getsockname()[1]
        self._settings = {
            "host": socket_dir,
            "port": place["port"][0],
            "database": parts.path.lstrip("/"),
            "user": parts.username,
            "password": parts.password,
            "listen": self._listen,
            "mode": mode,
            "size": size,
            "in_turn": in_turn,
        }
        #: Plain: nothing in it says that a pooler answers.
        self.url = f"postgresql://any@127.0.0.1:{self._listen}/pooled"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = self._stack.enter_context(reachable_directory())
        self._config, self._log = folder / "pgbouncer.ini", folder / "log"
        self._write()
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        self._stack.close()

    def restart(self) -> None:
        """Drop every connection and start anew on the same port."""
        self._stop()
        self._start()

    def switch(self, mode: PoolMode) -> None:
        """Change the mode under the connections that are open, once in its life."""
        self._settings["mode"] = mode
        self._write()
        self._process.send_signal(signal.SIGHUP)
        give_up = time.monotonic() + _START_S
        while "SIGHUP" not in self._log.read_text(encoding="utf-8"):
            assert time.monotonic() < give_up, "PgBouncer does not read its configuration"
            time.sleep(0.01)

    def _write(self) -> None:
        self._config.write_text(_CONFIG.format(**self._settings), encoding="utf-8")
        os.chown(self._config, self._owner, -1)

    def _start(self) -> None:
        user = ["-u", pwd.getpwuid(self._owner).pw_name] if os.geteuid() == 0 else []
        command = [self._program, *user, str(self._config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log)
        give_up = time.monotonic() + _START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._listen)).close()
            except OSError:
                assert self._process.poll() is None, "PgBouncer did not start"
                assert time.monotonic() < give_up, "PgBouncer does not listen"
                time.sleep(0.02)
            else:
                return

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait(5)
