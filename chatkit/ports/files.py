"""Where the files of users are kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Protocol

from chatkit.protocol.attachments import Attachment, NewFile, StoredFile


class FileStore(Protocol):
    """Files of users. Every method sees `user_id`'s alone: another's, and one that is not there,
    raise NotFound("attachment"). All raise Unavailable while the database is away."""

    async def create(self, user_id: str, attachment_id: str, file: NewFile) -> None:
        """Announce a file, which reserves its size. Raises TooLarge (`storage_full`) above the
        user's limit, and Conflict with too many files that no message has."""
        ...

    async def receive(
        self,
        user_id: str,
        attachment_id: str,
        pieces: AsyncIterator[bytes],
        *,
        exact: bool = False,
    ) -> Attachment:
        """Take the bytes of an announced file, all of them or none; its type is then what they
        show.

        Bytes that come again take the place of the first ones; of two uploads at once, the one
        that began last holds. Raises TooLarge above the announced size, BadRequest for no bytes
        and, with `exact`, for fewer than announced, UnsupportedMedia, Conflict for a file that a
        message has and for an upload that another one has replaced, and what `pieces` raises.
        """
        ...

    async def add_made(
        self, user_id: str, attachment_id: str, file: NewFile, content: bytes
    ) -> Attachment:
        """Keep a file that the server made; the item that shows it takes it when that is stored.
        Raises TooLarge (`storage_full`) above the user's limit."""
        ...

    async def load_ready(self, user_id: str, ids: Sequence[str]) -> list[Attachment]:
        """What a new message may carry, in order, each once. NotFound also where one has no bytes
        yet, or is part of a message already."""
        ...

    async def delete_unsent(self, user_id: str, attachment_id: str) -> None:
        """Delete what no message has. Raises Conflict where one has it."""
        ...

    async def open(self, user_id: str, attachment_id: str) -> StoredFile:
        """The file as it is now, for `read`."""
        ...

    def read(
        self, user_id: str, file: StoredFile, start: int, stop: int
    ) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `stop`, in pieces of at most 256 KiB; it ends early when
        they are replaced or deleted meanwhile."""
        ...

    async def load_content(self, user_id: str, attachment_id: str, max_bytes: int) -> bytes | None:
        """All bytes; None where there are more than `max_bytes`. NotFound also when they are
        replaced or deleted meanwhile."""
        ...

    async def sweep(self) -> None:
        """Delete files that no message took within a day, and what is left of uploads that never
        ended; of every user."""
        ...
