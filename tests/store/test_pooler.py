"""Behind a real transaction pooler, where each transaction may meet another server connection."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from asyncpg.pool import PoolConnectionProxy

from chatkit.answer.leases import NewTurn
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.paging import Cursor
from chatkit.todo.tasks import TaskDraft
from store.migrate import apply_schema
from store.postgres import Database
from store.tasks import Tasks
from store.threads import Threads
from store.turns import StoredTurns
from tests.engine.conftest import new_key
from tests.fakes import START
from tests.pooler import PgBouncer

FOUND = "the statement cache is off"
KEPT = "SELECT count(*) FROM pg_prepared_statements"
SERVER_CONNECTIONS = 4


@asynccontextmanager
async def connected(url: str, *, most: int = 16) -> AsyncIterator[Database]:
    database = await Database.connect(url, max_connections=most)
    try:
        yield database
    finally:
        await database.close()


def times_found(caplog: pytest.LogCaptureFixture) -> int:
    return sum(FOUND in message for message in caplog.messages)


@pytest.mark.parametrize("hint", ["", "?pgbouncer=true"])
async def test_everything_works_behind_a_transaction_pooler(hint: str, database_url: str) -> None:
    with PgBouncer(database_url) as pooler:
        async with connected(pooler.url + hint) as database:
            await apply_schema(database)
            tasks, threads = Tasks(database), Threads(database)
            turns = StoredTurns(database, owner="one", lease_s=60)

            async def use(number: int) -> None:
                user_id = f"user{number}"
                task = await tasks.add(user_id, TaskDraft(title="Buy milk"))
                assert await tasks.get(user_id, task.id) == task
                message = UserMessage(content=(InputText(text="Hi"),))
                turn = NewTurn(
                    turn_id=f"t{number}", item_id="m", model="m", language="en", key=new_key()
                )
                await turns.begin_thread(user_id, f"thr_{number}", turn, message, START)
                loaded = await threads.load(user_id, f"thr_{number}", Cursor())
                assert loaded.answering
                assert len(loaded.items.data) == 1

            for _ in range(3):
                await database.execute("DELETE FROM threads WHERE user_id LIKE 'user%'")
                await asyncio.gather(*(use(number) for number in range(20)))


async def test_clients_that_give_up_disturb_nobody_behind_a_pooler(database_url: str) -> None:
    with PgBouncer(database_url) as pooler:
        async with connected(pooler.url) as database, connected(pooler.url) as other:

            async def use(place: Database, number: int) -> None:
                for turn in range(10):
                    slow = asyncio.create_task(
                        place.fetchval("SELECT $1::int FROM pg_sleep(0.02)", number)
                    )
                    await asyncio.sleep(0.004 * (turn % 5))
                    slow.cancel()
                    assert await place.fetchval("SELECT $1::text || $2", "a", "b") == "ab"
                    async with place.acquire() as connection, connection.transaction():
                        await connection.execute("SELECT pg_advisory_xact_lock($1)", number % 3)
                        backend = await connection.fetchval("SELECT pg_backend_pid()")
                        assert await connection.fetchval("SELECT pg_backend_pid()") == backend

            await asyncio.gather(
                *(use(place, number) for number in range(25) for place in (database, other))
            )
            locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            assert await database.fetchval(locks) == 0


@pytest.mark.parametrize("in_turn", [False, True])
async def test_a_transaction_pooler_is_found_behind_a_plain_url(
    in_turn: bool, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with PgBouncer(database_url, size=SERVER_CONNECTIONS, in_turn=in_turn) as pooler:
        async with connected(f"{pooler.url}?pgbouncer=true") as earlier, all_in_use(earlier):
            pass
        async with connected(pooler.url) as database:
            assert times_found(caplog) == 1
            assert [await database.fetchval(KEPT) for _ in range(3)] == [0, 0, 0]


@asynccontextmanager
async def all_in_use(database: Database) -> AsyncIterator[list[PoolConnectionProxy]]:
    """As many open transactions as the pooler has connections to the server."""
    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(SERVER_CONNECTIONS):
            connections.append(await stack.enter_async_context(database.acquire()))
            await stack.enter_async_context(connections[-1].transaction())
        yield connections


async def test_statements_are_kept_on_a_server_and_behind_a_pooler_of_sessions(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with PgBouncer(database_url, "session", size=6) as pooler:
        for url in (database_url, pooler.url):
            async with connected(url) as database:
                assert [await database.fetchval(KEPT) for _ in range(3)] == [1, 1, 1]
    assert times_found(caplog) == 0


async def test_a_pooler_of_sessions_with_too_few_connections_is_used_without_the_cache(
    database_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.poolers._PROBE_S", 0.3)
    with PgBouncer(database_url, "session", size=2) as pooler:
        async with connected(pooler.url, most=1) as database:
            assert await database.fetchval(KEPT) == 0
    assert times_found(caplog) == 1


async def test_a_pooler_that_begins_to_share_while_it_is_used_is_found_then(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with PgBouncer(database_url, "session", size=6) as pooler:
        async with connected(pooler.url, most=4) as database:

            async def echo(number: int) -> int:
                value: int = await database.fetchval("SELECT $1::int", number)
                return value

            async def all_echoed() -> bool:
                return await asyncio.gather(*map(echo, range(12))) == list(range(12))

            assert await all_echoed()
            pooler.switch("transaction")
            async with asyncio.timeout(30):
                while not times_found(caplog):
                    assert await all_echoed()
            for _ in range(10):
                assert await all_echoed()
    assert times_found(caplog) == 1


async def test_a_transaction_under_way_when_a_pooler_is_found_is_unavailable_once(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with PgBouncer(database_url, "session", size=6) as pooler:
        async with connected(pooler.url, most=2) as database:
            await database.execute("CREATE TABLE added (number int)")
            stored: list[int] = []

            async def add_two() -> None:
                async with database.acquire() as one, database.acquire() as other:
                    # The pooler now lends what `other` has used last to `one`.
                    await one.execute("SELECT 1")
                    await other.execute("SELECT 1")
                    async with one.transaction(), other.transaction():
                        number = len(stored)
                        await one.execute("INSERT INTO added VALUES ($1)", number)
                        await other.execute("INSERT INTO added VALUES ($1)", number + 1)
                    stored.extend((number, number + 1))

            await add_two()
            pooler.switch("transaction")
            with pytest.raises(Unavailable):
                await add_two()
            assert times_found(caplog) == 1
            for _ in range(20):
                await add_two()
            rows = await database.fetch("SELECT number FROM added ORDER BY number")
            assert [row["number"] for row in rows] == stored


async def test_a_connection_in_use_when_a_pooler_is_found_is_not_used_again(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    echo = "SELECT $1::int"
    with PgBouncer(database_url, "session", size=6) as pooler:
        async with connected(pooler.url, most=2) as database:
            async with database.acquire() as held:
                assert await held.fetchval(echo, 1) == 1
                assert await database.fetchval(echo, 2) == 2
                pooler.switch("transaction")
                assert await database.fetchval(echo, 3) == 3
                await held.execute("SELECT 1")  # the pooler lends what it has used to the next one
                assert await database.fetchval(echo, 4) == 4
                assert times_found(caplog) == 1
            async with database.acquire() as one, database.acquire() as other:
                for using, away in ((one, other), (other, one)):
                    async with away.transaction():  # holds the one that was used last
                        assert await using.fetchval(echo, 5) == 5


async def test_processes_never_use_the_same_name_for_two_statements(database_url: str) -> None:
    program = f"""
