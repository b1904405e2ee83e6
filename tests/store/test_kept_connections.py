"""The connections that are kept in hand between statements: reused, shared, and never stale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from chatkit.protocol.errors import Unavailable
from store import postgres
from store.postgres import Database

BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.connect(database_url, max_connections=2)
    yield opened
    await opened.close()


async def test_statements_in_a_row_meet_the_same_connection(database: Database) -> None:
    first = await database.fetchval(BACKEND)
    async with database.acquire() as connection:
        assert await connection.fetchval(BACKEND) == first
    assert await database.fetchval(BACKEND) == first


async def test_more_statements_than_connections_are_all_answered(database: Database) -> None:
    async def one(number: int) -> int:
        value: int = await database.fetchval("SELECT $1::int FROM pg_sleep(0.01)", number)
        return value

    async with asyncio.timeout(30):
        assert await asyncio.gather(*(one(number) for number in range(40))) == list(range(40))
        async with database.acquire() as one_of_two, database.acquire() as other:
            assert await one_of_two.fetchval(BACKEND) != await other.fetchval(BACKEND)


async def test_who_waits_gets_the_connection_before_it_is_kept(database: Database) -> None:
    async with asyncio.timeout(30):
        async with database.acquire(), database.acquire():
            waiting = asyncio.create_task(database.fetchval("SELECT 1"))
            await asyncio.sleep(0)
            assert not waiting.done()
        assert await waiting == 1


async def test_an_urgent_statement_does_not_wait_for_the_others(database: Database) -> None:
    async with asyncio.timeout(30):
        async with database.acquire(), database.acquire():
            waiting = asyncio.create_task(database.fetchval("SELECT 1"))
            assert await database.fetchval("SELECT 2", urgent=True) == 2
            assert not waiting.done()
        assert await waiting == 1


async def test_who_gives_up_waiting_leaves_the_connection_to_the_next(database: Database) -> None:
    async with asyncio.timeout(30):
        async with database.acquire(), database.acquire():
            first, second = (asyncio.create_task(database.fetchval("SELECT 1")) for _ in "12")
            await asyncio.sleep(0)
            first.cancel()
        assert await second == 1
        with pytest.raises(asyncio.CancelledError):
            await first
        async with database.acquire(), database.acquire():
            pass


@pytest.fixture
async def few_database(database_url: str) -> AsyncIterator[Database]:
    """Of a database that allows two connections, one of them in other hands."""
    opened, admin = await Database.connect(database_url), await asyncpg.connect(database_url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 2")
    await admin.close()
    other = await asyncpg.connect(database_url)
    yield opened
    await opened.close()
    await other.close()


async def test_when_the_database_refuses_connections_those_that_work_are_waited_for(
    few_database: Database,
) -> None:
    query = "SELECT $1::int FROM pg_sleep(0.01)"
    async with asyncio.timeout(30):
        numbers = range(100)
        asked = (few_database.fetchval(query, number) for number in numbers)
        assert await asyncio.gather(*asked) == list(numbers)
        async with few_database.acquire():
            waiting = asyncio.create_task(few_database.fetchval("SELECT 1", urgent=True))
            await asyncio.sleep(0)
            assert not waiting.done()
        assert await waiting == 1
        assert few_database.refuses_connections


async def test_a_connection_that_the_server_ended_is_not_used_again(
    database: Database, database_url: str
) -> None:
    backend = await database.fetchval(BACKEND)
    admin = await asyncpg.connect(database_url)
    try:
        assert await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", backend)
    finally:
        await admin.close()
    assert await database.fetchval(BACKEND) != backend


async def test_a_connection_that_was_unused_for_long_is_opened_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = await database.fetchval(BACKEND)
    monkeypatch.setattr(postgres, "KEEP_S", 0.0)
    assert await database.fetchval(BACKEND) != backend


async def test_after_a_cancelled_statement_the_next_one_gets_its_own_answer(
    database: Database,
) -> None:
    for _ in range(4):
        slow = asyncio.create_task(database.fetchval("SELECT 'slow' FROM pg_sleep(30)"))
        await asyncio.sleep(0.02)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        async with asyncio.timeout(30):
            assert await database.fetchval("SELECT 'next'") == "next"


async def test_after_a_refused_statement_the_connection_is_as_good_as_before(
    database: Database,
) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.execute("SELECT * FROM nowhere")
    assert await database.fetchval("SELECT 1") == 1


async def test_a_closed_database_is_unavailable(database: Database) -> None:
    assert await database.fetchval("SELECT 1") == 1
    await database.close()
    with pytest.raises(Unavailable):
        await database.fetchval("SELECT 1")
