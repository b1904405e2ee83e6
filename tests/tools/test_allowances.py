"""What a model may change without a question, what waits on a card, and what can be taken back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from typing import Any, Literal
from uuid import UUID

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.leases import Begun, Ending, Lease, NewTurn, RequestKey
from chatkit.protocol.bodies import Body, ClientToolCall, StructuredInput, UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import Forbidden, NotFound
from chatkit.protocol.items import Item
from chatkit.protocol.structured import Question
from chatkit.todo.changes import THE_USER, Author, TaskChange
from chatkit.todo.tasks import TaskChanges, TaskDraft, TaskQuery
from store.erasure import Erasure
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from store.turns import StoredTurns
from tools.tasks import TaskResult, TaskTools

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(slots=True)
class Thread:
    """A thread of anna's in which turns begin, run and end, and in which a model calls tools."""

    database: Database
    tools: TaskTools
    id: str = "thr_1"
    lease: Lease | None = None
    numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def tasks(self) -> Tasks:
        return Tasks(self.database)

    @property
    def turns(self) -> StoredTurns:
        return StoredTurns(self.database, owner="one", lease_s=60)

    def _new(self, item_id: str | None = None) -> NewTurn:
        number = next(self.numbers)
        key = RequestKey(
            key=f"body:{number}", body_hash=sha256(b"%d" % number).digest(), explicit=False
        )
        return NewTurn(
            turn_id=f"trn_{number}",
            item_id=item_id or f"msg_{number}",
            model="m",
            language="en",
            key=key,
        )

    async def message(self) -> str:
        """The user says something; the id of the message."""
        await self._end()
        new, said = self._new(), UserMessage(content=(InputText(text="…"),))
        try:
            begun = await self.turns.begin_message("anna", self.id, new, said, NOW)
        except NotFound:
            begun = await self.turns.begin_thread("anna", self.id, new, said, NOW)
        assert isinstance(begun, Begun)
        self.lease = begun.lease
        return new.item_id

    async def retry(self, item_id: str) -> None:
        """The user asks for another answer to a message."""
        await self._end()
        begun = await self.turns.begin_retry("anna", self.id, self._new(item_id))
        assert isinstance(begun, Begun)
        self.lease = begun.lease

    async def answer_a_client_tool(self) -> None:
        """The turn that runs ends with a call of the page's, and the page answers it."""
        await self._reply(
            ClientToolCall(call_id=f"call_{next(self.numbers)}", name="get_cart", arguments={}),
            lambda body: replace(body, status="completed", output={}, has_output=True),
        )

    async def answer_a_form(self, status: Literal["answered", "skipped"]) -> None:
        """The turn that runs ends with questions, and the user fills them in or does not."""
        asked = StructuredInput(questions=(Question(id="q1", question="Which colour?"),))
        await self._reply(asked, lambda body: replace(body, status=status))

    async def _reply(self, asked: Body, answer: Callable[[Any], Body]) -> None:
        item_id = f"itm_{next(self.numbers)}"
        await self._end(Item(id=item_id, thread_id=self.id, created_at=NOW, body=asked))
        begun = await self.turns.begin_reply(
            "anna", self.id, self._new(item_id), asked.type, answer
        )
        assert isinstance(begun, Begun)
        self.lease = begun.lease

    async def _end(self, *items: Item) -> None:
        if self.lease is not None:
            await self.turns.finish(self.lease, Ending(state="done", items=items))

    async def add(self, number: int) -> list[str]:
        """New tasks; their ids."""
        added = [await self.tasks.add("anna", TaskDraft(title=f"t{n}")) for n in range(number)]
        return [task.id for task in added]

    async def calls(self, *calls: tuple[str, dict[str, Any]]) -> list[TaskResult]:
        """The results of one round of the model's calls, in order."""
        assert self.lease is not None
        who = Caller(
            user_id="anna",
            thread_id=self.id,
            turn_id=self.lease.turn_id,
            shows_cards=True,
            round=tuple((name, json.dumps(arguments)) for name, arguments in calls),
        )
        return [await self.tools.by_name[name](arguments, who) for name, arguments in calls]

    async def delete(self, *task_ids: str) -> list[bool]:
        """All in one round; whether each is gone."""
        calls = [("delete_task", {"task_id": task_id}) for task_id in task_ids]
        return [result.body["success"] for result in await self.calls(*calls)]

    async def rename(self, *task_ids: str, title: str = "overwritten") -> list[bool]:
        """All in one round; whether each is renamed."""
        calls = [("update_task", {"task_id": each, "title": title}) for each in task_ids]
        return [result.body["success"] for result in await self.calls(*calls)]

    async def undo(self) -> str:
        """What the tool says."""
        (result,) = await self.calls(("undo", {}))
        return str(result.body["message"])

    async def titles(self) -> list[str]:
        """All titles, oldest first."""
        page = await self.tasks.list(
            "anna", TaskQuery(today=date(2026, 11, 22), sort="oldest", limit=100)
        )
        return [task.title for task in page.tasks]


