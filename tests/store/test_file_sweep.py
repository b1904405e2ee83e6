"""Files that nobody will ask for again are swept."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from store.files import AWAITED_S, UNSENT_S, Files
from store.postgres import Database
from tests.store.kept_files import ANNA, BEN, add, content_of, pieces_in, send, text_of


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
