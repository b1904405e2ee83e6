"""What tests of several layers share: a real PostgreSQL, and a database of its own each test."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import settings

from chatkit.models.litellm_model import LiteLLMModel
from store.embedded import EmbeddedPostgres, start_embedded
from tests.model_server import ModelServer
from tests.models.model_calls import KEY

# How long an example takes says something of the machine, not of the code.
settings.register_profile("chatkit", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=10_000)
settings.load_profile("chatkit")

# Memory where there is plenty: a database is a thousand files.
_IN_MEMORY = Path("/dev/shm")
_PLACE = _IN_MEMORY if _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > 2**30 else None
_SCHEMA = Path(__file__).parents[1] / "schema.sql"


def _in_database(dsn: str, name: str) -> str:
    return dsn.replace("/chatkit?", f"/{name}?")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random schedules tests/acceptance/test_schedules.py runs."""
    parser.addoption("--schedules", type=int, default=40, metavar="N")


@contextmanager
def reachable_directory() -> Iterator[Path]:
    """A fresh directory which PostgreSQL's unprivileged user reaches, as `tmp_path` of root's is
    not."""
    place = Path(tempfile.mkdtemp(prefix="chatkit-test-", dir=_PLACE))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A DATA_DIR that is yet to be made."""
    with reachable_directory() as place:
        yield place / "data"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL for this test process; its database `chatkit` has the schema and no rows, and
    is the template of every other, so nothing may connect to it."""

    async def start(data_dir: Path) -> EmbeddedPostgres:
        quick = {
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
        server = await start_embedded(data_dir, note=print, settings=quick)
        connection = await asyncpg.connect(server.dsn)
        await connection.execute(_SCHEMA.read_text(encoding="utf-8"))
        await connection.close()
        return server

    with reachable_directory() as place:
        server = asyncio.run(start(place / "data"))
        yield server
        asyncio.run(server.stop())


@asynccontextmanager
async def fresh_database(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN of a new database with the schema applied, dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(_in_database(server.dsn, "postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE chatkit")
        yield _in_database(server.dsn, name)
        # Not WITH (FORCE): that is refused while autovacuum, another role, is in the database. The
        # plain form sends autovacuum away itself, and waits five seconds for what is ended here.
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = $1 AND usename = current_user",
            name,
        )
        await admin.execute(f"DROP DATABASE {name}")
    finally:
        await admin.close()


@pytest.fixture
async def database_url(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN of a fresh database with the schema applied, dropped after the test."""
    async with fresh_database(postgres_server) as dsn:
        yield dsn


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    """A server of models, on loopback."""
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def make_model(server: ModelServer) -> AsyncIterator[Callable[..., LiteLLMModel]]:
    """Makes models that ask that server; other arguments are those of LiteLLMModel."""
    made: list[LiteLLMModel] = []

    def make(*, timeout_s: float = 20.0, **changes: Any) -> LiteLLMModel:
        given = {"api_base": server.api_base, "api_key": KEY, **changes}
        made.append(LiteLLMModel(timeout_s=timeout_s, **given))
        return made[-1]

    yield make
    for model in made:
        await model.aclose()
