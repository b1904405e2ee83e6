"""What a list of tasks holds: pages, filters and sorts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chatkit.protocol.errors import BadRequest
from chatkit.todo.tasks import Sort, StatusFilter, TaskQuery
from store.tasks import Tasks
from tests.store.kept_tasks import ANNA, TODAY, add, titles


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
async def test_a_status_selects(tasks: Tasks, status: StatusFilter, expected: set[str]) -> None:
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
