"""What a model is given of files, over a real store."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from chatkit.access.quotas import Quotas
from chatkit.engine import file_contents
from chatkit.engine.file_contents import contents_for
from chatkit.protocol.attachments import (
    Attachment,
    DocumentContent,
    FileContent,
    ImageContent,
    NameContent,
    NewFile,
    TextContent,
)
from store.files import Files
from store.postgres import Database
from tests.files import PDF, PNG, ZIP


@pytest.fixture
async def files(database_url: str) -> AsyncIterator[Files]:
    database = await Database.connect(database_url, max_connections=2)
    yield Files(database, Quotas(file_bytes=2**30))
    await database.close()


async def add(files: Files, name: str, content: bytes, mime_type: str = "text/plain") -> Attachment:
    file = NewFile(name=name, size=len(content), mime_type=mime_type, is_image=False)
    await files.create("ada", name, file)

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield content

    return await files.receive("ada", name, pieces())


def encoded(content: bytes) -> str:
    return b64encode(content).decode()


async def contents(
    files: Files, *attachments: Attachment, user_id: str = "ada", **budget: int
) -> list[FileContent]:
    return await contents_for(user_id, attachments, files, **budget)


async def test_every_kind_is_given_as_a_model_can_read_it(files: Files) -> None:
    given = await contents(
        files,
        await add(files, "a.csv", b"\xef\xbb\xbfa,b\n", "text/csv"),
        await add(files, "b.png", PNG, "image/png"),
        await add(files, "c.pdf", PDF, "application/pdf"),
        await add(files, "d.zip", ZIP, "application/zip"),
    )
    assert given == [
        TextContent(name="a.csv", mime_type="text/csv", text="a,b\n", whole=True),
        ImageContent(url=f"data:image/png;base64,{encoded(PNG)}"),
        DocumentContent(name="c.pdf", url=f"data:application/pdf;base64,{encoded(PDF)}"),
        NameContent(
            name="d.zip", mime_type="application/zip", why="Files of this type cannot be read here."
        ),
    ]


async def test_text_is_cut_where_the_budget_ends_and_never_through_a_character(
    files: Files,
) -> None:
    one = await add(files, "a.txt", "ä😀".encode() * 10)
    two = await add(files, "b.txt", b"0123456789")
    three = await add(files, "c.txt", b"more")
    given = await contents(files, one, two, three, max_characters=25)
    assert given == [
        TextContent(name="a.txt", mime_type="text/plain", text="ä😀" * 10, whole=True),
        TextContent(name="b.txt", mime_type="text/plain", text="01234", whole=False),
        NameContent(
            name="c.txt",
            mime_type="text/plain",
            why="It was left out, since the other files take all the room there is.",
        ),
    ]
    (cut,) = await contents(files, one, max_characters=7)
    assert cut == TextContent(name="a.txt", mime_type="text/plain", text="ä😀ä😀ä😀ä", whole=False)


async def test_a_text_that_just_fits_is_whole(files: Files) -> None:
    one = await add(files, "a.txt", "😀".encode() * 10)
    for most, whole in ((10, True), (9, False)):
        (given,) = await contents(files, one, max_characters=most)
        assert isinstance(given, TextContent)
        assert given.whole is whole


async def test_images_and_pdfs_have_limits_of_their_own_and_one_together(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = await add(files, "a.png", PNG, "image/png")
    pdf = await add(files, "b.pdf", PDF, "application/pdf")
    most = len(PNG) + len(PDF)
    assert [type(each) for each in await contents(files, image, pdf, max_bytes=most)] == [
        ImageContent,
        DocumentContent,
    ]
    given = await contents(files, image, pdf, image, max_bytes=most - 1)
    assert [type(each) for each in given] == [ImageContent, NameContent, NameContent]
    monkeypatch.setattr(file_contents, "MAX_IMAGE_BYTES", len(PNG) - 1)
    monkeypatch.setattr(file_contents, "MAX_PDF_BYTES", len(PDF) - 1)
    for given_now in await contents(files, image, pdf):
        assert isinstance(given_now, NameContent)
        assert given_now.why == "It is too large to be read here."


async def test_a_file_that_is_gone_or_anothers_is_given_by_its_name(files: Files) -> None:
    one = await add(files, "a.txt", b"words")
    assert await contents(files, one, user_id="bob") == [
        NameContent(name="a.txt", mime_type="text/plain", why="It is no longer there.")
    ]
    await files.delete_unsent("ada", "a.txt")
    (given,) = await contents(files, one)
    assert isinstance(given, NameContent)
