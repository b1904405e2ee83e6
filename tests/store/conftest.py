"""A pool on a database of its own for each test, and what is kept in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from store.files import Files
from store.postgres import Database
from store.tasks import Tasks


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A pool of its own."""
    database = await Database.connect(database_url, most_connections=8)
    yield database
    await database.close()


@pytest.fixture
def tasks(database: Database) -> Tasks:
    """The to-do lists in it."""
    return Tasks(database)


@pytest.fixture
def files(database: Database) -> Files:
    """The files in it, of which a user may have a megabyte."""
    return Files(database, most_bytes=2**20)
