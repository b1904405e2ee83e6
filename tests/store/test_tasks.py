"""The to-do list against a real database."""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.tasks import (
    Recurrence,
    Sort,
    Status,
    Task,
    TaskDraft,
    TaskQuery,
    TaskStore,
    parse_changes,
    parse_draft,
    parse_query,
)
from store.postgres import Database
from store.tasks import Tasks

TODAY = date(2026, 11, 25)  # a Wednesday
ANNA = "anna"
BEN = "ben"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, most_connections=4)
    yield database
    await database.close()


@pytest.fixture
def tasks(database: Database) -> Tasks:
    return Tasks(database)


async def add(tasks: Tasks, title: str, *, user_id: str = ANNA, **fields: Any) -> Task:
    return await tasks.add(user_id, parse_draft({"title": title, **fields}))


async def titles(tasks: Tasks, *, user_id: str = ANNA, **fields: Any) -> list[str]:
    page = await tasks.list(user_id, parse_query(fields, today=TODAY))
    return [task.title for task in page.tasks]


async def add_thread(database: Database, thread_id: str, *, user_id: str = ANNA) -> None:
    await database.execute("INSERT INTO threads (user_id, id) VALUES ($1, $2)", user_id, thread_id)


def test_it_is_a_task_store(tasks: Tasks) -> None:
    store: TaskStore = tasks
    assert store is tasks


async def test_a_task_comes_back_as_it_was_added(tasks: Tasks) -> None:
    draft = TaskDraft(
        title="Pay rent",
        description="by transfer",
        priority="high",
        category="finance",
        tags=("home", "money"),
        due_date=date(2026, 11, 30),
        recurrence="monthly",
    )
    before = datetime.now(UTC)
    task = await tasks.add(ANNA, draft)
    assert task == Task(
        id=str(UUID(task.id)),
        title="Pay rent",
        description="by transfer",
        completed=False,
        completed_at=None,
        priority="high",
        category="finance",
        tags=("home", "money"),
        due_date=date(2026, 11, 30),
        recurrence="monthly",
        created_at=task.created_at,
        updated_at=task.updated_at,
    )
    assert before - timedelta(minutes=1) < task.created_at <= task.updated_at
    assert await tasks.get(ANNA, task.id) == task
    assert await tasks.get(ANNA, task.id.upper().replace("-", "")) == task


async def test_several_are_given_in_the_order_asked_for_without_those_that_are_not_there(
    tasks: Tasks,
) -> None:
    one, two, gone = [await add(tasks, title) for title in ("One", "Two", "Gone")]
    bens = await tasks.add("ben", TaskDraft(title="Ben's"))
    await tasks.delete(ANNA, gone.id)
    asked = [two.id, bens.id, gone.id, "nonsense", one.id.upper()]
    assert await tasks.get_several(ANNA, asked) == (two, one)
    assert await tasks.get_several(ANNA, []) == ()


async def test_a_task_may_be_added_as_completed(tasks: Tasks) -> None:
    task = await add(tasks, "Done already", completed=True)
    assert task.completed
    assert task.completed_at is not None


@pytest.mark.parametrize(
    "task_id", ["", "1", "nonsense", "12345678-1234", "\0", "3f0c9a52-6f0e-4f57-9f2b-1c2d3e4f5a6b"]
)
async def test_an_id_that_is_malformed_or_unknown_is_not_found(tasks: Tasks, task_id: str) -> None:
    await add(tasks, "Something")
    for miss in (
        tasks.get(ANNA, task_id),
        tasks.update(ANNA, task_id, parse_changes({"title": "x"})),
        tasks.complete(ANNA, task_id, completed=True, today=TODAY),
        tasks.delete(ANNA, task_id),
    ):
        with pytest.raises(NotFound):
            await miss