def waits(result: TaskResult) -> bool:
    """Whether the user is asked on a card, and the turn ends with it."""
    if result.card is None:
        return False
    assert (result.body["success"], result.body["waiting"]) == (False, True)
    assert (result.card.name, result.card.ends_turn) == ("confirm_changes", True)
    return True


@pytest.fixture
async def thread(database_url: str) -> AsyncIterator[Thread]:
    database = await Database.connect(database_url, max_connections=8)
    tools = TaskTools(Tasks(database), StoredTaskHistory(database), now=lambda: NOW)
    thread = Thread(database, tools)
    await thread.message()
    yield thread
    await database.close()


# --- Deletions ------------------------------------------------------------------------------------


async def test_one_task_is_deleted_at_once_and_a_second_one_waits(thread: Thread) -> None:
    first, second = await thread.add(2)
    assert await thread.delete(first) == [True]
    for _ in range(2):  # however often it is asked for
        (result,) = await thread.calls(("delete_task", {"task_id": second}))
        assert waits(result)
    assert await thread.titles() == ["t1"]


async def test_of_several_in_one_round_none_is_deleted(thread: Thread) -> None:
    ids = await thread.add(5)
    results = await thread.calls(*(("delete_task", {"task_id": each}) for each in ids))
    assert all(map(waits, results))
    assert len(await thread.titles()) == 5


async def test_no_word_of_the_users_deletes_what_waits(thread: Thread) -> None:
    ids = await thread.add(6)
    assert await thread.delete(*ids) == [False] * 6
    await thread.message()  # "NO!! Do not delete anything", or "yes"
    assert await thread.delete(*ids) == [False] * 6
    await thread.answer_a_client_tool()
    assert await thread.delete(*ids) == [False] * 6
    await thread.answer_a_form("answered")
    assert await thread.delete(*ids) == [False] * 6
    assert len(await thread.titles()) == 6


async def test_a_message_is_good_for_one_deletion_however_many_turns_answer_it(
    thread: Thread,
) -> None:
    first, *others = await thread.add(4)
    message = await thread.message()
    assert await thread.delete(first) == [True]
    await thread.answer_a_client_tool()
    assert await thread.delete(others[0]) == [False]
    await thread.answer_a_form("answered")
    assert await thread.delete(others[1]) == [False]
    await thread.retry(message)
    assert await thread.delete(others[2]) == [False]
    await thread.message()
    assert await thread.delete(others[0]) == [True]


