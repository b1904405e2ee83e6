"""Creates the schema of this release, or migrates a database to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from store.postgres import Database

_SCHEMA: Final = Path(__file__).parent.parent / "schema.sql"
_MIGRATIONS: Final = Path(__file__).with_name("migrations")
#: `0002_turn_language.sql`: the version that it makes, and its subject.
_FILE_NAME: Final = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")
#: The advisory lock of migrations: an arbitrary constant, the same in every release.
_LOCK: Final = 0x63686174
#: Timeout of one migration, which may read every row, in seconds.
_MIGRATION_S: Final = 3600.0


def load_migrations(directory: Path) -> Mapping[int, str]:
    """SQL that migrates version N - 1 to N, by N, from files named `000N_subject.sql`.

    Version 1 is the schema of release 1.0. Raises ValueError for another file name, and for a
    number that is missing or used twice.
    """
    found: dict[int, str] = {}
    for path in sorted(directory.iterdir()):
        name = _FILE_NAME.fullmatch(path.name)
        if name is None or int(name[1]) != len(found) + 2:
            raise ValueError(
                f"{path.name}: the next migration must be named {len(found) + 2:04}_subject.sql"
            )
        found[int(name[1])] = path.read_text(encoding="utf-8")
    return MappingProxyType(found)


#: The migrations of this release, by the version that each makes.
MIGRATIONS: Final = load_migrations(_MIGRATIONS)
#: The version of schema.sql.
VERSION: Final = 1 + len(MIGRATIONS)


class SchemaError(Exception):
    """This release cannot use the database; the message is for the operator."""


async def missing_migrations(database: Database) -> list[str]:
    """What `apply_schema` would do, by name. Raises SchemaError as it does."""
    found = None
    if await database.fetchval("SELECT to_regclass('schema_version')") is not None:
        found = await database.fetchval("SELECT version FROM schema_version")
    if found is None:
        return ["schema.sql"]
    _require_known(found)
    return [path.name for path in sorted(_MIGRATIONS.iterdir())[found - 1 :]]


def _require_known(found: int) -> None:
    if found > VERSION:
        raise SchemaError(
            f"the database has schema {found}, made by a newer release; this one knows "
            f"schema {VERSION}: install the newer release again, or restore a backup"
        )


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
        if found is None:
            await connection.execute(_SCHEMA.read_text(encoding="utf-8"))
        else:
            _require_known(found)
            for version in range(found + 1, VERSION + 1):
                await connection.execute(MIGRATIONS[version], timeout=_MIGRATION_S)
        await connection.execute(
            "INSERT INTO schema_version (version) VALUES ($1)"
            " ON CONFLICT (only_row) DO UPDATE SET version = EXCLUDED.version",
            VERSION,
        )
