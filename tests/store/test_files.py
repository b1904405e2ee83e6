"""Files against a real database."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from chatkit.engine.file_ports import FileStore
from chatkit.protocol.attachments import Attachment, NewFile, StoredFile
from chatkit.protocol.bodies import GeneratedImage, UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import (
    BadRequest,
    ChatKitError,
    Conflict,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)
from chatkit.protocol.items import Item
from chatkit.protocol.leases import Begun, NewTurn, RequestKey
from store.files import AWAITED_S, MOST_UNSENT, PIECE_BYTES, UNSENT_S, Files
from store.postgres import Database
from store.turns import Turns
from tests.files import PNG

ANNA = "anna"
BEN = "ben"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = NewFile(name="a.txt", size=10, mime_type="text/plain", is_image=False)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, most_connections=8)
    yield database
    await database.close()


@pytest.fixture
def files(database: Database) -> Files:
    return Files(database, most_bytes=2**20)


def text_of(size: int) -> NewFile:
    return NewFile(name="a.txt", size=size, mime_type="text/plain", is_image=False)


async def sent(content: bytes, cut: int = 1000) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), cut):
        yield content[start : start + cut]


async def add(
    files: Files, attachment_id: str, content: bytes = b"words", user: str = ANNA
) -> None:
    await files.create(user, attachment_id, text_of(len(content)))
    await files.receive(user, attachment_id, sent(content))


async def content_of(files: Files, attachment_id: str, user: str = ANNA) -> bytes:
    content = await files.load_content(user, attachment_id, 2**30)
    assert content is not None
    return content


async def pieces_in(database: Database) -> int:
    return int(await database.fetchval("SELECT count(*) FROM attachment_pieces"))


async def begin_thread(database: Database, user: str = ANNA, thread: str = "thr_1") -> None:
    await database.execute("INSERT INTO threads (user_id, id) VALUES ($1, $2)", user, thread)
    await database.execute(
        "INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)"
        " VALUES ($1, $2, 'msg_1', 'trn_1', 'user_message', '{}', false, $3)",
        user,
        thread,
        NOW,
    )


async def send(database: Database, attachment_id: str, user: str = ANNA) -> None:
    """As a message takes it."""
    await begin_thread(database, user)
    await database.execute(
        "UPDATE attachments SET thread_id = 'thr_1', item_id = 'msg_1'"
        " WHERE user_id = $1 AND id = $2",
        user,
        attachment_id,
    )


def test_it_is_a_file_store(files: Files) -> None:
    store: FileStore = files
    assert store


async def test_what_was_received_is_there_as_its_bytes_show_it(files: Files) -> None:
    await files.create(
        ANNA, "atc_1", NewFile(name="a", size=99, mime_type="image/jpeg", is_image=True)
    )
    received = await files.receive(ANNA, "atc_1", sent(PNG, 7))
    assert received == Attachment(id="atc_1", name="a", mime_type="image/png", is_image=True)
    assert await files.load_ready(ANNA, ["atc_1"]) == [received]
    opened = await files.open(ANNA, "atc_1")
    assert (opened.mime_type, opened.size) == ("image/png", len(PNG))
    assert await content_of(files, "atc_1") == PNG


@pytest.mark.parametrize("size", [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 700_000])
async def test_any_part_of_a_file_can_be_read(files: Files, size: int) -> None:
    content = (b"0123456789abcdefghijklmnopqrstuvwxy\n" * (size // 36 + 1))[:size]
    await add(files, "atc_1", content)
    file = await files.open(ANNA, "atc_1")
    for start, stop in [
        (0, size),
        (0, 1),
        (size - 1, size),
        (size // 3, 2 * size // 3),
        (min(PIECE_BYTES, size), size),
        (0, min(PIECE_BYTES, size)),
    ]:
        read = [piece async for piece in files.read(ANNA, file, start, stop)]
        assert b"".join(read) == content[start:stop]
        assert all(len(piece) <= PIECE_BYTES for piece in read)


async def test_a_file_without_its_bytes_is_not_usable(files: Files) -> None:
    await files.create(ANNA, "atc_1", TEXT)
    with pytest.raises(NotFound):
        await files.load_ready(ANNA, ["atc_1"])
    with pytest.raises(NotFound):
        await files.open(ANNA, "atc_1")


async def test_files_are_loaded_in_order_and_each_once_or_not_at_all(files: Files) -> None:
    for number in range(3):
        await add(files, f"atc_{number}")
    loaded = await files.load_ready(ANNA, ["atc_2", "atc_0", "atc_2"])
    assert [attachment.id for attachment in loaded] == ["atc_2", "atc_0"]
    assert await files.load_ready(ANNA, []) == []
    with pytest.raises(NotFound):
        await files.load_ready(ANNA, ["atc_0", "atc_9"])


async def test_the_files_of_another_user_are_not_there(files: Files) -> None:
    await add(files, "atc_1")
    file = await files.open(ANNA, "atc_1")
    for attempt in (
        files.load_ready(BEN, ["atc_1"]),
        files.open(BEN, "atc_1"),
        files.load_content(BEN, "atc_1", 100),
        files.delete_unsent(BEN, "atc_1"),
        files.receive(BEN, "atc_1", sent(b"mine")),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert [piece async for piece in files.read(BEN, file, 0, 5)] == []
    assert await content_of(files, "atc_1") == b"words"
    await add(files, "atc_1", b"an id of ben's own", user=BEN)
    assert await content_of(files, "atc_1") == b"words"


# --- Uploads that go wrong ------------------------------------------------------------------------


async def breaking(content: bytes, error: BaseException) -> AsyncGenerator[bytes, None]:
    yield content
    raise error


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (bytes(PIECE_BYTES + 1), UnsupportedMedia),
        (b"x" * 300_001, TooLarge),
        (b"", BadRequest),
    ],
)
async def test_a_file_that_is_refused_leaves_no_bytes(
    files: Files, database: Database, content: bytes, error: type[ChatKitError]
) -> None:
    await files.create(ANNA, "atc_1", text_of(300_000))
    with pytest.raises(error):
        await files.receive(ANNA, "atc_1", sent(content, 100_000))
    assert await pieces_in(database) == 0
    with pytest.raises(NotFound):
        await files.open(ANNA, "atc_1")
    await files.receive(ANNA, "atc_1", sent(b"in the end"))
    assert await content_of(files, "atc_1") == b"in the end"


async def test_an_upload_that_breaks_off_leaves_no_bytes(files: Files, database: Database) -> None:
    await files.create(ANNA, "atc_1", text_of(10**6))
    with pytest.raises(ConnectionError):
        await files.receive(
            ANNA, "atc_1", breaking(b"x" * (PIECE_BYTES + 5), ConnectionError("gone"))
        )
    assert await pieces_in(database) == 0


async def test_an_upload_that_is_cancelled_leaves_no_bytes(
    files: Files, database: Database
) -> None:
    await files.create(ANNA, "atc_1", text_of(10**6))
    waiting = asyncio.Event()

    async def stalling() -> AsyncGenerator[bytes, None]:
        yield b"x" * (PIECE_BYTES + 5)
        waiting.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(files.receive(ANNA, "atc_1", stalling()))
    await waiting.wait()
    assert await pieces_in(database) == 1
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert await pieces_in(database) == 0


async def test_a_failed_second_upload_leaves_the_first_one_as_it_was(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1", b"the first")
    with pytest.raises(ConnectionError):
        await files.receive(ANNA, "atc_1", breaking(b"the", ConnectionError("gone")))
    assert await content_of(files, "atc_1") == b"the first"
    assert await pieces_in(database) == 1


async def test_the_same_bytes_again_take_the_place_of_the_first(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1", b"the first")
    before = await files.open(ANNA, "atc_1")
    await files.receive(ANNA, "atc_1", sent(b"a second"))
    after = await files.open(ANNA, "atc_1")
    assert await content_of(files, "atc_1") == b"a second"
    assert (after.size, await pieces_in(database)) == (8, 1)
    assert before.version != after.version
    assert [piece async for piece in files.read(ANNA, before, 0, 9)] == []


async def test_of_two_uploads_at_once_the_one_that_began_last_holds(
    files: Files, database: Database
) -> None:
    await files.create(ANNA, "atc_1", text_of(10**6))
    began, go_on = asyncio.Event(), asyncio.Event()

    asked = 0

    async def slow() -> AsyncGenerator[bytes, None]:
        nonlocal asked
        yield b"1" * PIECE_BYTES
        began.set()
        await go_on.wait()
        for asked in range(1, 4):  # noqa: B007 - looked at below
            yield b"1" * PIECE_BYTES

    first = asyncio.create_task(files.receive(ANNA, "atc_1", slow()))
    await began.wait()
    await files.receive(ANNA, "atc_1", sent(b"2" * 300_000, 50_000))
    go_on.set()
    with pytest.raises(Conflict):
        await first
    assert asked == 1  # it was told at once
    assert await content_of(files, "atc_1") == b"2" * 300_000
    assert await pieces_in(database) == 2


async def test_fifty_uploads_at_once_leave_one_whole_file(files: Files, database: Database) -> None:
    size = PIECE_BYTES + 100
    await files.create(ANNA, "atc_1", text_of(size))
    contents = [bytes([48 + number]) * size for number in range(50)]
    outcomes = await asyncio.gather(
        *(files.receive(ANNA, "atc_1", sent(content, 50_000)) for content in contents),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} <= {Attachment, Conflict}
    assert any(isinstance(outcome, Attachment) for outcome in outcomes)
    assert await content_of(files, "atc_1") in contents
    assert await pieces_in(database) == 2
    assert await database.fetchval("SELECT upload FROM attachments") is None


async def test_an_upload_whose_file_is_deleted_meanwhile_is_refused(
    files: Files, database: Database
) -> None:
    await files.create(ANNA, "atc_1", text_of(10**6))

    async def deleting() -> AsyncGenerator[bytes, None]:
        yield b"x" * PIECE_BYTES
        await files.delete_unsent(ANNA, "atc_1")
        yield b"x" * PIECE_BYTES

    with pytest.raises(Conflict):
        await files.receive(ANNA, "atc_1", deleting())
    assert await pieces_in(database) == 0


async def test_a_large_file_is_never_whole_in_memory(database: Database) -> None:
    files = Files(database, most_bytes=2**30)
    size, piece = 20 * 2**20, b"0123456789abcde\n" * 4096
    digest = sha256()

    async def streamed() -> AsyncGenerator[bytes, None]:
        for _ in range(size // len(piece)):
            digest.update(piece)
            yield piece

    await add(files, "atc_0")  # what the first statement of each kind brings along
    await content_of(files, "atc_0")
    await files.create(ANNA, "atc_1", text_of(size))
    tracemalloc.start()
    try:
        await files.receive(ANNA, "atc_1", streamed())
        _, most = tracemalloc.get_traced_memory()
        read = sha256()
        async for part in files.read(ANNA, await files.open(ANNA, "atc_1"), 0, size):
            read.update(part)
        _, most_with_reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read.digest() == digest.digest()
    assert most < 3 * 2**20
    assert most_with_reading < 3 * 2**20


# --- Limits ---------------------------------------------------------------------------------------


async def test_what_is_announced_counts_against_the_limit_of_its_user_alone(files: Files) -> None:
    await files.create(ANNA, "atc_1", text_of(2**20 - 10))
    await files.create(ANNA, "atc_2", text_of(10))
    with pytest.raises(TooLarge) as refused:
        await files.create(ANNA, "atc_3", text_of(1))
    assert refused.value.code == "storage_full"
    await files.create(BEN, "atc_3", text_of(2**20))
    await files.receive(ANNA, "atc_1", sent(b"it is smaller than it was said to be"))
    await files.create(ANNA, "atc_3", text_of(1000))


async def test_announcements_at_once_keep_to_the_limit(files: Files) -> None:
    outcomes = await asyncio.gather(
        *(files.create(ANNA, f"atc_{number}", text_of(2**18)) for number in range(12)),
        return_exceptions=True,
    )
    assert sum(outcome is None for outcome in outcomes) == 4
    assert {type(outcome) for outcome in outcomes} == {type(None), TooLarge}


async def test_so_many_files_may_wait_for_a_message(files: Files, database: Database) -> None:
    for number in range(MOST_UNSENT):
        await files.create(ANNA, f"atc_{number}", TEXT)
    with pytest.raises(Conflict):
        await files.create(ANNA, "atc_x", TEXT)
    await files.create(BEN, "atc_x", TEXT)
    await files.receive(ANNA, "atc_1", sent(b"words"))
    await send(database, "atc_1")
    await files.create(ANNA, "atc_x", TEXT)


async def test_content_above_the_readers_limit_is_not_loaded(files: Files) -> None:
    await add(files, "atc_1", b"12345")
    assert await files.load_content(ANNA, "atc_1", 5) == b"12345"
    assert await files.load_content(ANNA, "atc_1", 4) is None


# --- Messages and threads -------------------------------------------------------------------------


async def test_what_a_message_has_can_be_read_and_not_be_changed(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1")
    await send(database, "atc_1")
    assert await content_of(files, "atc_1") == b"words"
    with pytest.raises(NotFound):
        await files.load_ready(ANNA, ["atc_1"])
    with pytest.raises(Conflict):
        await files.delete_unsent(ANNA, "atc_1")
    with pytest.raises(Conflict):
        await files.receive(ANNA, "atc_1", sent(b"other"))
    assert await content_of(files, "atc_1") == b"words"


async def test_an_upload_that_ends_after_the_message_has_the_file_is_refused(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1", b"the first")

    async def overtaken() -> AsyncGenerator[bytes, None]:
        yield b"other"
        await send(database, "atc_1")

    with pytest.raises(Conflict):
        await files.receive(ANNA, "atc_1", overtaken())
    assert await content_of(files, "atc_1") == b"the first"
    assert await pieces_in(database) == 1


async def test_an_unsent_file_is_deleted_with_its_bytes(files: Files, database: Database) -> None:
    await add(files, "atc_1")
    await files.delete_unsent(ANNA, "atc_1")
    assert await pieces_in(database) == 0
    with pytest.raises(NotFound):
        await files.delete_unsent(ANNA, "atc_1")


@pytest.mark.parametrize(
    "deletion", ["DELETE FROM threads WHERE id = 'thr_1'", "DELETE FROM items WHERE id = 'msg_1'"]
)
async def test_files_go_with_their_message_and_their_thread(
    files: Files, database: Database, deletion: str
) -> None:
    await add(files, "atc_1")
    await add(files, "atc_2")
    await send(database, "atc_1")
    await database.execute(deletion)
    rows = await database.fetch("SELECT id FROM attachments")
    assert [row["id"] for row in rows] == ["atc_2"]
    assert await pieces_in(database) == 1


async def test_an_image_that_is_made_goes_with_the_item_that_shows_it(
    files: Files, database: Database
) -> None:
    turns = Turns(database, owner="one", lease_s=60)
    key = RequestKey(key="k", body_hash=b"h", explicit=False)
    new = NewTurn(turn_id="trn_1", item_id="msg_1", model="m", key=key)
    said = UserMessage(content=(InputText(text="Draw a cat"),))
    begun = await turns.begin_thread(ANNA, "thr_1", new, said, NOW)
    assert isinstance(begun, Begun)
    image = NewFile(name="a.png", size=len(PNG), mime_type="image/png", is_image=True)
    made = await files.add_made(ANNA, "atc_1", image, PNG)
    assert made == Attachment(id="atc_1", name="a.png", mime_type="image/png", is_image=True)
    assert await content_of(files, "atc_1") == PNG
    body = GeneratedImage(file_id="atc_1")
    item = Item(id="msg_2", thread_id="thr_1", created_at=NOW, body=body)
    await turns.add_items(begun.lease, [item])
    with pytest.raises(Conflict):
        await files.delete_unsent(ANNA, "atc_1")
    await database.execute("DELETE FROM items WHERE id = 'msg_2'")
    assert await pieces_in(database) == 0


async def test_an_image_above_the_users_room_is_not_kept(files: Files, database: Database) -> None:
    large = b"\x89PNG" * 200_000
    image = NewFile(name="a.png", size=len(large), mime_type="image/png", is_image=True)
    await files.add_made(ANNA, "atc_1", image, large)
    with pytest.raises(TooLarge):
        await files.add_made(ANNA, "atc_2", image, large)


# --- The sweep ------------------------------------------------------------------------------------


async def age(database: Database, attachment_id: str, seconds: float) -> None:
    await database.execute(
        "UPDATE attachments SET created_at = created_at - make_interval(secs => $2) WHERE id = $1",
        attachment_id,
        seconds,
    )


async def ids_in(database: Database) -> list[str]:
    return [row["id"] for row in await database.fetch("SELECT id FROM attachments ORDER BY id")]


async def test_what_was_never_sent_is_swept_after_a_day(files: Files, database: Database) -> None:
    for attachment_id in ("atc_1", "atc_2", "atc_3"):
        await add(files, attachment_id)
    await add(files, "atc_4", user=BEN)
    await age(database, "atc_1", UNSENT_S + 60)
    await age(database, "atc_2", UNSENT_S - 60)
    await send(database, "atc_3")
    await age(database, "atc_3", 2 * UNSENT_S)
    await age(database, "atc_4", UNSENT_S + 60)
    await files.sweep()
    assert await ids_in(database) == ["atc_2", "atc_3"]
    assert await pieces_in(database) == 2


async def test_what_never_came_is_swept_when_its_url_has_expired(
    files: Files, database: Database
) -> None:
    for attachment_id in ("atc_1", "atc_2", "atc_3"):
        await files.create(ANNA, attachment_id, text_of(10**5))
    await age(database, "atc_1", AWAITED_S + 60)
    await age(database, "atc_2", AWAITED_S - 60)
    await age(database, "atc_3", AWAITED_S + 60)

    async def sweeping() -> AsyncGenerator[bytes, None]:
        yield b"it comes, slowly"
        await files.sweep()

    await files.receive(ANNA, "atc_3", sweeping())
    assert await ids_in(database) == ["atc_2", "atc_3"]


async def test_many_are_swept_at_once(files: Files, database: Database) -> None:
    await database.execute(
        "INSERT INTO attachments (user_id, id, name, mime_type, size, is_image, created_at)"
        " SELECT 'user' || n, 'atc', 'a', 'text/plain', 1, false, now() - interval '2 days'"
        " FROM generate_series(1, 250) AS n"
    )
    await files.sweep()
    assert await ids_in(database) == []


async def test_what_an_ended_process_left_of_an_upload_is_swept(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1", b"the first")
    await database.execute(
        "UPDATE attachments SET upload = gen_random_uuid(),"
        " upload_began_at = clock_timestamp() - make_interval(secs => $1)",
        UNSENT_S + 60,
    )
    await database.execute(
        "INSERT INTO attachment_pieces (user_id, attachment_id, content, number, bytes)"
        " SELECT user_id, id, upload, 0, 'half' FROM attachments"
    )
    assert await pieces_in(database) == 2
    await files.sweep()
    assert await pieces_in(database) == 1
    assert await content_of(files, "atc_1") == b"the first"


async def test_a_file_that_is_replaced_while_it_is_loaded_is_never_half(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1", b"x" * (PIECE_BYTES + 1))
    file: StoredFile = await files.open(ANNA, "atc_1")
    reading = files.read(ANNA, file, 0, file.size)
    assert await anext(reading) == b"x" * PIECE_BYTES
    await files.receive(ANNA, "atc_1", sent(b"y"))
    assert [piece async for piece in reading] == []


async def test_a_database_that_is_away_is_unavailable(database_url: str) -> None:
    database = await Database.connect(database_url)
    files = Files(database, most_bytes=100)
    await database.close()
    with pytest.raises(Unavailable):
        await files.create(ANNA, "atc_1", TEXT)
