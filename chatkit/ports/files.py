"""Port: stores the files of users."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Protocol

from chatkit.protocol.attachments import Attachment, NewFile, StoredFile
from chatkit.protocol.ids import NewId


class FileStore(Protocol):
    """Stores files of users.

    A missing file and another user's file both raise NotFound("attachment"). All methods raise
    Unavailable if the database is unreachable.
    """

    async def create(self, user_id: str, attachment_id: str, file: NewFile) -> None:
        """Announce a file and reserve its size.

        Raises TooLarge (`storage_full`) above the user's limit, and Conflict if the user has too
        many files that no message uses.
        """
        ...

    async def receive(
        self,
        user_id: str,
        attachment_id: str,
        pieces: AsyncIterator[bytes],
        *,
        exact: bool = False,
    ) -> Attachment:
        """Store the bytes of an announced file, all or none, and detect its type from them.

        A later upload replaces the bytes. Of two concurrent uploads, the one that started last
        wins. Raises TooLarge above the announced size. Raises BadRequest for no bytes and, with
        `exact`, for fewer than announced. Raises UnsupportedMedia. Raises Conflict if a message
        uses the file or another upload replaced this one. Also raises any error of `pieces`.
        """
        ...

    async def add_made(
        self, user_id: str, attachment_id: str, file: NewFile, content: bytes
    ) -> Attachment:
        """Store a file that the server generated. Storing an item that shows it attaches it.

        Raises TooLarge (`storage_full`) above the user's limit.
        """
        ...

    async def load_ready(self, user_id: str, ids: Sequence[str], new_id: NewId) -> list[Attachment]:
        """Load files for a new message, in order, without duplicates.

        A file that belongs to a message already is copied, under an id of `new_id`: it outlives
        that message. Raises NotFound also for a file that has no bytes yet, and TooLarge
        (`storage_full`) for copies above the user's limit.
        """
        ...

    async def find(self, user_id: str, attachment_id: str) -> Attachment:
        """A file with all its bytes, whether a message has it or not."""
        ...

    async def delete_unsent(self, user_id: str, attachment_id: str) -> None:
        """Delete a file that no message uses. Raises Conflict if one does."""
        ...

    async def open(self, user_id: str, attachment_id: str) -> StoredFile:
        """The current version of the file, for `read`."""
        ...

    def read(
        self, user_id: str, file: StoredFile, start: int, stop: int
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to `stop`, in pieces of at most 256 KiB.

        Ends early if the bytes are replaced or deleted meanwhile.
        """
        ...

    async def load_content(self, user_id: str, attachment_id: str, max_bytes: int) -> bytes | None:
        """All bytes; None if there are more than `max_bytes`.

        Raises NotFound also if the bytes are replaced or deleted meanwhile.
        """
        ...

    async def sweep(self) -> None:
        """For all users: delete files unused for a day, and the bytes of abandoned uploads."""
        ...
