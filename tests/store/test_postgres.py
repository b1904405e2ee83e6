"""Connecting: every spelling of a DSN, and a sentence for each that does not work."""

from __future__ import annotations

import asyncio

import pytest

from chatkit.protocol.errors import Unavailable
from store import postgres
from store.embedded import EmbeddedPostgres
from store.migrate import VERSION, apply_schema
from store.postgres import ConnectError, Database, clean_dsn
from tests.acceptance.proxy import postgres_proxy


@pytest.mark.parametrize(
    ("given", "cleaned", "pooled"),
    [
        ("postgres://u:p@h/db", "postgresql://u:p@h/db", False),
        ("postgresql://u:p%40x@h:5433/db", "postgresql://u:p%40x@h:5433/db", False),
        (
            "postgresql://u@/db?host=/run/postgresql",
            "postgresql://u@/db?host=%2Frun%2Fpostgresql",
            False,
        ),
        ("postgresql:///db", "postgresql:///db", False),
        (
            "postgresql://u:p@ep-x-pooler.eu.neon.tech/db?sslmode=require&channel_binding=require",
            "postgresql://u:p@ep-x-pooler.eu.neon.tech/db?sslmode=require",
            True,
        ),
        (
            "postgresql://u:p@aws.pooler.supabase.com:6543/db?pgbouncer=true",
            "postgresql://u:p@aws.pooler.supabase.com:6543/db",
            True,
        ),
        (
            "postgresql://u:p@h/db?options=-c%20search_path%3Dx",
            "postgresql://u:p@h/db?options=-c%20search_path%3Dx",
            False,
        ),
    ],
)
def test_a_dsn_is_cleaned_for_the_driver_and_a_pooler_is_known(
    given: str, cleaned: str, pooled: bool
) -> None:
    assert clean_dsn(given) == (cleaned, pooled)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("chatkit:", "nobody:"), "refused the user or the password"),
        (("/test_", "/missing_"), "no database of that name"),
        (("host=", "host=/nowhere"), "cannot be reached"),
        (("port=5432", "port=x"), "not a valid PostgreSQL URL"),
    ],
)
async def test_a_database_that_cannot_be_used_is_one_sentence_without_the_password(
    database_url: str, change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(ConnectError) as raised:
        await Database.connect(database_url.replace(*change))
    message = str(raised.value)
    assert message.startswith("DATABASE_URL: cannot connect: ")
    assert reason in message
    assert database_url.split(":")[2].split("@")[0] not in message


async def test_a_database_that_goes_away_is_unavailable_and_comes_back(
    database_url: str, postgres_server: EmbeddedPostgres
) -> None:
    database = await Database.connect(database_url)
    other = await Database.connect(database_url)
    try:
        victim = await database.fetchval("SELECT pg_backend_pid()")
        sleeping = asyncio.create_task(database.fetchval("SELECT pg_sleep(30)"))
        query = "SELECT wait_event FROM pg_stat_activity WHERE pid = $1"
        async with asyncio.timeout(30):
            while await other.fetchval(query, victim) != "PgSleep":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await other.execute("SELECT pg_terminate_backend($1)", victim)
        with pytest.raises(Unavailable):
            await sleeping
        assert await database.fetchval("SELECT 1") == 1
    finally:
        await database.close()
        await other.close()


async def test_a_machine_lost_in_a_transaction_does_not_keep_its_locks(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "TRANSACTION_IDLE_S", 1)
    other = await Database.connect(database_url)
    await other.execute("INSERT INTO schema_version (version) VALUES (1)")
    update = "UPDATE schema_version SET version = version"
    async with postgres_proxy(database_url) as (proxy, proxied_url):
        lost = await Database.connect(proxied_url)
        async with lost.acquire() as connection:
            await connection.execute("BEGIN")
            assert await connection.execute(update) == "UPDATE 1"
            proxy.freeze()
            await other.execute(update)
        await lost.close()
    await other.close()


async def test_servers_that_start_together_make_one_schema(database_url: str) -> None:
    databases = await asyncio.gather(*(Database.connect(database_url) for _ in range(4)))
    try:
        await databases[0].execute("DROP OWNED BY CURRENT_USER CASCADE")
        await databases[0].execute("CREATE SCHEMA IF NOT EXISTS public")
        await asyncio.gather(*(apply_schema(database) for database in databases))
        assert await databases[0].fetchval("SELECT version FROM schema_version") == VERSION
        assert await databases[0].fetchval("SELECT count(*) FROM threads") == 0
    finally:
        for database in databases:
            await database.close()