import asyncio
from store.postgres import Database

async def main():
    database = await Database.connect({database_url!r})
    print(await database.fetchval("SELECT name FROM pg_prepared_statements"))
    await database.close()

asyncio.run(main())
"""

    async def name() -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output

    assert await name() != await name()


async def test_no_setting_is_left_behind_on_a_connection_of_the_pooler(database_url: str) -> None:
    async with connected(database_url) as direct:
        name = await direct.fetchval("SELECT current_database()")
        await direct.execute(f"ALTER DATABASE {name} SET jit = on")
    with PgBouncer(database_url, size=SERVER_CONNECTIONS) as pooler:
        async with connected(pooler.url) as database:
            # Of types that the driver has to look up in the catalog, for which it sets JIT aside.
            await asyncio.gather(
                *(database.fetchval("SELECT $1::bool[]", [True]) for _ in range(50))
            )
            async with all_in_use(database) as connections:
                for connection in connections:
                    assert await connection.fetchval("SHOW jit") == "on"


async def test_after_a_restart_of_the_pooler_everything_is_as_before(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with PgBouncer(database_url) as pooler:
        async with connected(pooler.url) as database:
            await asyncio.gather(*(database.fetchval("SELECT 1") for _ in range(20)))
            await asyncio.to_thread(pooler.restart)
            for number in range(20):
                assert await database.fetchval("SELECT $1::int", number) == number
    assert times_found(caplog) == 1
