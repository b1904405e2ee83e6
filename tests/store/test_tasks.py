"""The to-do list against a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from chatkit.ports.tasks import TaskStore
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.todo.tasks import Task, TaskDraft, TaskQuery, parse_changes
from store.postgres import Database
from store.tasks import Tasks
from tests.store.kept_tasks import ANNA, BEN, TODAY, add, add_thread, titles


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
