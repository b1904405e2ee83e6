"""What completing a recurring task creates."""

from __future__ import annotations

import asyncio
import calendar
from datetime import date, timedelta

import pytest

from chatkit.todo.tasks import Recurrence, parse_changes
from store.postgres import Database
from store.tasks import Tasks
from tests.store.kept_tasks import ANNA, TODAY, add, titles


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