async def test_another_users_task_is_not_found_by_any_way(tasks: Tasks, database: Database) -> None:
    task = await add(tasks, "Secret", user_id=BEN)
    await add_thread(database, "thr_ben", user_id=BEN)
    await tasks.remember_shown(BEN, "thr_ben", [task.id])
    await tasks.remember_shown(ANNA, "thr_ben", [])
    for miss in (
        tasks.get(ANNA, task.id),
        tasks.update(ANNA, task.id, parse_changes({"title": "x"})),
        tasks.complete(ANNA, task.id, completed=True, today=TODAY),
        tasks.delete(ANNA, task.id),
        tasks.find(ANNA, task.id, thread_id=None),
        tasks.find(ANNA, task.id[:8], thread_id=None),
        tasks.find(ANNA, "1", thread_id="thr_ben"),
    ):
        with pytest.raises(NotFound):
            await miss
    with pytest.raises(BadRequest):
        await tasks.list(ANNA, TaskQuery(today=TODAY, after=task.id))
    assert (await tasks.list(ANNA, TaskQuery(today=TODAY))).total == 0
    assert await tasks.find(BEN, "1", thread_id="thr_ben") == task


async def test_pages_by_after_hold_each_task_once_in_both_directions(tasks: Tasks) -> None:
    names = [f"task {number}" for number in range(10)]
    for name in names:
        await add(tasks, name)
    orders: dict[Sort, list[str]] = {"newest": names[::-1], "oldest": names}
    for sort, expected in orders.items():
        seen: list[str] = []
        after = None
        while True:
            query = TaskQuery(today=TODAY, sort=sort, limit=3, after=after)
            page = await tasks.list(ANNA, query)
            assert page.total == 10
            if not page.tasks:
                break
            seen += [task.title for task in page.tasks]
            after = page.tasks[-1].id
        assert seen == expected


async def test_pages_by_offset_and_the_total_of_all(tasks: Tasks) -> None:
    for number in range(5):
        await add(tasks, f"task {number}", tags=["x"] if number else [])
    query = TaskQuery(today=TODAY, tag="x", sort="title", limit=2, offset=3)
    page = await tasks.list(ANNA, query)
    assert [task.title for task in page.tasks] == ["task 4"]
    assert page.total == 4


@pytest.mark.parametrize("after", ["3f0c9a52-6f0e-4f57-9f2b-1c2d3e4f5a6b", "nonsense"])
async def test_an_unknown_cursor_is_an_error(tasks: Tasks, after: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await tasks.list(ANNA, TaskQuery(today=TODAY, after=after))
    assert caught.value.code == "invalid_cursor"


async def test_a_cursor_is_refused_for_a_sort_that_has_no_key(tasks: Tasks) -> None:
    task = await add(tasks, "One")
    with pytest.raises(BadRequest) as caught:
        await tasks.list(ANNA, TaskQuery(today=TODAY, sort="title", after=task.id))
    assert caught.value.code == "invalid_cursor"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("all", {"none", "last sunday", "monday", "yesterday", "today", "tomorrow", "sunday",
                 "next monday", "done today", "done"}),
        ("pending", {"none", "last sunday", "monday", "yesterday", "today", "tomorrow", "sunday",
                     "next monday"}),
        ("completed", {"done today", "done"}),
        ("overdue", {"last sunday", "monday", "yesterday"}),
        ("today", {"today"}),
        ("tomorrow", {"tomorrow"}),
        ("this week", {"monday", "yesterday", "today", "tomorrow", "sunday"}),
        ("no due date", {"none"}),
    ],
)  # fmt: skip
async def test_a_status_selects(tasks: Tasks, status: Status, expected: set[str]) -> None:
    for title, days in (
        ("last sunday", -3),
        ("monday", -2),
        ("yesterday", -1),
        ("today", 0),
        ("tomorrow", 1),
        ("sunday", 4),
        ("next monday", 5),
    ):
        await add(tasks, title, due_date=(TODAY + timedelta(days=days)).isoformat())
    await add(tasks, "none")
    await add(tasks, "done", completed=True)
    await add(tasks, "done today", completed=True, due_date=TODAY.isoformat())
    page = await tasks.list(ANNA, TaskQuery(today=TODAY, status=status))
    assert {task.title for task in page.tasks} == expected
    assert page.total == len(expected)


