"""The real application, with no file in it when a test begins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from app import Services
from store.embedded import EmbeddedPostgres
from tests.conftest import fresh_database
from tests.edge.application import running
from tests.edge.files.calls import MOST, SECRET, SIGNING


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(postgres_server: EmbeddedPostgres) -> AsyncIterator[Services]:
    """The application, for all tests of a module."""
    async with (
        fresh_database(postgres_server) as database_url,
        running(
            database_url,
            BETTER_AUTH_SECRET=SECRET,
            SIGNING_SECRET=SIGNING,
            ALLOWED_ORIGINS="https://friend.example",
            MAX_UPLOAD_BYTES=str(MOST),
            MAX_STORAGE_BYTES=str(4 * MOST),
        ) as services,
    ):
        yield services


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_stored(services: Services) -> AsyncIterator[None]:
    """What a test leaves behind is gone for the next."""
    yield
    await services.parts.database.execute("DELETE FROM attachments")
