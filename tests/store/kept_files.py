"""Files of a message, sent to a real database and read from it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from chatkit.protocol.attachments import NewFile
from store.files import Files
from store.postgres import Database

ANNA = "anna"
BEN = "ben"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


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
