"""The servers that the acceptance tests share: one on the built-in model, one on a scripted one.

They live in the session's event loop: tests that use them are marked with `loop_scope="session"`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from store.embedded import EmbeddedPostgres
from tests.acceptance.server import SECRET, ServerProcess
from tests.conftest import fresh_database, reachable_directory
from tests.model_server import ModelServer, by_last_message


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo_server() -> AsyncIterator[ServerProcess]:
    """As a newcomer starts it: nothing set, the embedded database, the built-in model, guests."""
    with reachable_directory() as place:
        async with ServerProcess(DATA_DIR=str(place / "data")) as server:
            yield server
            assert "Traceback" not in server.stderr, server.stderr


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_model() -> AsyncIterator[ModelServer]:
    """The provider behind `scripted_server`."""
    async with ModelServer() as server:
        yield server


@pytest.fixture
def model(shared_model: ModelServer) -> ModelServer:
    """That provider, with nothing scripted and nothing asked yet."""
    shared_model.forget()
    shared_model.answer = by_last_message
    shared_model.pace_s = 0.0
    return shared_model


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scripted_server(
    postgres_server: EmbeddedPostgres, shared_model: ModelServer
) -> AsyncIterator[ServerProcess]:
    """As an operator sets it up: a database, a sign-in secret, an OpenAI-compatible provider."""
    async with (
        fresh_database(postgres_server) as database_url,
        ServerProcess(
            provider(shared_model),
            DATABASE_URL=database_url,
            BETTER_AUTH_SECRET=SECRET,
            MODEL_TIMEOUT_S="1",
            MAX_TOOL_ROUNDS="3",
        ) as server,
    ):
        yield server
        assert "Traceback" not in server.stderr, server.stderr


def provider(model: ModelServer) -> dict[str, str]:
    """The variables that make a server ask `model`."""
    return {"MODEL": "openai/scripted", "MODEL_API_BASE": model.api_base, "MODEL_API_KEY": "x"}