async def test_a_task_of_another_user_is_missing_and_spends_nothing(thread: Thread) -> None:
    (own,) = await thread.add(1)
    foreign = await thread.tasks.add("ben", TaskDraft(title="t"))
    for missing in (foreign.id, "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            await thread.calls(("delete_task", {"task_id": missing}))
    assert await thread.delete(own) == [True]


# --- Overwriting ----------------------------------------------------------------------------------


async def test_three_titles_or_descriptions_are_overwritten_at_once_and_a_fourth_waits(
    thread: Thread,
) -> None:
    ids = await thread.add(5)
    assert await thread.rename(*ids[:3]) == [True] * 3
    assert await thread.rename(ids[3]) == [False]
    (result,) = await thread.calls(("update_task", {"task_id": ids[4], "description": "x"}))
    assert waits(result)
    assert await thread.titles() == ["overwritten"] * 3 + ["t3", "t4"]
    await thread.message()
    assert await thread.rename(ids[3]) == [True]


async def test_of_a_round_that_overwrites_too_much_nothing_is_done(thread: Thread) -> None:
    ids = await thread.add(64)
    assert await thread.rename(*ids) == [False] * 64
    assert "overwritten" not in await thread.titles()


async def test_a_deletion_too_many_makes_the_overwrites_beside_it_wait(thread: Thread) -> None:
    ids = await thread.add(3)
    results = await thread.calls(
        ("update_task", {"task_id": ids[0], "title": "new"}),
        ("delete_task", {"task_id": ids[1]}),
        ("delete_task", {"task_id": ids[2]}),
    )
    assert all(map(waits, results))
    assert await thread.titles() == ["t0", "t1", "t2"]


async def test_a_round_whose_calls_go_by_other_names_gets_no_further(thread: Thread) -> None:
    ids = await thread.add(3)
    assert thread.lease is not None
    who = Caller(
        user_id="anna",
        thread_id=thread.id,
        turn_id=thread.lease.turn_id,
        round=(("remove", "{}"),) * 3,
    )
    delete = thread.tools.by_name["delete_task"]
    results = [await delete({"task_id": each}, who) for each in ids]
    assert [result.body["success"] for result in results] == [True, False, False]


async def test_what_can_be_told_apart_from_an_overwrite_is_free(thread: Thread) -> None:
    ids = await thread.add(8)
    free: list[dict[str, Any]] = [
        {"priority": "high"}, {"tags": ["a"]}, {"due_date": "2026-12-01"}, {"completed": True},
        {"category": "work"}, {"recurrence": "daily"}, {"title": None, "priority": "low"},
    ]  # fmt: skip
    calls = [
        ("update_task", {"task_id": task_id, **fields})
        for task_id, fields in zip(ids, free, strict=False)
    ]
    results = await thread.calls(*calls, ("complete_task", {"task_id": ids[7]}))
    assert all(result.body["success"] for result in results)
    assert await thread.rename(*ids[:3]) == [True] * 3


async def test_what_the_user_agreed_to_on_a_card_spends_nothing(thread: Thread) -> None:
    ids = await thread.add(4)
    assert thread.lease is not None
    by = Author(kind="model", thread_id=thread.id, turn_id=thread.lease.turn_id, approved=True)
    for task_id in ids[:3]:
        await thread.tasks.delete("anna", task_id, by)
    assert await thread.delete(ids[3]) == [True]


# --- Agents at /mcp -------------------------------------------------------------------------------


async def test_an_agent_may_delete_one_and_overwrite_three_in_ten_minutes(thread: Thread) -> None:
    ids = await thread.add(6)
    agent = Caller(user_id="anna")
    call = thread.tools.by_name
    await call["delete_task"]({"task_id": ids[0]}, agent)
    with pytest.raises(Forbidden):
        await call["delete_task"]({"task_id": ids[1]}, agent)
    for task_id in ids[1:4]:
        await call["update_task"]({"task_id": task_id, "title": "new"}, agent)
    with pytest.raises(Forbidden):
        await call["update_task"]({"task_id": ids[4], "description": "new"}, agent)
    await call["update_task"]({"task_id": ids[4], "priority": "high"}, agent)
    await thread.database.execute("UPDATE task_changes SET at = at - interval '10 minutes'")
    await call["delete_task"]({"task_id": ids[1]}, agent)
    assert len(await thread.titles()) == 4


async def test_of_an_agents_calls_at_once_no_more_are_done(thread: Thread) -> None:
    ids = await thread.add(20)
    agent = Caller(user_id="anna")
    delete = thread.tools.by_name["delete_task"]
    done = await asyncio.gather(
        *(delete({"task_id": each}, agent) for each in ids), return_exceptions=True
    )
    assert sum(isinstance(each, TaskResult) for each in done) == 1
    assert sum(isinstance(each, Forbidden) for each in done) == 19


# --- Taking back ----------------------------------------------------------------------------------


async def test_undo_takes_back_all_that_the_last_answer_changed(thread: Thread) -> None:
    ids = await thread.add(4)
    before = await thread.tasks.get_several("anna", ids)
    await thread.message()
    await thread.calls(
        ("add_task", {"title": "new"}),
        (
            "update_task",
            {"task_id": ids[0], "title": "other", "tags": ["x"], "due_date": "2026-12-01"},
        ),
        ("update_task", {"task_id": ids[0], "description": "more"}),
        ("delete_task", {"task_id": ids[1]}),
        ("complete_task", {"task_id": ids[2]}),
    )
    await thread.message()
    told = await thread.undo()
    assert "“new” is gone again." in told
    assert await thread.titles() == ["t0", "t1", "t2", "t3"]
    after = await thread.tasks.get_several("anna", ids)
    assert [replace(each, updated_at=NOW) for each in after] == [
        replace(each, updated_at=NOW) for each in before
    ]


async def test_undo_of_an_undo_brings_it_back(thread: Thread) -> None:
    (task,) = await thread.add(1)
    await thread.message()
    await thread.rename(task)
    await thread.message()
    await thread.undo()
    assert await thread.titles() == ["t0"]
    await thread.message()
    await thread.undo()
    assert await thread.titles() == ["overwritten"]


async def test_completing_a_recurring_task_is_undone_with_the_one_it_made(thread: Thread) -> None:
    task = await thread.tasks.add("anna", TaskDraft(title="rent", recurrence="monthly"))
    await thread.message()
    await thread.calls(("complete_task", {"task_id": task.id}))
    assert await thread.titles() == ["rent", "rent"]
    await thread.message()
    await thread.undo()
    assert await thread.titles() == ["rent"]
    assert (await thread.tasks.get("anna", task.id)).completed is False


async def test_what_was_changed_since_is_left_alone(thread: Thread) -> None:
    first, second = await thread.add(2)
    await thread.message()
    await thread.rename(first, second)
    await thread.tasks.update("anna", first, TaskChanges({"title": "mine"}))
    await thread.message()
    assert "1 left alone" in await thread.undo()
    assert await thread.titles() == ["mine", "t1"]


async def test_there_may_be_nothing_to_take_back(thread: Thread) -> None:
    await thread.add(1)  # by the user
    assert await thread.undo() == "There is nothing to take back here."
    other = Thread(thread.database, thread.tools, id="thr_2", numbers=thread.numbers)
    await other.message()
    (task,) = await thread.add(1)
    await other.rename(task)
    await thread.message()
    assert await thread.undo() == "There is nothing to take back here."
    await other.message()
    await thread.database.execute("UPDATE task_changes SET at = at - interval '7 days'")
    assert await other.undo() == "There is nothing to take back here."


async def test_an_agent_takes_back_its_last_call(thread: Thread) -> None:
    (task,) = await thread.add(1)
    agent, call = Caller(user_id="anna"), thread.tools.by_name
    await call["update_task"]({"task_id": task, "title": "one"}, agent)
    await call["update_task"]({"task_id": task, "title": "two"}, agent)
    await call["undo"]({}, agent)
    assert await thread.titles() == ["one"]
    await call["undo"]({}, Caller(user_id="ben"))
    assert await thread.titles() == ["one"]


async def test_a_task_is_restored_as_it_was_before_its_last_change(thread: Thread) -> None:
    history = StoredTaskHistory(thread.database)
    ids = await thread.add(3)
    middle = await thread.tasks.get("anna", ids[1])
    await thread.tasks.delete("anna", ids[1])
    restored = await history.restore("anna", ids[1], THE_USER)
    assert replace(restored, updated_at=NOW) == replace(middle, updated_at=NOW)
    assert await thread.titles() == ["t0", "t1", "t2"]
    await thread.tasks.update("anna", ids[0], TaskChanges({"title": "other"}))
    assert (await history.restore("anna", ids[0], THE_USER)).title == "t0"
    assert (await history.restore("anna", ids[0], THE_USER)).title == "other"
    for user_id, task_id in (("ben", ids[1]), ("anna", ids[2]), ("anna", "nonsense")):
        with pytest.raises(NotFound):
            await history.restore(user_id, task_id, THE_USER)


async def test_of_requests_at_once_that_restore_a_task_one_does(thread: Thread) -> None:
    history = StoredTaskHistory(thread.database)
    (task,) = await thread.add(1)
    await thread.tasks.delete("anna", task)
    done = await asyncio.gather(
        *(history.restore("anna", task, THE_USER) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(each, NotFound) for each in done) == 7
    assert await thread.titles() == ["t0"]


async def test_a_change_of_another_process_is_undone_here(
    thread: Thread, database_url: str
) -> None:
    (task,) = await thread.add(1)
    await thread.message()
    await thread.rename(task)
    await thread.message()
    there = await Database.connect(database_url, max_connections=2)
    here, thread.tools = (
        thread.tools,
        TaskTools(Tasks(there), StoredTaskHistory(there), now=lambda: NOW),
    )
    assert "“t0” is as it was." in await thread.undo()
    thread.tools = here
    await there.close()
    assert await thread.titles() == ["t0"]


async def test_changes_at_once_are_all_kept_in_their_order(thread: Thread) -> None:
    history = StoredTaskHistory(thread.database)
    (task,) = await thread.add(1)
    await asyncio.gather(
        *(thread.tasks.update("anna", task, TaskChanges({"title": f"v{n}"})) for n in range(12))
    )
    rows = await thread.database.fetch(
        "SELECT before ->> 'title' AS before, after ->> 'title' AS after FROM task_changes"
        " WHERE task_id = $1 AND before IS NOT NULL",
        UUID(task),
    )
    after = {row["before"]: row["after"] for row in rows}
    assert len(after) == 12  # each began where another had ended
    title = "t0"
    for _ in range(12):
        title = after[title]
    assert await thread.titles() == [title]
    last = next(before for before, now in after.items() if now == title)
    assert (await history.restore("anna", task, THE_USER)).title == last


async def test_without_a_message_that_counts_it_the_user_is_asked(thread: Thread) -> None:
    ids = await thread.add(2)
    await thread.database.execute("DELETE FROM items WHERE type = 'user_message'")
    assert await thread.delete(ids[0]) == [False]
    assert await thread.rename(ids[1]) == [False]


async def test_a_change_is_forgotten_after_a_week_and_with_the_users_data(thread: Thread) -> None:
    history = StoredTaskHistory(thread.database)
    (task,) = await thread.add(1)
    await thread.tasks.delete("anna", task)
    await thread.database.execute("UPDATE task_changes SET at = at - interval '8 days'")
    with pytest.raises(NotFound):
        await history.restore("anna", task, THE_USER)
    await thread.add(1)
    await history.sweep()
    count = "SELECT count(*) FROM task_changes WHERE user_id = 'anna'"
    assert await thread.database.fetchval(count) == 1
    await Erasure(thread.database).erase("anna")
    assert await thread.database.fetchval(count) == 0


async def test_every_change_is_told_with_before_and_after(thread: Thread) -> None:
    told: list[TaskChange] = []
    tasks = Tasks(thread.database, changed=lambda _, change: told.append(change))
    by = Author(kind="model", thread_id=thread.id, turn_id="trn_9")
    task = await tasks.add("anna", TaskDraft(title="rent", recurrence="daily"), by)
    await tasks.update("anna", task.id, TaskChanges({"title": "Rent"}), by)
    done = await tasks.complete("anna", task.id, completed=True, today=NOW.date(), by=by)
    await tasks.complete("anna", task.id, completed=True, today=NOW.date(), by=by)  # it was
    await tasks.delete("anna", task.id, by)
    assert done.next_task is not None
    assert [(each.task_id, each.before is None, each.after is None) for each in told] == [
        (task.id, True, False),
        (task.id, False, False),
        (task.id, False, False),
        (done.next_task.id, True, False),
        (task.id, False, True),
    ]
    renamed = told[1]
    assert renamed.before is not None
    assert renamed.after is not None
    assert (renamed.before["title"], renamed.after["title"]) == ("rent", "Rent")
    assert renamed.before.keys() == {"title", "updated_at"}
    assert all(each.author is by for each in told)
