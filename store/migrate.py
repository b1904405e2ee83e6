"""Brings a database to the schema of this release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from store.postgres import Database

#: Raised with every change of schema.sql.
VERSION: Final = 1
#: What to run on a database of the version before the key, to bring it to the key.
MIGRATIONS: Final[dict[int, str]] = {}

_SCHEMA: Final = Path(__file__).parent.parent / "schema.sql"
#: Any constant will do, as long as every release uses the same.
_LOCK: Final = 0x63686174


class SchemaError(Exception):
    """The database cannot be used by this release; the message is for the operator."""


async def apply_schema(database: Database) -> None:
    """Create the schema or migrate it, in one transaction.

    Servers that start together wait for one another here. Raises SchemaError for a database of
    a newer release.
    """
    async with database.acquire() as connection, connection.transaction():
        # A transaction's lock, not a session's: behind a pooler a session is not ours.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        found = None
        if await connection.fetchval("SELECT to_regclass('schema_version')") is not None:
            found = await connection.fetchval("SELECT version FROM schema_version")
        if found == VERSION:
            return
        if found is not None and found > VERSION:
            raise SchemaError(
                f"the database has schema {found}, made by a newer release; this one knows "
                f"schema {VERSION}: install the newer release again, or restore a backup"
            )
        if found is not None:
            for version in range(found + 1, VERSION + 1):
                await connection.execute(MIGRATIONS[version])
        await connection.execute(_SCHEMA.read_text(encoding="utf-8"))
        await connection.execute(
            "INSERT INTO schema_version (version) VALUES ($1)"
            " ON CONFLICT (only_row) DO UPDATE SET version = EXCLUDED.version",
            VERSION,
        )