async def test_priority_category_and_tag_select_together(tasks: Tasks) -> None:
    await add(tasks, "a", priority="high", category="work", tags=["x", "y"])
    await add(tasks, "b", priority="high", category="work", tags=["y"])
    await add(tasks, "c", priority="low", category="work", tags=["x"])
    await add(tasks, "d", priority="high", category="study", tags=["x"])
    assert await titles(tasks, priority="high", category="work", tag="#X") == ["a"]
    assert await titles(tasks, tag="x", sort="oldest") == ["a", "c", "d"]


async def test_search_looks_at_title_description_and_tags_in_any_case(tasks: Tasks) -> None:
    await add(tasks, "Buy MILK")
    await add(tasks, "Shop", description="bread and milk")
    await add(tasks, "Cook", tags=["milkshake"])
    await add(tasks, "Sleep")
    assert await titles(tasks, search="Milk", sort="oldest") == ["Buy MILK", "Shop", "Cook"]


@pytest.mark.parametrize("mark", ["%", "_", "\\"])
async def test_search_takes_wildcards_for_what_they_are(tasks: Tasks, mark: str) -> None:
    await add(tasks, f"100{mark} sure")
    await add(tasks, "100x sure")
    assert await titles(tasks, search=f"0{mark}") == [f"100{mark} sure"]


async def test_the_sorts(tasks: Tasks) -> None:
    await add(tasks, "beta", priority="low", due_date="2026-12-01")
    await add(tasks, "Alpha", priority="high")
    await add(tasks, "gamma", priority="high", due_date="2026-12-02")
    await add(tasks, "delta", priority="medium", due_date="2026-12-01")
    assert await titles(tasks, sort="newest") == ["delta", "gamma", "Alpha", "beta"]
    assert await titles(tasks, sort="oldest") == ["beta", "Alpha", "gamma", "delta"]
    assert await titles(tasks, sort="due date") == ["delta", "beta", "gamma", "Alpha"]
    assert await titles(tasks, sort="priority") == ["gamma", "Alpha", "delta", "beta"]
    assert await titles(tasks, sort="title") == ["Alpha", "beta", "delta", "gamma"]


async def test_an_update_leaves_alone_what_it_does_not_name(tasks: Tasks) -> None:
    task = await add(
        tasks, "Old", description="kept", category="work", tags=["a"], due_date="2026-12-01"
    )
    changed = await tasks.update(
        ANNA, task.id, parse_changes({"title": "New", "due_date": None, "tags": ["b", "c"]})
    )
    assert (changed.title, changed.due_date, changed.tags) == ("New", None, ("b", "c"))
    assert (changed.description, changed.category) == ("kept", "work")
    assert (changed.created_at, changed.completed) == (task.created_at, False)
    assert changed.updated_at > task.updated_at
    assert await tasks.get(ANNA, task.id) == changed


async def test_an_update_completes_and_reopens_without_recurrence(tasks: Tasks) -> None:
    task = await add(tasks, "Water plants", recurrence="daily")
    done = await tasks.update(ANNA, task.id, parse_changes({"completed": True}))
    assert done.completed_at is not None
    again = await tasks.update(ANNA, task.id, parse_changes({"completed": True}))
    assert again.completed_at == done.completed_at
    renamed = await tasks.update(ANNA, task.id, parse_changes({"title": "Water them"}))
    assert renamed.completed_at == done.completed_at
    opened = await tasks.update(ANNA, task.id, parse_changes({"completed": False}))
    assert (opened.completed, opened.completed_at) == (False, None)
    assert await titles(tasks) == ["Water them"]


async def test_completing_and_reopening(tasks: Tasks) -> None:
    task = await add(tasks, "Call mum")
    done = await tasks.complete(ANNA, task.id, completed=True, today=TODAY)
    assert done.task.completed
    assert done.task.completed_at is not None
    assert done.next_task is None
    assert await tasks.complete(ANNA, task.id, completed=True, today=TODAY) == done
    opened = await tasks.complete(ANNA, task.id, completed=False, today=TODAY)
    assert (opened.task.completed, opened.task.completed_at) == (False, None)


