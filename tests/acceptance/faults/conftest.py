"""The fleet that most fault tests share; after each of them nothing may be left over."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from store.embedded import EmbeddedPostgres
from tests.acceptance.faults.fleet import Fleet, new_fleet, new_user, until
from tests.acceptance.faults.raw import close_all
from tests.conftest import fresh_database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_database_url(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The database of the fleet, past the proxies."""
    async with fresh_database(postgres_server) as database_url:
        yield database_url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_fleet(shared_database_url: str) -> AsyncIterator[Fleet]:
    """Three servers, warm: each has answered once."""
    async with new_fleet(shared_database_url) as fleet:
        for each in fleet.members:
            await each.server.say("Hello", new_user(each.server))
        yield fleet
        for each in fleet.members:
            assert "Traceback" not in each.server.stderr, each.server.stderr


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _no_open_streams() -> AsyncIterator[None]:
    yield
    await close_all()


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(shared_fleet: Fleet) -> AsyncIterator[Fleet]:
    """The fleet with nothing scripted, and a check of what a test leaves behind."""
    shared_fleet.model.forget()
    yield shared_fleet
    for each in shared_fleet.members:
        each.proxy.resume()

    async def all_quiet() -> bool:
        running = await shared_fleet.stored.rows("SELECT id FROM turns WHERE state = 'running'")
        return not running and await shared_fleet.stored.busy_connections() == 0

    try:
        await until(all_quiet)
    finally:  # one test's failure is not the next one's
        for connection in list(shared_fleet.model.connections):
            await connection.abort()
