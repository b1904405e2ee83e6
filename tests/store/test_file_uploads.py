"""Uploads that go wrong, and uploads at once."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator
from hashlib import sha256

import pytest

from chatkit.access.quotas import Quotas
from chatkit.protocol.attachments import Attachment
from chatkit.protocol.errors import (
    BadRequest,
    ChatKitError,
    Conflict,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from store.files import PIECE_BYTES, Files
from store.postgres import Database
from tests.store.kept_files import ANNA, add, content_of, pieces_in, sent, text_of


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
    files = Files(database, Quotas(file_bytes=2**30))
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
