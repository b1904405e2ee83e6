"""Secrets that the server generates, stored in the database and shared by all processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from store.postgres import Database
from store.sql import load

_SQL: Final = load("secrets")


async def keep_secret(database: Database, name: str, make: Callable[[], str]) -> str:
    """The secret `name`, created with `make` if missing. Concurrent callers get the same one."""
    found = await database.fetchval(_SQL["get_secret"], name)
    if found is None:
        await database.execute(_SQL["add_secret"], name, make())
        found = await database.fetchval(_SQL["get_secret"], name)
    return str(found)
