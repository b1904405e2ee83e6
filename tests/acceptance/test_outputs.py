"""A log that nobody reads, outputs that are full or closed, and signals at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.acceptance.faults.fleet import until
from tests.acceptance.server import COMMAND, SECRET, ServerProcess


def with_stderr(descriptor: int) -> tuple[str, ...]:
    """The command of a server whose stderr is an open file of this process."""
    return ("/bin/sh", "-c", f'exec "$0" "$@" 2>/proc/{os.getpid()}/fd/{descriptor}', *COMMAND)


async def test_a_log_that_nobody_reads_stops_nothing_and_comes_whole_when_it_is_read(
    database_url: str,
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    async with ServerProcess(
        DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET, command=with_stderr(writing)
    ) as server:
        token = server.jwt("ada")
        path = "/api/tasks/" + "x" * 4000
        for _ in range(40):  # more than a pipe holds
            async with asyncio.timeout(30):
                assert (await server.get(path, token)).status_code == 404
        read = b""
        while b"GET /api/tasks 200" not in read:
            try:
                read += os.read(reading, 2**20)
            except BlockingIOError:
                assert (await server.get("/api/tasks", token)).status_code == 200
        assert read.count(path.encode()) == 40
    os.close(reading)
    os.close(writing)


async def test_a_log_whose_reader_has_gone_stops_nothing(database_url: str) -> None:
    reading, writing = os.pipe()
    async with ServerProcess(
        DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET, command=with_stderr(writing)
    ) as server:
        os.close(writing)
        os.close(reading)
        for _ in range(3):
            assert (await server.get("/api/tasks", server.jwt("ada"))).status_code == 200
        assert await server.stop() == 0


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-", "2>/dev/full"])
async def test_a_start_whose_output_cannot_be_written_serves_all_the_same(
    database_url: str, redirection: str
) -> None:
    with tempfile.TemporaryDirectory() as place:
        uds = Path(place, "s")
        command = ("/bin/sh", "-c", f'exec "$0" "$@" {redirection}', *COMMAND)
        server = ServerProcess(
            DATABASE_URL=database_url, GUESTS="off", UDS=str(uds), command=command, uds=uds
        )
        async with aclosing(server):
            await until(uds.exists, 30)
            assert (await server.get("/api/chatkit/health")).status_code == 200
            assert await server.stop() == 0


@pytest.fixture(autouse=True)
def _with_a_terminal() -> Iterator[None]:
    """What starts the tests may ignore SIGHUP, as `nohup` does; programs inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_in_the_first_second_ends_the_start_without_a_word(
    database_url: str, number: signal.Signals
) -> None:
    for delay_s in (0.15, 0.3, 0.6):
        server = ServerProcess(DATABASE_URL=database_url, GUESTS="off")
        async with aclosing(server):
            await asyncio.sleep(delay_s)
            assert await server.stop(number) in (0, -number)
            assert "Traceback" not in server.stderr


async def test_a_lost_terminal_stops_the_server_cleanly(database_url: str) -> None:
    async with ServerProcess(DATABASE_URL=database_url, GUESTS="off") as server:
        assert await server.stop(signal.SIGHUP) == 0


async def test_a_server_that_is_to_outlive_its_terminal_does(database_url: str) -> None:
    command = ("/bin/sh", "-c", 'trap "" HUP; exec "$0" "$@"', *COMMAND)
    async with ServerProcess(DATABASE_URL=database_url, GUESTS="off", command=command) as server:
        os.kill(server.pid, signal.SIGHUP)
        assert (await server.get("/api/chatkit/health")).status_code == 200