async def test_completing_a_recurring_task_creates_the_next_once(tasks: Tasks) -> None:
    task = await add(
        tasks,
        "Report",
        description="for Ada",
        priority="high",
        category="work",
        tags=["weekly"],
        due_date=TODAY.isoformat(),
        recurrence="weekly",
    )
    done = await tasks.complete(ANNA, task.id, completed=True, today=TODAY)
    following = done.next_task
    assert following is not None
    assert following.id != task.id
    assert (following.title, following.description) == ("Report", "for Ada")
    assert (following.priority, following.category) == ("high", "work")
    assert (following.tags, following.recurrence) == (("weekly",), "weekly")
    assert (following.completed, following.completed_at) == (False, None)
    assert following.due_date == TODAY + timedelta(days=7)
    again = await tasks.complete(ANNA, task.id, completed=True, today=TODAY)
    assert again.next_task is None
    assert await titles(tasks) == ["Report", "Report"]


async def test_two_simultaneous_completions_create_one_next_task(
    tasks: Tasks, database: Database
) -> None:
    task = await add(tasks, "Race", recurrence="daily")
    async with database.acquire() as rival:
        transaction = rival.transaction()
        await transaction.start()
        await rival.execute("SELECT FROM tasks FOR UPDATE")
        both = [
            asyncio.create_task(tasks.complete(ANNA, task.id, completed=True, today=TODAY))
            for _ in range(2)
        ]
        async with asyncio.timeout(30):
            while await rival.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:
                await rival.fetchval("SELECT pg_stat_clear_snapshot()")
        await transaction.commit()
    done = await asyncio.gather(*both)
    assert len([each for each in done if each.next_task]) == 1
    assert done[0].task == done[1].task
    assert await titles(tasks) == ["Race", "Race"]


@pytest.mark.parametrize(
    ("recurrence", "due", "today", "expected"),
    [
        ("daily", "2026-11-25", "2026-11-25", "2026-11-26"),
        ("daily", "2026-11-20", "2026-11-25", "2026-11-26"),
        ("daily", "2026-12-24", "2026-11-25", "2026-12-25"),
        ("daily", None, "2026-11-25", "2026-11-26"),
        ("weekly", "2026-11-25", "2026-11-25", "2026-12-02"),
        ("weekly", "2026-11-18", "2026-11-25", "2026-12-02"),
        ("weekly", "2026-11-17", "2026-11-25", "2026-12-01"),
        ("weekly", "2026-12-24", "2026-11-25", "2026-12-31"),
        ("weekly", None, "2026-11-25", "2026-12-02"),
        ("monthly", "2026-01-31", "2026-01-31", "2026-02-28"),
        ("monthly", "2028-01-31", "2028-01-30", "2028-02-29"),
        ("monthly", "2026-01-31", "2026-03-30", "2026-03-31"),
        ("monthly", "2026-01-31", "2026-03-31", "2026-04-30"),
        ("monthly", "2026-12-31", "2026-11-25", "2027-01-31"),
        ("monthly", "2025-11-25", "2026-11-25", "2026-12-25"),
        ("monthly", "2025-11-26", "2026-11-25", "2026-11-26"),
        ("monthly", None, "2026-11-25", "2026-12-25"),
        ("monthly", "9999-12-15", "2026-11-25", "9999-12-31"),
        ("daily", "9999-12-31", "2026-11-25", "9999-12-31"),
        ("weekly", "9999-12-31", "2026-11-25", "9999-12-31"),
        ("weekly", "0001-01-01", "2026-11-25", "2026-11-30"),
        ("monthly", "0001-01-01", "2026-11-25", "2026-12-01"),
    ],
)
async def test_when_the_next_is_due(
    tasks: Tasks, recurrence: Recurrence, due: str | None, today: str, expected: str
) -> None:
    task = await add(tasks, "Again", recurrence=recurrence, due_date=due)
    done = await tasks.complete(ANNA, task.id, completed=True, today=date.fromisoformat(today))
    assert done.next_task is not None
    assert str(done.next_task.due_date) == expected


async def test_the_last_day_of_the_calendar_is_a_day_like_others(tasks: Tasks) -> None:
    task = await add(tasks, "Again", recurrence="weekly", due_date="2026-11-25")
    changed = await tasks.update(ANNA, task.id, parse_changes({"due_date": "9999-12-31"}))
    assert changed.due_date == date.max
    done = await tasks.complete(ANNA, task.id, completed=True, today=TODAY)
    assert done.next_task is not None
    assert done.next_task.due_date == date.max


