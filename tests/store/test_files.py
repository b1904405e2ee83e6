"""Files against a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chatkit.access.quotas import Quotas
from chatkit.answer.leases import Begun, NewTurn, RequestKey
from chatkit.ports.files import FileStore
from chatkit.protocol.attachments import Attachment, NewFile, StoredFile
from chatkit.protocol.bodies import GeneratedImage, UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import Conflict, NotFound, StorageFull, TooLarge, Unavailable
from chatkit.protocol.items import Item
from store.files import MAX_UNSENT, PIECE_BYTES, Files
from store.postgres import Database
from store.turns import StoredTurns
from tests.files import PNG
from tests.store.kept_files import ANNA, BEN, NOW, add, content_of, pieces_in, send, sent, text_of

TEXT = NewFile(name="a.txt", size=10, mime_type="text/plain", is_image=False)


def new_id(prefix: str) -> str:
    return f"{prefix}_new"


def test_it_is_a_file_store(files: Files) -> None:
    store: FileStore = files
    assert store


async def test_what_was_received_is_there_as_its_bytes_show_it(files: Files) -> None:
    await files.create(
        ANNA, "atc_1", NewFile(name="a", size=99, mime_type="image/jpeg", is_image=True)
    )
    received = await files.receive(ANNA, "atc_1", sent(PNG, 7))
    assert received == Attachment(id="atc_1", name="a", mime_type="image/png", is_image=True)
    assert await files.load_ready(ANNA, ["atc_1"], new_id) == [received]
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
        await files.load_ready(ANNA, ["atc_1"], new_id)
    with pytest.raises(NotFound):
        await files.open(ANNA, "atc_1")


async def test_files_are_loaded_in_order_and_each_once_or_not_at_all(files: Files) -> None:
    for number in range(3):
        await add(files, f"atc_{number}")
    loaded = await files.load_ready(ANNA, ["atc_2", "atc_0", "atc_2"], new_id)
    assert [attachment.id for attachment in loaded] == ["atc_2", "atc_0"]
    assert await files.load_ready(ANNA, [], new_id) == []
    with pytest.raises(NotFound):
        await files.load_ready(ANNA, ["atc_0", "atc_9"], new_id)


async def test_the_files_of_another_user_are_not_there(files: Files) -> None:
    await add(files, "atc_1")
    file = await files.open(ANNA, "atc_1")
    for attempt in (
        files.load_ready(BEN, ["atc_1"], new_id),
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
    assert {type(outcome) for outcome in outcomes} == {type(None), StorageFull}


async def test_so_many_files_may_wait_for_a_message(files: Files, database: Database) -> None:
    for number in range(MAX_UNSENT):
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


async def test_a_file_of_a_message_is_copied_for_another_one(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1", b"x" * (PIECE_BYTES + 1))
    await send(database, "atc_1")
    (copy,) = await files.load_ready(ANNA, ["atc_1"], new_id)
    assert (copy.id, copy.name, copy.thread_id) == ("atc_new", "a.txt", None)
    await database.execute("DELETE FROM threads")
    assert await content_of(files, "atc_new") == b"x" * (PIECE_BYTES + 1)
    with pytest.raises(NotFound):
        await files.open(ANNA, "atc_1")


async def test_a_copy_counts_against_the_limit(files: Files, database: Database) -> None:
    await add(files, "atc_1", b"x" * 600_000)
    await send(database, "atc_1")
    with pytest.raises(TooLarge) as refused:
        await files.load_ready(ANNA, ["atc_1"], new_id)
    assert refused.value.code == "storage_full"


async def test_a_file_is_found_whether_a_message_has_it_or_not(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1")
    assert (await files.find(ANNA, "atc_1")).thread_id is None
    await send(database, "atc_1")
    assert (await files.find(ANNA, "atc_1")).thread_id is not None
    for user_id, file_id in ((BEN, "atc_1"), (ANNA, "atc_2")):
        with pytest.raises(NotFound):
            await files.find(user_id, file_id)


async def test_what_a_message_has_can_be_read_and_not_be_changed(
    files: Files, database: Database
) -> None:
    await add(files, "atc_1")
    await send(database, "atc_1")
    assert await content_of(files, "atc_1") == b"words"
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
    turns = StoredTurns(database, owner="one", lease_s=60)
    key = RequestKey(key="k", body_hash=b"h", explicit=False)
    new = NewTurn(turn_id="trn_1", item_id="msg_1", model="m", language="en", key=key)
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
    files = Files(database, Quotas(file_bytes=100))
    await database.close()
    with pytest.raises(Unavailable):
        await files.create(ANNA, "atc_1", TEXT)
