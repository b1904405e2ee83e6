"""The schema of a release: made at once, or by migrations from version 1. Both are the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from store.embedded import EmbeddedPostgres
from store.migrate import MIGRATIONS, VERSION, SchemaError, apply_schema, load_migrations
from store.postgres import Database
from tests.conftest import fresh_database
from tests.store.recount import check_amounts

#: schema.sql as it was in release 1.0; never changed.
_FIRST: Final = Path(__file__).with_name("schema_1_0.sql")

#: What the catalogs of PostgreSQL hold of a schema: one query for each kind of object. The order of
#: columns in a table does not matter, since each statement names its columns.
_CATALOGS: Final = {
    "tables": """
        SELECT c.relname, c.relkind, c.relpersistence, c.reloptions
          FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace""",
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
               a.attidentity, a.attgenerated, a.attstorage, pg_get_expr(d.adbin, d.adrelid) AS value
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text AS table, conname, convalidated, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'""",
}


async def catalogs(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    """Every object of the schema, by kind."""
    found = {}
    for kind, query in _CATALOGS.items():
        rows = await database.fetch(query)
        found[kind] = {tuple(map(str, row.values())) for row in rows}
    return found


@pytest.fixture
async def first(database: Database) -> Database:
    """A database that release 1.0 made, with a user's running turn."""
    await database.execute("DROP SCHEMA public CASCADE")
    await database.execute("CREATE SCHEMA public")
    await database.execute(_FIRST.read_text(encoding="utf-8"))
    await database.execute("INSERT INTO schema_version (version) VALUES (1)")
    await database.execute("INSERT INTO threads (user_id, id) VALUES ('ada', 'thr_1')")
    await begin_as_in_1_0(database, "trn_1")
    return database


async def begin_as_in_1_0(database: Database, turn_id: str) -> None:
    """Begin a turn with the columns that release 1.0 knows."""
    await database.execute(
        "INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)"
        " VALUES ('ada', $1, 'thr_1', 'msg_1', false, 'one', now(), 'm')",
        turn_id,
    )


@pytest.fixture
async def fresh(postgres_server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database that this release made."""
    async with fresh_database(postgres_server) as dsn:
        database = await Database.connect(dsn)
        await database.execute("DROP SCHEMA public CASCADE")
        await database.execute("CREATE SCHEMA public")
        await apply_schema(database)
        yield database
        await database.close()


async def test_the_migrations_lead_from_the_first_schema_to_that_of_this_release(
    first: Database, fresh: Database
) -> None:
    await apply_schema(first)
    migrated, made = await catalogs(first), await catalogs(fresh)
    for kind in _CATALOGS:
        assert made[kind]
        assert migrated[kind] ^ made[kind] == set(), kind


async def test_rows_of_a_former_release_are_kept_and_it_goes_on_meanwhile(first: Database) -> None:
    await apply_schema(first)
    await first.execute("UPDATE turns SET state = 'done', finished_at = now()")
    await begin_as_in_1_0(first, "trn_2")
    rows = await first.fetch("SELECT id, state, language FROM turns ORDER BY id")
    assert [tuple(row) for row in rows] == [("trn_1", "done", "en"), ("trn_2", "running", "en")]


async def test_what_is_stored_already_is_counted(first: Database) -> None:
    await first.execute(
        "INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)"
        " VALUES ('ada', 'thr_1', 'msg_1', 'trn_1', 'end_of_turn', '{\"a\": 1}', false, now())"
    )
    insert = "INSERT INTO tasks (user_id, id, title, tags) VALUES ($1, gen_random_uuid(), 'é', $2)"
    for user in ("ada", "ben"):
        await first.execute(insert, user, ["a", "b c"])
    await apply_schema(first)
    await check_amounts(first)
    await first.execute(insert, "ben", [])  # the former release, which goes on
    await check_amounts(first)


async def test_servers_that_start_together_migrate_once(first: Database, database_url: str) -> None:
    other = await Database.connect(database_url)
    try:
        await asyncio.gather(*(apply_schema(each) for each in (first, other, first)))
    finally:
        await other.close()
    assert await first.fetchval("SELECT version FROM schema_version") == VERSION


async def test_a_migration_that_fails_leaves_the_database_as_it_was(first: Database) -> None:
    await first.execute("ALTER TABLE turns ADD COLUMN language text")
    before = await catalogs(first)
    with pytest.raises(asyncpg.DuplicateColumnError):
        await apply_schema(first)
    assert await first.fetchval("SELECT version FROM schema_version") == 1
    assert await catalogs(first) == before


async def test_the_schema_of_a_newer_release_stops_the_start(fresh: Database) -> None:
    await fresh.execute("UPDATE schema_version SET version = version + 1")
    with pytest.raises(SchemaError, match="newer release"):
        await apply_schema(fresh)


def test_migrations_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("0003_b.sql", "0002_a.sql"):
        (tmp_path / name).write_text(f"-- {name}", encoding="utf-8")
    assert load_migrations(tmp_path) == {2: "-- 0002_a.sql", 3: "-- 0003_b.sql"}
    assert [*MIGRATIONS] == [*range(2, VERSION + 1)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["0001_a.sql"], "0001_a.sql: the next migration must be named 0002_subject.sql"),
        (["0002_a.sql", "0002_b.sql"], "0002_b.sql: the next migration must be named 0003_"),
        (["0002_a.sql", "0004_b.sql"], "0004_b.sql: the next migration must be named 0003_"),
        (["2_a.sql"], "2_a.sql: the next migration must be named 0002_subject.sql"),
        (["0002_a.txt"], "0002_a.txt: the next migration must be named 0002_subject.sql"),
    ],
)
def test_a_misnamed_migration_is_refused(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        load_migrations(tmp_path)
