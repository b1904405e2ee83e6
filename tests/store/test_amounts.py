"""What a user stores is counted exactly, whoever changes it, and bounded when it is accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count

import pytest

from chatkit.access.quotas import Amounts, Quotas
from chatkit.answer.leases import Begun, Ending, Lease, NewTurn, RequestKey
from chatkit.ports.imports import ImportedItem, ImportedThread
from chatkit.protocol.attachments import NewFile
from chatkit.protocol.bodies import AssistantMessage, UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import StorageFull
from chatkit.protocol.items import Item, ThreadStatus
from chatkit.todo.changes import THE_USER
from chatkit.todo.tasks import TaskChanges, TaskDraft
from store.amounts import StoredAmounts
from store.erasure import Erasure
from store.files import Files
from store.imports import Imports
from store.postgres import Database
from store.sessions import Sessions
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from store.threads import Threads
from store.turns import StoredTurns
from tests.store.recount import check_amounts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA = "ada"
#: How many requests come at once.
AT_ONCE = 50


@dataclass(slots=True)
class Shop:
    """Everything that stores something, under the same quotas."""

    database: Database
    quotas: Quotas
    numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def tasks(self) -> Tasks:
        return Tasks(self.database, self.quotas)

    @property
    def threads(self) -> Threads:
        return Threads(self.database, quotas=self.quotas)

    @property
    def turns(self) -> StoredTurns:
        return StoredTurns(self.database, owner="one", lease_s=60, quotas=self.quotas)

    async def used(self, user: str = ADA) -> Amounts:
        used, _ = await StoredAmounts(self.database, self.quotas).load(user)
        return used

    def turn(self, item_id: str | None = None) -> NewTurn:
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

    async def thread(self, text: str = "Hello", user: str = ADA) -> Lease:
        """Begin a thread."""
        turn = self.turn()
        begun = await self.turns.begin_thread(user, f"thr_{turn.turn_id}", turn, said(text), NOW)
        assert isinstance(begun, Begun)
        return begun.lease

    async def message(self, thread_id: str, text: str) -> Lease:
        """Add to a thread."""
        begun = await self.turns.begin_message(ADA, thread_id, self.turn(), said(text), NOW)
        assert isinstance(begun, Begun)
        return begun.lease

    async def answer(self, lease: Lease, text: str, *, keep: bool = True) -> None:
        """End a turn."""
        item = Item(
            id=f"msg_of_{lease.turn_id}",
            thread_id=lease.thread_id,
            created_at=NOW,
            body=AssistantMessage(text=text),
        )
        ending = Ending(state="done" if keep else "failed", items=(item,), keep=keep)
        await self.turns.finish(lease, ending)

    async def session(self, user: str = ADA, expires_in: int = 3600) -> str:
        number = next(self.numbers)
        session = await Sessions(self.database, self.quotas).open(
            user,
            secret_hash=sha256(b"%d" % number).digest(),
            scope="chat",
            expires_in=expires_in,
            origin=None,
            name=None,
        )
        return session.id

    async def file(self, size: int = 100) -> str:
        file_id = f"atc_{next(self.numbers)}"
        file = NewFile(name="a.txt", size=size, mime_type="text/plain", is_image=False)
        await Files(self.database, self.quotas).create(ADA, file_id, file)
        return file_id

    async def import_thread(self, text: str = "Hello") -> bool:
        number = next(self.numbers)
        item = ImportedItem(
            id=f"msg_i{number}",
            turn_id=f"trn_i{number}",
            type="end_of_turn",
            body=f'{{"text": "{text}"}}',
            created_at=NOW,
        )
        thread = ImportedThread(
            id=f"thr_i{number}",
            source_id=f"source {number}",
            title="Old",
            titled=True,
            status=ThreadStatus(),
            created_at=NOW,
            items=(item,),
        )
        async with Imports(self.database, self.quotas).begin(ADA) as running:
            return await running.add_thread(thread)


def said(text: str) -> UserMessage:
    return UserMessage(content=(InputText(text=text),))


NewShop = Callable[..., Shop]


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[NewShop]:
    """Makes the stores under given quotas. After a test, what is counted is what is stored."""
    yield lambda **most: Shop(database, Quotas(**most))
    await check_amounts(database)


async def outcomes(make: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    """Of `AT_ONCE` requests at once, how many were taken and how many were refused."""
    done = await asyncio.gather(*(make() for _ in range(AT_ONCE)), return_exceptions=True)
    refused = sum(isinstance(each, StorageFull) for each in done)
    assert refused == sum(isinstance(each, BaseException) for each in done), done
    return AT_ONCE - refused, refused


async def test_tasks_at_once_keep_to_the_limit(shop: NewShop) -> None:
    stores = shop(tasks=7)
    assert await outcomes(lambda: stores.tasks.add(ADA, TaskDraft(title="a"))) == (7, 43)
    assert (await stores.used()).tasks == 7


async def test_threads_at_once_keep_to_the_limit(shop: NewShop) -> None:
    stores = shop(threads=7)
    assert await outcomes(stores.thread) == (7, 43)


async def test_sessions_at_once_keep_to_the_limit(shop: NewShop) -> None:
    stores = shop(sessions=7)
    assert await outcomes(stores.session) == (7, 43)


async def test_files_at_once_keep_to_the_limit(shop: NewShop) -> None:
    stores = shop(file_bytes=799)
    assert await outcomes(stores.file) == (7, 43)


async def test_texts_at_once_keep_to_the_limit(shop: NewShop) -> None:
    one = shop()
    await one.thread()
    size = (await one.used()).text_bytes
    stores = Shop(one.database, Quotas(text_bytes=8 * size + 7), one.numbers)
    taken, _ = await outcomes(stores.thread)
    assert taken == 7
    assert (await stores.used()).text_bytes <= 8 * size + 7


async def test_texts_of_all_kinds_fill_the_same_room(shop: NewShop) -> None:
    stores = shop(text_bytes=2100)
    thread = await stores.thread("x" * 1500)
    await stores.answer(thread, "an answer")
    task = await stores.tasks.add(ADA, TaskDraft(title="small"))
    for more in (
        stores.message(thread.thread_id, "y" * 300),
        stores.threads.rename(ADA, thread.thread_id, "z" * 300),
        stores.tasks.add(ADA, TaskDraft(title="t", description="d" * 300)),
        stores.tasks.update(ADA, task.id, TaskChanges({"description": "d" * 300})),
        stores.import_thread("i" * 300),
    ):
        before = await stores.used()
        with pytest.raises(StorageFull) as refused:
            await more
        assert refused.value.code == "storage_full"
        assert await stores.used() == before


async def test_a_message_that_is_refused_leaves_nothing_and_its_key_is_free(shop: NewShop) -> None:
    stores = shop(text_bytes=400)
    thread = await stores.thread()
    await stores.answer(thread, "an answer")
    turn = stores.turn()
    with pytest.raises(StorageFull):
        await stores.turns.begin_message(ADA, thread.thread_id, turn, said("x" * 400), NOW)
    again = await stores.turns.begin_message(ADA, thread.thread_id, turn, said("x"), NOW)
    assert isinstance(again, Begun)


async def test_an_answer_may_be_longer_than_the_room(shop: NewShop) -> None:
    stores = shop(text_bytes=400)
    thread = await stores.thread()
    await stores.answer(thread, "x" * 5000)
    assert (await stores.used()).text_bytes > 5000
    with pytest.raises(StorageFull):
        await stores.message(thread.thread_id, "y")


async def test_a_deleted_thread_gives_all_its_room_back(shop: NewShop) -> None:
    stores = shop(threads=1, text_bytes=500)
    thread = await stores.thread("x" * 100)
    await stores.answer(thread, "y" * 1000)
    with pytest.raises(StorageFull):
        await stores.thread()
    await stores.threads.delete(ADA, thread.thread_id)
    assert await stores.used() == Amounts()
    await stores.thread()


async def test_deleted_tasks_and_revoked_sessions_give_their_room_back(shop: NewShop) -> None:
    stores = shop(tasks=1, sessions=1)
    task = await stores.tasks.add(ADA, TaskDraft(title="a"))
    await stores.tasks.delete(ADA, task.id)
    await stores.tasks.add(ADA, TaskDraft(title="b"))
    session = await stores.session()
    await Sessions(stores.database).revoke(ADA, session)
    await stores.session()


async def test_expired_sessions_take_no_room(shop: NewShop) -> None:
    stores = shop(sessions=2)
    for _ in range(5):
        await stores.session(expires_in=0)


async def test_a_deleted_file_gives_its_room_back(shop: NewShop) -> None:
    stores = shop(file_bytes=100)
    file = await stores.file()
    with pytest.raises(StorageFull):
        await stores.file()
    await Files(stores.database).delete_unsent(ADA, file)
    await stores.file()


@pytest.mark.parametrize("keep", [True, False])
async def test_a_retry_counts_the_answer_that_stays(shop: NewShop, keep: bool) -> None:
    stores = shop()
    thread = await stores.thread()
    await stores.answer(thread, "x" * 1000)
    before = (await stores.used()).text_bytes
    begun = await stores.turns.begin_retry(ADA, thread.thread_id, stores.turn("msg_1"))
    assert isinstance(begun, Begun)
    await stores.answer(begun.lease, "y" * 10, keep=keep)
    assert (await stores.used()).text_bytes - before == (-990 if keep else 0)


async def test_the_next_of_a_recurring_task_needs_room(shop: NewShop) -> None:
    stores = shop(tasks=1)
    task = await stores.tasks.add(ADA, TaskDraft(title="a", recurrence="daily"))
    with pytest.raises(StorageFull):
        await stores.tasks.complete(ADA, task.id, completed=True, today=date(2026, 11, 22))
    assert not (await stores.tasks.get(ADA, task.id)).completed


async def test_a_task_can_be_deleted_where_no_text_has_room(shop: NewShop) -> None:
    stores = shop(text_bytes=3000)
    task = await stores.tasks.add(ADA, TaskDraft(title="a", description="d" * 1400))
    with pytest.raises(StorageFull):
        await stores.tasks.update(ADA, task.id, TaskChanges({"description": "e" * 1400}))
    await stores.tasks.delete(ADA, task.id)
    assert (await stores.used()).tasks == 0


async def test_what_is_kept_of_a_deleted_task_counts_half_until_it_is_swept(shop: NewShop) -> None:
    stores = shop()
    task = await stores.tasks.add(ADA, TaskDraft(title="a", description="d" * 2000))
    await stores.tasks.delete(ADA, task.id)
    kept = (await stores.used()).text_bytes
    assert 2000 < kept < 2700  # half of the addition and half of the deletion
    await stores.database.execute("UPDATE task_changes SET at = now() - interval '8 days'")
    await StoredTaskHistory(stores.database, stores.quotas).sweep()
    assert await stores.used() == Amounts()


async def test_a_task_comes_back_only_where_there_is_room(shop: NewShop) -> None:
    stores = shop(tasks=1)
    task = await stores.tasks.add(ADA, TaskDraft(title="a"))
    await stores.tasks.delete(ADA, task.id)
    other = await stores.tasks.add(ADA, TaskDraft(title="b"))
    history = StoredTaskHistory(stores.database, stores.quotas)
    with pytest.raises(StorageFull):
        await history.restore(ADA, task.id, THE_USER)
    await stores.tasks.delete(ADA, other.id)
    assert (await history.restore(ADA, task.id, THE_USER)).title == "a"


async def test_an_erasure_leaves_not_even_the_count(shop: NewShop) -> None:
    stores = shop()
    thread = await stores.thread()
    await stores.answer(thread, "an answer")
    await stores.tasks.add(ADA, TaskDraft(title="a"))
    await stores.session()
    await stores.file()
    await stores.import_thread()
    await Erasure(stores.database).erase(ADA)
    assert await stores.database.fetchval("SELECT count(*) FROM stored_amounts") == 0


async def test_a_guest_may_store_a_tenth(shop: NewShop) -> None:
    stores = shop(tasks=25)
    guest = "guest_" + "0" * 32
    for _ in range(2):
        await stores.tasks.add(guest, TaskDraft(title="a"))
    with pytest.raises(StorageFull):
        await stores.tasks.add(guest, TaskDraft(title="a"))


async def test_users_do_not_share_their_room(shop: NewShop) -> None:
    stores = shop(tasks=1)
    for user in (ADA, "ben"):
        await stores.tasks.add(user, TaskDraft(title="a"))
    assert (await stores.used("ben")).tasks == 1


async def test_a_statement_after_a_refused_one_is_not_bounded_by_it(database: Database) -> None:
    stores = Shop(database, Quotas(tasks=1))
    await stores.tasks.add(ADA, TaskDraft(title="a"))
    with pytest.raises(StorageFull):
        await stores.tasks.add(ADA, TaskDraft(title="a"))
    insert = "INSERT INTO tasks (user_id, id, title) VALUES ('ada', gen_random_uuid(), 'b')"
    await database.execute(insert)
    await check_amounts(database)
