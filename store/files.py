"""Files in PostgreSQL: bytes are written and read in pieces, to bound the memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import asyncpg

from chatkit.access.quotas import Quotas
from chatkit.protocol.attachments import Attachment, NewFile, StoredFile
from chatkit.protocol.errors import BadRequest, ChatKitError, Conflict, NotFound, Sentence, TooLarge
from chatkit.protocol.file_types import FileType, Probe
from chatkit.protocol.ids import NewId
from store.amounts import allowed
from store.postgres import Database
from store.sql import load

_SQL: Final = load("files")

#: Size of every piece but the last, in bytes.
PIECE_BYTES: Final = 256 * 1024
#: Most files of one user that no message has.
MAX_UNSENT: Final = 20
#: Age in seconds at which a file is deleted: one that no message has, and one that was announced
#: and never uploaded. An upload URL is valid for two hours at most.
UNSENT_S: Final = 24 * 3600.0
AWAITED_S: Final = 3 * 3600.0


class Files:
    """The `FileStore`."""

    def __init__(self, database: Database, quotas: Quotas | None = None) -> None:
        self._database = database
        self._quotas = quotas or Quotas()

    async def create(self, user_id: str, attachment_id: str, file: NewFile) -> None:
        """See the port."""
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute(_SQL["lock_files"], user_id)
            if await connection.fetchval(_SQL["count_unsent"], user_id) >= MAX_UNSENT:
                raise Conflict(Sentence("file.too_many_unsent", count=MAX_UNSENT))
            await connection.execute(
                _SQL["create_attachment"],
                user_id,
                attachment_id,
                file.name,
                file.size,
                file.mime_type,
                file.is_image,
                allowed(self._quotas, user_id),
            )

    async def receive(
        self,
        user_id: str,
        attachment_id: str,
        pieces: AsyncIterator[bytes],
        *,
        exact: bool = False,
    ) -> Attachment:
        """See the port."""
        begun = await self._begin(user_id, attachment_id)
        try:
            probe = Probe()
            size = await self._write(
                user_id,
                attachment_id,
                begun["upload"],
                pieces,
                probe,
                min_bytes=begun["size"] if exact else 1,
                max_bytes=begun["size"],
            )
            kind = probe.detect(begun["mime_type"])
            return await self._finish(user_id, attachment_id, begun["upload"], size, kind)
        except BaseException:
            with suppress(ChatKitError):  # otherwise the sweep deletes the rest
                await self._abandon(user_id, attachment_id, begun["upload"])
            raise

    async def add_made(
        self, user_id: str, attachment_id: str, file: NewFile, content: bytes
    ) -> Attachment:
        """See the port."""
        async with self._database.acquire() as connection, connection.transaction():
            version = await connection.fetchval(
                _SQL["add_made"],
                user_id,
                attachment_id,
                file.name,
                len(content),
                file.mime_type,
                file.is_image,
                allowed(self._quotas, user_id),
            )
            for number, start in enumerate(range(0, len(content), PIECE_BYTES)):
                piece = content[start : start + PIECE_BYTES]
                await connection.execute(
                    _SQL["add_made_piece"], user_id, attachment_id, version, number, piece
                )
        return Attachment(
            id=attachment_id, name=file.name, mime_type=file.mime_type, is_image=file.is_image
        )

    async def load_ready(self, user_id: str, ids: Sequence[str], new_id: NewId) -> list[Attachment]:
        """See the port."""
        if not ids:
            return []
        rows = await self._database.fetch(_SQL["load_ready"], user_id, list(ids))
        found = {row["id"]: _attachment(row) for row in rows}
        if not found.keys() >= set(ids):
            raise NotFound("attachment")
        for row in rows:
            if row["thread_id"] is not None:
                found[row["id"]] = await self._copy(user_id, row["id"], new_id("atc"))
        return [found[attachment_id] for attachment_id in dict.fromkeys(ids)]

    async def _copy(self, user_id: str, attachment_id: str, copy_id: str) -> Attachment:
        async with self._database.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                _SQL["copy_attachment"],
                user_id,
                attachment_id,
                copy_id,
                allowed(self._quotas, user_id),
            )
            if row is None:  # deleted meanwhile
                raise NotFound("attachment")
            await connection.execute(_SQL["copy_pieces"], user_id, attachment_id, copy_id)
        return _attachment(row)

    async def find(self, user_id: str, attachment_id: str) -> Attachment:
        """See the port."""
        rows = await self._database.fetch(_SQL["load_ready"], user_id, [attachment_id])
        if not rows:
            raise NotFound("attachment")
        return _attachment(rows[0])

    async def delete_unsent(self, user_id: str, attachment_id: str) -> None:
        """See the port."""
        sent = await self._database.fetchval(_SQL["delete_unsent"], user_id, attachment_id)
        if sent is None:
            raise NotFound("attachment")
        if sent:
            raise _sent()

    async def open(self, user_id: str, attachment_id: str) -> StoredFile:
        """See the port."""
        row = await self._database.fetchrow(_SQL["open_file"], user_id, attachment_id)
        if row is None:
            raise NotFound("attachment")
        return StoredFile(
            id=row["id"],
            name=row["name"],
            mime_type=row["mime_type"],
            size=row["size"],
            version=row["content"].hex,
        )

    async def read(
        self, user_id: str, file: StoredFile, start: int, stop: int
    ) -> AsyncGenerator[bytes, None]:
        """See the port."""
        version = UUID(file.version)
        for number in range(start // PIECE_BYTES, -(-stop // PIECE_BYTES)):
            place = number * PIECE_BYTES
            piece = await self._database.fetchval(
                _SQL["read_piece"], user_id, file.id, version, number
            )
            if piece is None:
                return
            yield piece[max(0, start - place) : stop - place]

    async def load_content(self, user_id: str, attachment_id: str, max_bytes: int) -> bytes | None:
        """See the port."""
        file = await self.open(user_id, attachment_id)
        if file.size > max_bytes:
            return None
        content = b"".join([piece async for piece in self.read(user_id, file, 0, file.size)])
        if len(content) != file.size:  # deleted or replaced meanwhile
            raise NotFound("attachment")
        return content

    async def sweep(self) -> None:
        """See the port."""
        while await self._database.fetchval(_SQL["sweep_unsent"], UNSENT_S, AWAITED_S):
            pass
        await self._database.execute(_SQL["sweep_uploads"], UNSENT_S)

    async def _begin(self, user_id: str, attachment_id: str) -> asyncpg.Record:
        async with self._database.acquire() as connection, connection.transaction():
            begun = await connection.fetchrow(_SQL["begin_upload"], user_id, attachment_id)
            if begun is None:
                raise NotFound("attachment")
            if begun["sent"]:
                raise _sent()
            await connection.execute(_SQL["drop_pieces"], user_id, attachment_id)
        return begun

    async def _write(
        self,
        user_id: str,
        attachment_id: str,
        upload: UUID,
        pieces: AsyncIterator[bytes],
        probe: Probe,
        *,
        min_bytes: int,
        max_bytes: int,
    ) -> int:
        """Store the bytes in pieces of equal size. Return the number of bytes."""
        size = number = 0
        waiting = bytearray()
        async for piece in pieces:
            size += len(piece)
            if size > max_bytes:
                raise TooLarge(Sentence("file.too_large", count=max_bytes))
            probe.feed(piece)
            waiting += piece
            while len(waiting) >= PIECE_BYTES:
                await self._add(user_id, attachment_id, upload, number, waiting[:PIECE_BYTES])
                del waiting[:PIECE_BYTES]
                number += 1
        if size == 0:
            raise BadRequest(Sentence("file.empty"))
        if size < min_bytes:
            raise BadRequest(Sentence("file.short", count=size, declared=min_bytes))
        if waiting:
            await self._add(user_id, attachment_id, upload, number, waiting)
        return size

    async def _add(
        self, user_id: str, attachment_id: str, upload: UUID, number: int, piece: bytearray
    ) -> None:
        added = await self._database.fetchval(
            _SQL["add_piece"], user_id, attachment_id, upload, number, bytes(piece)
        )
        if added is None:
            raise _replaced()

    async def _finish(
        self, user_id: str, attachment_id: str, upload: UUID, size: int, kind: FileType
    ) -> Attachment:
        async with self._database.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                _SQL["finish_upload"],
                user_id,
                attachment_id,
                upload,
                size,
                kind.mime_type,
                kind.is_image,
            )
            if row is None:
                raise _replaced()
            await connection.execute(_SQL["drop_pieces"], user_id, attachment_id)
        return _attachment(row)

    async def _abandon(self, user_id: str, attachment_id: str, upload: UUID) -> None:
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute(_SQL["abandon_upload"], user_id, attachment_id, upload)
            await connection.execute(_SQL["drop_pieces"], user_id, attachment_id)


def _attachment(row: asyncpg.Record) -> Attachment:
    return Attachment(
        id=row["id"],
        name=row["name"],
        mime_type=row["mime_type"],
        is_image=row["is_image"],
        thread_id=row["thread_id"],
    )


def _sent() -> Conflict:
    return Conflict(Sentence("file.sent_already"))


def _replaced() -> Conflict:
    return Conflict(Sentence("file.replaced"))
