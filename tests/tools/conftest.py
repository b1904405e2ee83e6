"""The task tools on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tests.tools.asker import ANNA, BEN, NOW, Asker
from tests.tools.desk import Desk
from tools.server import build_server


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database that knows the conversations of Anna and Ben, each with a message and its turn."""
    database = await Database.connect(database_url, max_connections=4)
    for who in (ANNA, BEN):
        await database.execute(
            "INSERT INTO threads (user_id, id) VALUES ($1, $2)", who.user_id, who.thread_id
        )
        await database.execute(
            "WITH said AS ("
            "INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)"
            " VALUES ($1, $2, 'msg_1', $3, 'user_message', '{}', false, now()))"
            "INSERT INTO turns (user_id, thread_id, id, item_id, retry, owner, lease_until, model)"
            " VALUES ($1, $2, $3, 'msg_1', false, 'one', now(), 'm')",
            who.user_id,
            who.thread_id,
            who.turn_id,
        )
    yield database
    await database.close()


@pytest.fixture
def ask(database: Database) -> Asker:
    """Calls the task tools."""
    return Asker(build_server(Tasks(database), StoredTaskHistory(database), now=lambda: NOW))


@pytest.fixture
def desk(database: Database) -> Desk:
    """Anna, with the cards of her tasks."""
    return Desk(database)
