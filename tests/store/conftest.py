"""A pool on a database of its own for each test, and what is kept in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chatkit.access.quotas import Quotas
from store.files import Files
from store.postgres import Database
from store.tasks import Tasks
from tests.conftest import reachable_directory
from tests.store.embedded_servers import copy, query, running


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A pool of its own."""
    database = await Database.connect(database_url, max_connections=8)
    yield database
    await database.close()


@pytest.fixture
def tasks(database: Database) -> Tasks:
    """The to-do lists in it."""
    return Tasks(database)


@pytest.fixture
def files(database: Database) -> Files:
    """The files in it, of which a user may have a megabyte."""
    return Files(database, Quotas(file_bytes=2**20))


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    """What `made` is copied from."""

    async def make(data_dir: Path) -> None:
        async with running(data_dir) as postgres:
            await query(postgres.dsn, "CREATE TABLE kept AS SELECT 7 AS value")

    with reachable_directory() as place:
        asyncio.run(make(place / "data"))
        yield place / "data"


@pytest.fixture
def made(made_once: Path, data_dir: Path) -> Path:
    """A DATA_DIR with a database that holds the table `kept` with one row, and is stopped."""
    copy(made_once, data_dir)
    return data_dir