async def test_the_next_monthly_date_is_the_first_after_today_that_the_calendar_allows(
    database: Database, tasks: Tasks
) -> None:
    """Held against a plain count, month by month, over two years of days."""
    for days in range(0, 730, 23):
        due = date(2027, 1, 31) + timedelta(days=days % 60)
        today = date(2026, 12, 15) + timedelta(days=days)
        task = await add(tasks, "Rent", recurrence="monthly", due_date=due.isoformat())
        done = await tasks.complete(ANNA, task.id, completed=True, today=today)
        months = 1
        while (expected := _months_after(due, months)) <= today:
            months += 1
        assert done.next_task is not None
        assert done.next_task.due_date == expected


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


async def test_a_deleted_task_is_given_and_gone(tasks: Tasks) -> None:
    task = await add(tasks, "Bin")
    assert await tasks.delete(ANNA, task.id) == task
    with pytest.raises(NotFound):
        await tasks.get(ANNA, task.id)


async def test_a_number_is_a_place_in_the_current_list_until_one_was_shown(
    tasks: Tasks, database: Database
) -> None:
    older, newer = await add(tasks, "older"), await add(tasks, "newer")
    await add_thread(database, "thr_1")
    await add_thread(database, "thr_2")
    assert await tasks.find(ANNA, "1", thread_id=None) == newer
    assert await tasks.find(ANNA, " 0002 ", thread_id="thr_1") == older
    await tasks.remember_shown(ANNA, "thr_1", [older.id, newer.id])
    assert await tasks.find(ANNA, "1", thread_id="thr_1") == older
    assert await tasks.find(ANNA, "1", thread_id="thr_2") == newer
    assert await tasks.find(ANNA, "1", thread_id="thr_unknown") == newer
    await tasks.remember_shown(ANNA, "thr_1", [])
    assert await tasks.find(ANNA, "1", thread_id="thr_1") == newer
    for miss in ("0", "0000", "3", "9999"):
        with pytest.raises(NotFound):
            await tasks.find(ANNA, miss, thread_id="thr_1")


async def test_a_place_whose_task_is_gone_is_not_found_and_the_others_stay(
    tasks: Tasks, database: Database
) -> None:
    first, second = await add(tasks, "first"), await add(tasks, "second")
    await add_thread(database, "thr_1")
    await tasks.remember_shown(ANNA, "thr_1", [first.id, second.id])
    await tasks.delete(ANNA, first.id)
    with pytest.raises(NotFound):
        await tasks.find(ANNA, "1", thread_id="thr_1")
    with pytest.raises(NotFound):
        await tasks.find(ANNA, "3", thread_id="thr_1")
    assert await tasks.find(ANNA, "2", thread_id="thr_1") == second


async def test_a_uuid_or_its_only_beginning_finds_the_task(
    tasks: Tasks, database: Database
) -> None:
    task, other = await add(tasks, "this"), await add(tasks, "other")
    for row, uuid in (
        (task, "abcd1234-aaaa-4aaa-8aaa-aaaaaaaaaaaa"),
        (other, "abcd5678-bbbb-4bbb-8bbb-bbbbbbbbbbbb"),
    ):
        await database.execute("UPDATE tasks SET id = $2 WHERE id = $1", UUID(row.id), UUID(uuid))
    for hit in ("abcd1", "ABCD1234", "abcd1234-", "abcd1234-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
                "{abcd1234-aaaa-4aaa-8aaa-aaaaaaaaaaaa}"):  # fmt: skip
        assert (await tasks.find(ANNA, hit, thread_id=None)).title == "this"
    for miss in ("abcd", "abc", "abcd-1234", "abcd1234aaaa", "", "mil%", "abcd12345",
                 "abcd1234-aaaa-4aaa-8aaa-aaaaaaaaaaaa0"):  # fmt: skip
        with pytest.raises(NotFound):
            await tasks.find(ANNA, miss, thread_id=None)
