"""Files on their way into a message, over a real store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import count

import pytest

from chatkit.access.quotas import Quotas
from chatkit.engine import attachments as module
from chatkit.engine.attachments import Attachments
from chatkit.protocol.errors import (
    BadRequest,
    ChatKitError,
    Conflict,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from store.files import Files
from store.postgres import Database
from tests.files import PNG
from tests.wording import SAY


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, max_connections=4)
    yield database
    await database.close()


@pytest.fixture
def attachments(database: Database) -> Attachments:
    numbers = count(1)
    return Attachments(
        Files(database, Quotas(file_bytes=10**6)),
        max_bytes=10**5,
        new_id=lambda prefix: f"{prefix}_{next(numbers)}",
    )


async def sent(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece


async def rows(database: Database) -> tuple[int, int]:
    return (
        await database.fetchval("SELECT count(*) FROM attachments"),
        await database.fetchval("SELECT count(*) FROM attachment_pieces"),
    )


async def test_a_created_attachment_tells_where_its_bytes_go(attachments: Attachments) -> None:
    wire = await attachments.create("ada", name="cat.png", size=10, mime_type="image/png")
    assert wire == {
        "id": "atc_1",
        "name": "cat.png",
        "mime_type": "image/png",
        "type": "image",
        "preview_url": "chatkit-file:atc_1",
        "upload_descriptor": {
            "url": "chatkit-upload:atc_1",
            "method": "PUT",
            "headers": {},
        },
    }


@pytest.mark.parametrize(
    ("fields", "error", "place"),
    [
        ({"name": ""}, BadRequest, "params.name: "),
        ({"size": 0}, BadRequest, "params.size: "),
        ({"size": 10**5 + 1}, TooLarge, "params.size: "),
        ({"mime_type": "png"}, BadRequest, "params.mime_type: "),
        ({"mime_type": "video/mp4"}, UnsupportedMedia, "params.mime_type: "),
    ],
)
async def test_a_refusal_names_the_field_and_stores_nothing(
    attachments: Attachments,
    database: Database,
    fields: dict[str, object],
    error: type[ChatKitError],
    place: str,
) -> None:
    given = {"name": "a.txt", "size": 10, "mime_type": "text/plain", **fields}
    with pytest.raises(error) as refused:
        await attachments.create("ada", **given)  # type: ignore[arg-type] # by name
    assert refused.value.in_words(SAY).startswith(place)
    assert await rows(database) == (0, 0)


async def test_what_was_created_is_received_and_taken_back(
    attachments: Attachments, database: Database
) -> None:
    await attachments.create("ada", name="cat.png", size=len(PNG), mime_type="image/png")
    received = await attachments.receive("ada", "atc_1", sent(PNG))
    assert received.is_image
    for user_id, attachment_id in (("bob", "atc_1"), ("ada", "atc_2")):
        with pytest.raises(NotFound):
            await attachments.delete_unsent(user_id, attachment_id)
    await attachments.delete_unsent("ada", "atc_1")
    assert await rows(database) == (0, 0)


async def test_what_is_part_of_a_message_is_not_taken_back(
    attachments: Attachments, database: Database
) -> None:
    await attachments.receive_new(
        "ada", name="a.txt", mime_type="", max_bytes=100, pieces=sent(b"words")
    )
    await database.execute("INSERT INTO threads (user_id, id) VALUES ('ada', 'thr_1')")
    await database.execute("UPDATE attachments SET thread_id = 'thr_1'")
    with pytest.raises(Conflict):
        await attachments.delete_unsent("ada", "atc_1")


async def test_an_unannounced_file_reserves_what_it_may_have_until_it_is_there(
    attachments: Attachments, database: Database
) -> None:
    reserved = []

    async def looking() -> AsyncGenerator[bytes, None]:
        yield b"words"
        reserved.append(await database.fetchval("SELECT size FROM attachments"))

    await attachments.receive_new(
        "ada", name="a.txt", mime_type="text/plain", max_bytes=10**9, pieces=looking()
    )
    assert reserved == [10**5]
    assert await database.fetchval("SELECT size FROM attachments") == 5


@pytest.mark.parametrize("pieces", [(b"x" * 11,), (b"",), (b"x", b"\0")])
async def test_of_an_unannounced_file_that_is_refused_nothing_is_left(
    attachments: Attachments, database: Database, pieces: tuple[bytes, ...]
) -> None:
    with pytest.raises(ChatKitError):
        await attachments.receive_new(
            "ada", name="a.txt", mime_type="text/plain", max_bytes=10, pieces=sent(*pieces)
        )
    assert await rows(database) == (0, 0)


async def test_of_an_unannounced_file_that_breaks_off_nothing_is_left(
    attachments: Attachments, database: Database
) -> None:
    waiting = asyncio.Event()

    async def stalling() -> AsyncGenerator[bytes, None]:
        yield b"words"
        waiting.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(
        attachments.receive_new(
            "ada", name="a.txt", mime_type="text/plain", max_bytes=10, pieces=stalling()
        )
    )
    await waiting.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert await rows(database) == (0, 0)


async def test_the_sweep_goes_on_and_survives_a_database_that_is_away(
    attachments: Attachments,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "SWEEP_S", 0.01)
    await attachments.create("ada", name="a.txt", size=10, mime_type="text/plain")
    running = asyncio.create_task(attachments.run())
    try:
        await database.execute("UPDATE attachments SET created_at = now() - interval '2 days'")
        async with asyncio.timeout(10):
            while (await rows(database)) != (0, 0):  # noqa: ASYNC110 - gives no sign
                await asyncio.sleep(0.01)
        caplog.set_level(logging.WARNING, "chatkit.files")
        await database.close()
        async with asyncio.timeout(10):
            while "cannot be swept" not in caplog.text:  # noqa: ASYNC110 - gives no sign
                await asyncio.sleep(0.01)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
