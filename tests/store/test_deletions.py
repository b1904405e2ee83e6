"""What a model may delete: one task for a message, and more of them only after the user's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from typing import Any, Literal

import pytest

from chatkit.answer.leases import Begun, Ending, Lease, NewTurn, RequestKey
from chatkit.protocol.bodies import Body, ClientToolCall, StructuredInput, UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import NotFound
from chatkit.protocol.items import Item
from chatkit.protocol.structured import Question
from chatkit.todo.tasks import Task, TaskDraft, TaskQuery
from store.postgres import Database
from store.tasks import Tasks
from store.turns import StoredTurns

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(slots=True)
class Thread:
    """A thread of anna's in which turns begin, run and end."""

    database: Database
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

    async def delete(self, task_id: str, *, alone: bool = True) -> Task | None:
        """As the model of the turn that runs."""
        assert self.lease is not None
        return await self.tasks.delete_in_turn(
            "anna", task_id, thread_id=self.id, turn_id=self.lease.turn_id, alone=alone
        )

    async def delete_all(self, *task_ids: str) -> list[bool]:
        """All in one round; whether each is gone."""
        alone = len(task_ids) == 1
        done = await asyncio.gather(*(self.delete(each, alone=alone) for each in task_ids))
        return [task is not None for task in done]

    async def left(self) -> int:
        """How many tasks there are."""
        page = await self.tasks.list("anna", TaskQuery(today=date(2026, 11, 22)))
        return page.total


@pytest.fixture
async def thread(database_url: str) -> AsyncIterator[Thread]:
    database = await Database.connect(database_url, max_connections=8)
    thread = Thread(database)
    await thread.message()
    yield thread
    await database.close()


async def test_one_task_is_deleted_at_once_and_a_second_one_is_put_off(thread: Thread) -> None:
    first, second = await thread.add(2)
    deleted = await thread.delete(first)
    assert deleted is not None
    assert deleted.id == first
    assert await thread.delete(second) is None
    assert await thread.delete(second) is None  # however often it is asked for
    assert await thread.left() == 1


async def test_of_several_in_one_round_none_is_deleted(thread: Thread) -> None:
    ids = await thread.add(5)
    assert await thread.delete_all(*ids) == [False] * 5
    assert await thread.left() == 5


async def test_of_simultaneous_calls_that_claim_to_be_alone_one_is_carried_out(
    thread: Thread,
) -> None:
    ids = await thread.add(6)
    done = await asyncio.gather(*(thread.delete(each) for each in ids))
    assert sum(task is not None for task in done) == 1
    assert await thread.left() == 5


async def test_after_the_users_next_message_what_was_put_off_is_deleted(thread: Thread) -> None:
    ids = await thread.add(5)
    await thread.delete_all(*ids)
    await thread.message()
    assert await thread.delete_all(*ids) == [True] * 5
    assert await thread.left() == 0


async def test_what_the_user_keeps_is_not_deleted_after_the_next_message(thread: Thread) -> None:
    ids = await thread.add(4)
    await thread.delete_all(*ids)
    await thread.tasks.keep("ben", thread.id, ids)  # who has no say here
    await thread.tasks.keep("anna", thread.id, [*ids[:2], "nonsense"])
    await thread.message()
    assert await thread.delete_all(*ids) == [False, False, True, True]


async def test_no_other_task_comes_along(thread: Thread) -> None:
    *asked, other = await thread.add(4)
    await thread.delete_all(*asked)
    await thread.message()
    assert await thread.delete_all(*asked, other) == [True, True, True, False]
    assert await thread.left() == 1


async def test_a_retry_is_no_word_of_the_users(thread: Thread) -> None:
    ids = await thread.add(3)
    message = await thread.message()
    await thread.delete_all(*ids)
    await thread.retry(message)
    assert await thread.delete_all(*ids) == [False] * 3
    await thread.message()
    assert await thread.delete_all(*ids) == [True] * 3


