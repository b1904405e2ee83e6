"""The audit log on a real database: it grows, it is not changed, and what is old goes."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from chatkit.access.audit import AuditEntry, AuditEvent
from store.audit import AuditLog
from store.embedded import EmbeddedPostgres
from store.migrate import apply_schema
from store.postgres import Database
from tests.edge.application import running
from tests.edge.calls import call

NOW = datetime.now(UTC)
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

_CHANGES = (
    "UPDATE audit_log SET outcome = 'x'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
)


def entry(user_id: str | None = "ada", *, days_ago: float = 0, times: int = 1) -> AuditEntry:
    return AuditEntry(
        at=NOW - timedelta(days=days_ago),
        user_id=user_id,
        event=AuditEvent("thread.delete", "thread", "thr_1"),
        client_ip="192.0.2.1",
        request_id="req1",
        outcome="ok",
        times=times,
    )


async def test_entries_are_kept_in_their_order(database: Database) -> None:
    await AuditLog(database).append([entry("b"), entry(None, times=7), entry("a")])
    rows = await database.fetch("SELECT * FROM audit_log ORDER BY id")
    assert [(row["user_id"], row["times"]) for row in rows] == [("b", 1), (None, 7), ("a", 1)]
    assert dict(rows[0]) == {
        "id": rows[0]["id"],
        "at": NOW,
        "user_id": "b",
        "action": "thread.delete",
        "target_kind": "thread",
        "target_id": "thr_1",
        "client_ip": "192.0.2.1",
        "request_id": "req1",
        "outcome": "ok",
        "times": 1,
        "detail": None,
    }


@pytest.mark.parametrize(
    "statement",
    [
        *_CHANGES,
        "INSERT INTO audit_log (id, at, action, outcome, times) OVERRIDING SYSTEM VALUE "
        "SELECT id, at, action, outcome, times FROM audit_log "
        "ON CONFLICT (id) DO UPDATE SET outcome = 'x'",
    ],
)
async def test_a_row_is_neither_changed_nor_deleted(database: Database, statement: str) -> None:
    await AuditLog(database).append([entry(days_ago=1000)])
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="neither changed nor deleted"):
        await database.execute(statement)
    assert await database.fetchval("SELECT outcome FROM audit_log") == "ok"


async def test_what_is_older_than_the_retention_goes(database: Database) -> None:
    log = AuditLog(database)
    await log.append([entry("old", days_ago=91), entry("young", days_ago=89)])
    await log.sweep(90)
    rows = await database.fetch("SELECT user_id FROM audit_log")
    assert [row["user_id"] for row in rows] == ["young"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # the sweep leaves no door open
        await database.execute("DELETE FROM audit_log")


async def test_more_than_one_step_is_swept(database: Database) -> None:
    log = AuditLog(database)
    await log.append([entry(days_ago=100)] * 10_001)
    await log.sweep(90)
    assert await database.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_no_call_of_the_function_takes_todays_rows(database: Database) -> None:
    await AuditLog(database).append([entry()])
    assert await database.fetchval("SELECT sweep_audit_log(-5)") == 0


async def test_the_owner_of_the_table_sweeps_no_row_of_today(database: Database) -> None:
    """The owner can drop the trigger, but does not get past it by a setting."""
    await AuditLog(database).append([entry(days_ago=0.9)])
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL chatkit.sweeping = 'on'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute("DELETE FROM audit_log")
    assert await database.fetchval("SELECT count(*) FROM audit_log") == 1


# --- A role for the server, and another one that owns the tables --------------------------------


def two_roles(name: str) -> str:
    """The README's statements, for a role of this name."""
    found = re.search(r"^```sql two roles\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1].replace("chatkit_server", name)


@pytest.fixture
async def server_role(database_url: str, postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN of a role that the README's statements have made."""
    name = f"server_{secrets.token_hex(6)}"
    async with superuser(database_url, postgres_server) as admin:
        await admin.execute(two_roles(name))
        credentials, _, place = database_url.rpartition("@")
        assert credentials.startswith("postgresql://chatkit:")
        yield f"postgresql://{name}:{quote('a long one')}@{place}"
        await admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


@asynccontextmanager
async def superuser(dsn: str, server: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection as `postgres`, whose password nobody knows: it is let in without one."""
    rules = server.place / "cluster" / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all postgres trust\n{before}")
    try:
        admin = await _connect_once_let_in(dsn, server)
        yield admin
        await admin.close()
    finally:
        rules.write_text(before)
        _read_rules(server)


async def _connect_once_let_in(dsn: str, server: EmbeddedPostgres) -> asyncpg.Connection:
    async with asyncio.timeout(30):
        while True:
            _read_rules(server)
            try:
                return await asyncpg.connect(dsn, user="postgres", password="")
            except asyncpg.InvalidPasswordError:
                await asyncio.sleep(0.02)


def _read_rules(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGHUP)


@pytest.fixture
async def as_server(server_role: str) -> AsyncIterator[Database]:
    database = await Database.connect(server_role, max_connections=2)
    yield database
    await database.close()


async def test_the_servers_role_adds_and_sweeps(database: Database, as_server: Database) -> None:
    log = AuditLog(as_server)
    await log.append([entry("old", days_ago=91), entry("young", days_ago=89)])
    await log.sweep(90)
    rows = await database.fetch("SELECT user_id FROM audit_log")
    assert [row["user_id"] for row in rows] == ["young"]


@pytest.mark.parametrize(
    "statement",
    [
        *_CHANGES,
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_log_rows_stay ON audit_log",
        "CREATE TRIGGER mine BEFORE INSERT ON audit_log EXECUTE FUNCTION keep_audit_log()",
        "DROP TABLE audit_log",
        "SELECT * FROM audit_log",
        "SET ROLE chatkit",
    ],
)
async def test_the_servers_role_gets_at_no_row(
    database: Database, as_server: Database, statement: str
) -> None:
    await AuditLog(as_server).append([entry(days_ago=1000)])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_server.execute(statement)
    assert await database.fetchval("SELECT outcome FROM audit_log") == "ok"


@pytest.mark.parametrize("statement", _CHANGES)
async def test_the_trigger_stands_where_too_much_was_granted(
    database: Database, as_server: Database, statement: str
) -> None:
    await AuditLog(as_server).append([entry(days_ago=1000)])
    role = await as_server.fetchval("SELECT current_user")
    await database.execute(f"GRANT ALL ON audit_log TO {role}")
    async with as_server.acquire() as connection:
        await connection.execute("SET chatkit.sweeping = 'on'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="neither changed nor deleted"):
            await connection.execute(statement)
    assert await database.fetchval("SELECT outcome FROM audit_log") == "ok"


async def test_a_table_of_the_servers_role_does_not_stand_in_for_the_log(
    database: Database, as_server: Database
) -> None:
    """A trigger on it would act as the owner."""
    await AuditLog(database).append([entry(days_ago=100)])
    async with as_server.acquire() as connection:
        await connection.execute("CREATE TEMP TABLE audit_log (id bigint, at timestamptz)")
        await connection.execute("INSERT INTO audit_log VALUES (1, now() - interval '100 days')")
        assert await connection.fetchval("SELECT sweep_audit_log(90)") == 1
        assert await connection.fetchval("SELECT count(*) FROM pg_temp.audit_log") == 1
    assert await database.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_a_server_starts_and_works_in_its_role(database: Database, server_role: str) -> None:
    await apply_schema(database)
    async with running(server_role, GUESTS="on") as services:
        guest = await call(services.router, "POST", "/api/auth/guest")
        bearer = {"authorization": f"Bearer {guest.json()['token']}"}
        body = {"title": "tea"}
        added = await call(services.router, "POST", "/api/tasks", body=body, **bearer)
        gone = await call(services.router, "DELETE", f"/api/tasks/{added.json()['id']}", **bearer)
        assert gone.status == 204
    rows = await database.fetch(
        "SELECT action, outcome FROM audit_log WHERE action = 'task.delete'"
    )
    assert [tuple(row) for row in rows] == [("task.delete", "ok")]
