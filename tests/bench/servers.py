"""What is measured: the server, the official parts and the floor, each as one process on a database
of its own in one PostgreSQL, and the model server that all of them ask."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import jwt

from store.embedded import start_embedded
from tests.bench.client import Connection

ROOT: Final = Path(__file__).parents[2]
_HERE: Final = Path(__file__).parent
_OFFICIAL: Final = _HERE / "official"
_START_S: Final = 60.0
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
#: Variables that a server must not take from the machine.
_FOREIGN: Final = ("BETTER_AUTH_", "AUTH_", "MODEL", "GUESTS", "MCP_SERVERS", "UDS", "HOST", "PORT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A server to measure. `command` gets the port as its last word, or as PORT."""

    name: str
    command: Sequence[str]
    directory: Path = ROOT
    has_tools: bool = True


def kinds(official_python: Path | None) -> list[Kind]:
    """All of them, ours first; the official parts only where there is an environment for them."""
    found = [Kind(name="ours", command=(sys.executable, "app.py"))]
    if official_python is not None:
        command = (str(official_python), "server.py")
        found.append(Kind(name="official", command=command, directory=_OFFICIAL))
    floor = (sys.executable, "-m", "tests.bench.floor")
    return [*found, Kind(name="floor", command=floor, has_tools=False)]


class Running:
    """A server that answers."""

    def __init__(self, kind: Kind, process: asyncio.subprocess.Process, port: int) -> None:
        self.kind = kind
        self.base = f"http://127.0.0.1:{port}"
        self.ready_s = 0.0
        self._process = process
        self._secret = ""

    def cpu_s(self) -> float:
        """User and system time of the process so far (proc(5): fields 14 and 15 of stat)."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S

    def resident_mb(self) -> float:
        """Resident memory of the process, in MB."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"{self.kind.name} is gone")

    async def stop(self) -> None:
        """End it by SIGTERM, and by force when that takes long."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(15):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all servers stand on."""

    dsn: str
    model_base: str
    secret: str

    def token(self, user_id: str) -> str:
        """A token that every server takes."""
        claims = {"sub": user_id, "exp": int(time.time()) + 24 * 3600}
        return jwt.encode(claims, self.secret, algorithm="HS256")

    async def start(self, kind: Kind) -> Running:
        """Start a server on its database, and wait until it is ready."""
        port = _free_port()
        environ = {
            "DATABASE_URL": self.dsn.replace("/chatkit?", f"/{kind.name}?"),
            "PORT": str(port),
            "MODEL": "openai/scripted",
            # The usual parts ask for no titles.
            "TITLE_MODEL": "demo/tasks",
            "MODEL_API_BASE": self.model_base,
            "MODEL_API_KEY": "none",
            "BETTER_AUTH_SECRET": self.secret,
            "SECRET": self.secret,
            # Kept at work, but out of the way: a load is more than one person may send.
            "RATE_LIMIT_USER": "1000000/minute",
            "RATE_LIMIT_IP": "1000000/minute",
            "MAX_TURNS_PER_USER": "1000",
            "LOG_LEVEL": "warning",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # the official parts would ask the network
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
        }
        words = kind.command if kind.name == "ours" else (*kind.command, str(port))
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *words, cwd=kind.directory, env=_clean(environ), stdout=subprocess.DEVNULL
        )
        running = Running(kind, process, port)
        try:
            async with asyncio.timeout(_START_S):
                await _ready(process, running.base)
        except BaseException:
            await running.stop()
            raise
        running.ready_s = time.monotonic() - began
        return running


@asynccontextmanager
async def ground(names: Sequence[str]) -> AsyncIterator[Ground]:
    """One PostgreSQL with a database for each name, and the model server."""
    place = _reachable_directory()
    postgres = await start_embedded(place / "data", note=print)
    try:
        admin = await asyncpg.connect(postgres.dsn)
        for name in names:
            await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        port = _free_port()
        model = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.model", str(port), cwd=ROOT
        )
        try:
            async with asyncio.timeout(_START_S):
                await _listening(model, port)
            base = f"http://127.0.0.1:{port}/v1"
            yield Ground(dsn=postgres.dsn, model_base=base, secret=secrets.token_hex(32))
        finally:
            model.terminate()
            await model.wait()
    finally:
        await postgres.stop()
        shutil.rmtree(place, ignore_errors=True)


def _reachable_directory() -> Path:
    """A fresh one that PostgreSQL's unprivileged user can enter."""
    place = Path(tempfile.mkdtemp(prefix="chatkit-bench-"))
    place.chmod(0o711)
    return place


def official_environment(cache: Path) -> Path:
    """The Python of the official parts' environment under `cache`, made when it is missing."""
    requirements = _OFFICIAL / "requirements.txt"
    mark = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = cache / f"official-{mark}"
    python = place / "bin" / "python"
    done = place / "complete"
    if not done.exists():
        print(f"making the environment of the official parts in {place}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)]
        subprocess.run(install, check=True)
        done.touch()
    return python


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(_FOREIGN)}
    return {n: v for n, v in inherited.items() if not n.endswith("_API_KEY")} | dict(environ)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _listening(process: asyncio.subprocess.Process, port: int) -> Connection:
    """A connection to a port as soon as somebody listens there."""
    while True:
        if process.returncode is not None:
            raise RuntimeError(f"a process ended with code {process.returncode} before it listened")
        try:
            return await Connection.open(f"http://127.0.0.1:{port}")
        except OSError:
            await asyncio.sleep(0.005)


async def _ready(process: asyncio.subprocess.Process, base: str) -> None:
    connection: Any = await _listening(process, int(base.rpartition(":")[2]))
    while True:
        if (await connection.request("GET", "/api/chatkit/health")).status == 200:
            break
        await asyncio.sleep(0.005)
    connection.close()
