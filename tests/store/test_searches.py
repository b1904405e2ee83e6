"""What a search may cost."""

from __future__ import annotations

import asyncio

import pytest

from chatkit.protocol.errors import BadRequest
from chatkit.todo.tasks import TaskQuery
from store import searches
from store.postgres import Database
from store.searches import Searches
from store.tasks import Tasks
from tests.store.kept_tasks import ANNA, BEN, TODAY, add

#: Compares 254 letters at each of 2,000 places of each task.
HOSTILE = "a" * 253 + "b"


async def test_a_search_that_would_take_seconds_is_given_up_and_its_connection_is_free(
    tasks: Tasks, database: Database
) -> None:
    await database.execute(
        "INSERT INTO tasks (user_id, id, title, description, priority)"
        " SELECT $1, gen_random_uuid(), 'many', repeat('a', 2000), 'low'"
        " FROM generate_series(1, 9000)",
        ANNA,
    )
    await add(tasks, "Ben's", user_id=BEN)
    with pytest.raises(BadRequest) as raised:
        await tasks.list(ANNA, TaskQuery(today=TODAY, search=HOSTILE))
    assert raised.value.code == "search_too_slow"
    left = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%ILIKE%'"
    async with asyncio.timeout(20):
        while await database.fetchval(left) > 1:  # this query holds the word as well
            pass
    assert (await tasks.list(BEN, TaskQuery(today=TODAY, search="ben"))).total == 1
    assert (await tasks.list(ANNA, TaskQuery(today=TODAY))).total == 9000


async def test_the_searches_of_one_user_wait_for_each_other_and_for_nobody_else() -> None:
    turns, order = Searches(), list[str]()
    first_runs, release = asyncio.Event(), asyncio.Event()

    async def search(user_id: str, name: str) -> None:
        async with turns.turn(user_id):
            order.append(name)
            if name == "first":
                first_runs.set()
                await release.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(search(ANNA, "first"))
        await first_runs.wait()
        group.create_task(search(ANNA, "second"))
        await search(BEN, "ben's")
        assert order == ["first", "ben's"]
        release.set()
    assert order == ["first", "ben's", "second"]


async def test_a_search_that_is_left_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "MAX_SEARCH_S", 0.01)
    turns = Searches()
    for _ in range(2):
        with pytest.raises(BadRequest):
            async with turns.turn(ANNA):
                await asyncio.Event().wait()
