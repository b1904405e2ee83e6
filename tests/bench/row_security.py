"""What row-level security would cost: a thread and a page of it, read with it and without.

    python -m tests.bench.row_security --rounds 3000

Starts an embedded PostgreSQL with 200 users of 100 items each, and reads in turns: as the server
does; under a policy whose user was told to the connection beforehand, which is the policy's own
cost; and under it with the user told in each read's transaction, as a pool that everybody shares
has to. Prints the median of each in microseconds, and how far it is above the first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median

import asyncpg
import uvloop

from store.embedded import start_embedded
from store.migrate import apply_schema
from store.postgres import Database
from store.sql import load
from tests.conftest import reachable_directory

_FILL = """
WITH thread AS (
    INSERT INTO threads (user_id, id)
    SELECT 'user' || number, 'thr_' || number FROM generate_series(1, 200) AS number
    RETURNING user_id, id
)
INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
SELECT user_id, id, 'msg_' || number, 'trn_1', 'user_message', '{"content": []}', false, now()
  FROM thread, generate_series(1, 100) AS number
"""
_POLICIES = "".join(
    f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
    f"CREATE POLICY own ON {table} USING (user_id = current_setting('chatkit.user_id', true));"
    for table in ("threads", "items")
)
_TELL = "SELECT set_config('chatkit.user_id', $1, $2)"
_SQL = load("threads")

Read = Callable[[asyncpg.Connection], Awaitable[None]]


async def _told(connection: asyncpg.Connection, read: Read) -> None:
    async with connection.transaction():
        await connection.fetchval(_TELL, "user7", True)
        await read(connection)


async def _one_thread(connection: asyncpg.Connection) -> None:
    assert await connection.fetchrow(_SQL["find_thread"], "user7", "thr_7") is not None


async def _page(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(_SQL["list_items_asc"], "user7", "thr_7", None, 21)
    assert len(rows) == 21


async def _filled(dsn: str, more: str = "") -> None:
    database = await Database.connect(dsn, max_connections=1)
    await apply_schema(database)
    await database.execute(_FILL)
    await database.execute(f"ANALYZE; {more}")
    await database.close()


async def _measure(rounds: int) -> None:
    with reachable_directory() as place:
        server = await start_embedded(place / "data", note=print)
        walled_dsn = server.dsn.replace("/chatkit?", "/walled?")
        plain = await asyncpg.connect(server.dsn)
        await plain.execute("CREATE DATABASE walled")
        await _filled(server.dsn)
        await _filled(walled_dsn, _POLICIES)
        told, walled = [await asyncpg.connect(walled_dsn) for _ in range(2)]
        await told.fetchval(_TELL, "user7", False)
        for name, read in (("one thread", _one_thread), ("a page of 20 items", _page)):
            print(name)
            await _compare(
                {
                    "as it is": partial(read, plain),
                    "with a policy": partial(read, told),
                    "and the user told each time": partial(_told, walled, read),
                },
                rounds,
            )
        for connection in (plain, told, walled):
            await connection.close()
        await server.stop()


async def _compare(ways: dict[str, Callable[[], Awaitable[None]]], rounds: int) -> None:
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, go in ways.items():
            began = time.perf_counter()
            await go()
            spent[name].append(time.perf_counter() - began)
    first = median(spent["as it is"])
    for name, seconds in spent.items():
        middle = median(seconds)
        print(f"  {name:28} {middle * 1e6:6.0f} us  {100 * (middle / first - 1):+4.0f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.row_security")
    parser.add_argument("--rounds", type=int, default=3000)
    uvloop.run(_measure(parser.parse_args().rounds))
