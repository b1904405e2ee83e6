"""Imports in PostgreSQL: where threads go, and what ends an import."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chatkit.ports.imports import ImportedItem, ImportedThread
from chatkit.protocol.errors import Conflict
from chatkit.protocol.items import ThreadStatus
from chatkit.protocol.paging import Cursor
from chatkit.todo.tasks import Task
from store.erasure import Erasure
from store.imports import Imports
from store.postgres import Database
from store.threads import Threads

T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)


def thread(name: str, *, source: str | None = None) -> ImportedThread:
    item = ImportedItem(
        id=f"msg_{name}", turn_id=f"trn_{name}", type="end_of_turn", body="{}", created_at=T0
    )
    return ImportedThread(
        id=f"thr_{name}",
        source_id=source or f"source {name}",
        title=name,
        titled=True,
        status=ThreadStatus(),
        created_at=T0,
        items=(item,),
    )


def task(number: int) -> Task:
    return Task(
        id=f"00000000-0000-4000-8000-{number:012}",
        title=f"task {number}",
        description=None,
        completed=False,
        completed_at=None,
        priority="medium",
        category=None,
        tags=("a", "b c"),
        due_date=None,
        recurrence=None,
        created_at=T0,
        updated_at=T0,
    )


async def titles(database: Database, user: str = "ada", order: str = "desc") -> list[str | None]:
    cursor = Cursor(limit=1, order="asc" if order == "asc" else "desc")
    found: list[str | None] = []
    while True:
        page = await Threads(database).list(user, cursor)
        found += [each.title for each in page.data]
        if not page.has_more:
            return found
        cursor = Cursor(limit=1, order=cursor.order, after=page.data[-1].id)


async def rows(database: Database, table: str) -> int:
    count: int = await database.fetchval(f"SELECT count(*) FROM {table}")
    return count


async def test_imported_threads_are_listed_by_the_time_of_their_last_message(
    database: Database,
) -> None:
    insert = "INSERT INTO threads (user_id, id, title) VALUES ('ada', $1, $1)"
    await database.execute(insert, "own")
    days = {"b": 3, "a": 1, "d": 4, "c": 2}
    async with Imports(database).begin("ada") as running:
        for name, day in days.items():
            items = thread(name).items
            late = replace(items[-1], created_at=T0 + timedelta(days=day))
            assert await running.add_thread(replace(thread(name), items=(*items[:-1], late)))
    await database.execute(insert, "later")
    assert await titles(database) == ["later", "own", "d", "b", "c", "a"]
    assert await titles(database, order="asc") == ["a", "c", "b", "d", "own", "later"]


async def test_a_thread_that_is_there_is_left_alone(database: Database) -> None:
    async with Imports(database).begin("ada") as running:
        assert await running.add_thread(thread("a"))
        assert not await running.add_thread(thread("a"))
        assert not await running.add_thread(thread("copy", source="thr_a"))
    async with Imports(database).begin("ben") as running:
        assert await running.add_thread(thread("his", source="thr_a"))
    assert await rows(database, "items") == 2
    assert await rows(database, "accepted_requests") == 0


async def test_after_an_erasure_an_import_adds_nothing_more(database: Database) -> None:
    async with Imports(database).begin("ada") as running, Imports(database).begin("ben") as his:
        assert await running.add_thread(thread("a"))
        assert await running.add_tasks([task(1), task(2)]) == 2
        await Erasure(database).erase("ada")
        with pytest.raises(Conflict, match="erased"):
            await running.add_thread(thread("b"))
        with pytest.raises(Conflict, match="erased"):
            await running.add_tasks([task(3)])
        assert await his.add_thread(thread("c"))
    assert (await titles(database), await titles(database, "ben")) == ([], ["c"])
    assert await rows(database, "tasks") == 0


async def test_an_erasure_in_the_middle_of_an_import_leaves_nothing(database: Database) -> None:
    added = asyncio.Event()

    async def take() -> None:
        async with Imports(database).begin("ada") as running:
            for number in range(10_000):
                await running.add_thread(thread(str(number)))
                added.set()

    importing = asyncio.create_task(take())
    await added.wait()
    await Erasure(database).erase("ada")
    with pytest.raises(Conflict):
        await importing
    assert await rows(database, "threads") == 0


async def test_two_imports_at_once_never_lose_a_thread_unsaid(database: Database) -> None:
    async with Imports(database).begin("ada") as one, Imports(database).begin("ada") as two:
        assert await one.add_thread(thread("a"))
        assert not await two.add_thread(thread("a"))  # of the same file
        assert await one.add_thread(thread("b"))
        with pytest.raises(Conflict, match=r"import\.another"):
            await two.add_thread(thread("c"))
    assert await titles(database) == ["b", "a"]


async def test_tasks_that_are_there_are_left_alone(database: Database) -> None:
    async with Imports(database).begin("ada") as running:
        assert await running.add_tasks([task(1), task(2)]) == 2
        assert await running.add_tasks([task(2), task(3)]) == 1
        assert await running.add_tasks([]) == 0