async def test_what_the_page_answers_is_no_word_of_the_users(thread: Thread) -> None:
    ids = await thread.add(4)
    await thread.delete_all(*ids)
    await thread.answer_a_client_tool()
    assert await thread.delete_all(*ids) == [False] * 4
    await thread.answer_a_client_tool()
    assert await thread.delete_all(*ids) == [False] * 4
    await thread.message()
    assert await thread.delete_all(*ids) == [True] * 4


@pytest.mark.parametrize("status", ["answered", "skipped"])
async def test_a_form_is_no_word_of_the_users(
    thread: Thread, status: Literal["answered", "skipped"]
) -> None:
    ids = await thread.add(3)
    await thread.delete_all(*ids)
    await thread.answer_a_form(status)
    assert await thread.delete_all(*ids) == [False] * 3
    await thread.message()
    assert await thread.delete_all(*ids) == [True] * 3


async def test_an_agreement_holds_in_all_turns_that_answer_it(thread: Thread) -> None:
    ids = await thread.add(3)
    await thread.delete_all(*ids)
    await thread.message()
    assert await thread.delete(ids[0], alone=False) is not None
    await thread.answer_a_client_tool()
    await thread.answer_a_form("skipped")
    assert await thread.delete_all(*ids[1:]) == [True] * 2


async def test_a_message_is_good_for_one_deletion_however_many_turns_answer_it(
    thread: Thread,
) -> None:
    first, *others = await thread.add(4)
    message = await thread.message()
    assert await thread.delete(first) is not None
    await thread.answer_a_client_tool()
    assert await thread.delete(others[0]) is None
    await thread.answer_a_form("answered")
    assert await thread.delete(others[1]) is None
    await thread.retry(message)
    assert await thread.delete(others[2]) is None
    await thread.message()
    assert await thread.delete_all(*others) == [True] * 3


async def test_the_one_deletion_can_wait_for_a_form_to_be_filled_in(thread: Thread) -> None:
    meant, _ = await thread.add(2)
    await thread.answer_a_form("answered")
    assert await thread.delete(meant) is not None


async def test_the_answer_to_the_agreement_can_be_retried(thread: Thread) -> None:
    ids = await thread.add(3)
    await thread.delete_all(*ids)
    agreement = await thread.message()
    await thread.retry(agreement)
    assert await thread.delete_all(*ids) == [True] * 3


async def test_an_agreement_does_not_outlast_the_answer_to_it(thread: Thread) -> None:
    ids = await thread.add(3)
    await thread.delete_all(*ids)
    await thread.message()
    await thread.message()
    assert await thread.delete_all(*ids) == [False] * 3


async def test_what_was_put_off_long_ago_is_forgotten(thread: Thread) -> None:
    ids = await thread.add(6)
    await thread.delete_all(*ids[:2])
    await thread.message()
    await thread.delete_all(*ids[2:4])
    await thread.message()
    await thread.delete_all(*ids[4:])
    kept = await thread.database.fetchval(
        "SELECT array_agg(key) FROM threads, jsonb_object_keys(asked_deletions) AS key"
    )
    assert sorted(kept) == sorted(ids[2:])


async def test_an_agreement_in_one_thread_is_none_in_another(thread: Thread) -> None:
    ids = await thread.add(2)
    await thread.delete_all(*ids)
    other = Thread(thread.database, id="thr_2", numbers=thread.numbers)
    await other.message()
    await other.message()
    assert await other.delete_all(*ids) == [False] * 2


async def test_a_task_of_another_user_is_missing_and_spends_nothing(thread: Thread) -> None:
    (own,) = await thread.add(1)
    foreign = await thread.tasks.add("ben", TaskDraft(title="t"))
    for missing in (foreign.id, "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            await thread.delete(missing)
    assert await thread.delete(own) is not None


async def test_a_turn_of_another_thread_or_user_deletes_nothing(thread: Thread) -> None:
    (own,) = await thread.add(1)
    for user_id, turn_id in (("anna", "trn_unknown"), ("ben", "trn_1")):
        with pytest.raises(NotFound):
            await thread.tasks.delete_in_turn(
                user_id, own, thread_id=thread.id, turn_id=turn_id, alone=True
            )
    assert await thread.left() == 1
