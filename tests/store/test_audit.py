"""The audit log on a real database: it grows, it is not changed, and what is old goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from chatkit.protocol.audit import AuditEntry, Deed
from store.audit import AuditLog
from store.postgres import Database

NOW = datetime.now(UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, most_connections=2)
    yield database
    await database.close()


def entry(user_id: str | None = "ada", *, days_ago: float = 0, times: int = 1) -> AuditEntry:
    return AuditEntry(
        at=NOW - timedelta(days=days_ago),
        user_id=user_id,
        deed=Deed("thread.delete", "thread", "thr_1"),
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
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET outcome = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
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


async def test_the_owner_of_the_table_can_lift_the_rule_on_purpose(database: Database) -> None:
    """Which is why the schema's comment names what another owner takes."""
    log = AuditLog(database)
    await log.append([entry(days_ago=100)])
    async with database.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("SET LOCAL chatkit.sweeping = 'on'")
            assert await connection.execute("DELETE FROM audit_log") == "DELETE 1"
        finally:
            await transaction.rollback()
    assert await database.fetchval("SELECT count(*) FROM audit_log") == 1
