"""The application, and two of its users."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app import Services
from tests.edge.application import running
from tests.edge.data.client import SECRET, Client


@pytest.fixture
async def services(database_url: str) -> AsyncIterator[Services]:
    async with running(
        database_url, BETTER_AUTH_SECRET=SECRET, MODEL="demo/tasks", MAX_UPLOAD_BYTES="1MiB"
    ) as services:
        yield services


@pytest.fixture
def ada(services: Services) -> Client:
    return Client(services, "ada")


@pytest.fixture
def ben(services: Services) -> Client:
    return Client(services, "ben")
