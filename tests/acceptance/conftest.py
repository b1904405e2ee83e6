"""What the acceptance tests share.

The servers, one on the built-in model and one on a scripted one, live in the session's event loop:
tests that use them are marked with `loop_scope="session"`. The built-in page on a scripted API
lives in the loop of its module.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from store.embedded import EmbeddedPostgres
from tests.acceptance.browser import open_chromium
from tests.acceptance.flows import CLIENT_TOOLS
from tests.acceptance.page_api import ORIGIN, ScriptedApi
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def protocol_database(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN behind `protocol_server`."""
    async with fresh_database(postgres_server) as database_url:
        yield database_url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def protocol_server(
    protocol_database: str,
) -> AsyncIterator[tuple[ServerProcess, ModelServer]]:
    """A server on which every feature of the protocol is set up, and its provider."""
    async with (
        ModelServer() as model,
        ServerProcess(
            provider(model),
            DATABASE_URL=protocol_database,
            BETTER_AUTH_SECRET=SECRET,
            IMAGE_MODEL="openai/painter",
            TRANSCRIBE_MODEL="openai/listener",
            CLIENT_TOOLS=json.dumps(CLIENT_TOOLS),
        ) as process,
    ):
        yield process, model
        assert "Traceback" not in process.stderr, process.stderr


def provider(model: ModelServer) -> dict[str, str]:
    """The variables that make a server ask `model`."""
    return {
        "MODEL": "openai/scripted",
        "MODEL_API_BASE": model.api_base,
        "MODEL_API_KEY": "x",
        "TITLE_MODEL": "demo/tasks",  # each script is for an answer
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def modules(browser: Browser) -> AsyncIterator[Page]:
    """A page whose modules are called by themselves; no test changes it."""
    opened = await browser.new_page()
    await opened.route("**/*", ScriptedApi().serve)
    await opened.goto(f"{ORIGIN}/")
    yield opened
    await opened.close()


@pytest.fixture
def api() -> ScriptedApi:
    return ScriptedApi()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, api: ScriptedApi) -> AsyncIterator[Page]:
    """The page, opened. A script error or a breach of its policy fails the test."""
    faults: list[str] = []
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    await context.route("**/*", api.serve)
    opened = await context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    await opened.goto(f"{ORIGIN}/")
    yield opened
    await context.close()
    assert faults == []
