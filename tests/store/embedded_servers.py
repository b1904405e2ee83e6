"""The embedded PostgreSQL, run and asked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from store.embedded import EmbeddedPostgres, start_embedded

_ROOT = Path(__file__).parents[2]

# A server process of its own: prints PostgreSQL's pid and DSN, then waits to be killed.
_SERVER = """
    import asyncio, sys
    from pathlib import Path
    from store.embedded import start_embedded

    async def main():
        postgres = await start_embedded(Path(sys.argv[1]), note=print)
        print(postgres.pid, postgres.dsn, flush=True)
        await asyncio.sleep(60)

    asyncio.run(main())
"""


def unheard(sentence: str) -> None:
    raise AssertionError(f"unexpected note: {sentence}")


@asynccontextmanager
async def running(
    data_dir: Path, note: Callable[[str], None] = unheard
) -> AsyncIterator[EmbeddedPostgres]:
    postgres = await start_embedded(data_dir, note=note)
    try:
        yield postgres
    finally:
        await postgres.stop()


async def query(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what other processes do sets no event here
            await asyncio.sleep(0.01)


@contextmanager
def other_server(data_dir: Path, program: str = _SERVER) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), data_dir],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def first_line(process: subprocess.Popen[str]) -> list[str]:
    """The words that it prints first."""
    assert process.stdout is not None
    return process.stdout.readline().split()


def output(*command: str | Path) -> str:
    return subprocess.check_output(command, text=True)


def copy(source: Path, target: Path) -> None:
    """Copy files with their owners."""
    output("cp", "-a", source, target)
