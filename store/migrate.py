"""Creates the schema of this release, or migrates a database to it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from store.postgres import Database

#: Version of schema.sql; increment it with every change there.
VERSION: Final = 1
#: SQL that migrates version N - 1 to N, by N.
MIGRATIONS: Final[dict[int, str]] = {}

_SCHEMA: Final = Path(__file__).parent.parent / "schema.sql"
#: The advisory lock of migrations: an arbitrary constant, the same in every release.
_LOCK: Final = 0x63686174


class SchemaError(Exception):
    """This release cannot use the database; the message is for the operator."""


async def apply_schema(database: Database) -> None:
    """Create the schema or migrate it, in one transaction.

    Servers that start at the same time wait for each other here. Raises SchemaError for a database
    of a newer release.
    """
    async with database.acquire() as connection, connection.transaction():
        # A transaction lock: behind a pooler other clients share the session.
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
