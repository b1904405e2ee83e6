"""Uploads before their message is sent: announce, receive, delete, sweep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from chatkit.ports.files import FileStore
from chatkit.protocol.attachments import Attachment, NewFile, announce
from chatkit.protocol.errors import ChatKitError
from chatkit.protocol.ids import NewId
from chatkit.protocol.links import upload_placeholder

_log = logging.getLogger("chatkit.files")

#: Interval between sweeps of files that no message uses, in seconds.
SWEEP_S: Final = 1800.0
#: Timeout for deleting a failed upload, in seconds. After it, the sweep deletes the file.
_CLEAN_S: Final = 5.0


class Attachments:
    """The rules for uploads. A file may have up to `max_bytes` bytes."""

    def __init__(self, files: FileStore, *, max_bytes: int, new_id: NewId) -> None:
        self._files = files
        self._max_bytes = max_bytes
        self._new_id = new_id

    async def create(
        self,
        user_id: str,
        *,
        name: str,
        size: int,
        mime_type: str,
    ) -> dict[str, Any]:
        """`attachments.create`: return the wire object with its upload_descriptor.

        Raises BadRequest, TooLarge and UnsupportedMedia, which name the field of `params`. Also
        raises TooLarge (`storage_full`) and Conflict, as FileStore.create does.
        """
        file = announce(
            name=name,
            size=size,
            mime_type=mime_type,
            max_bytes=self._max_bytes,
            place="params.",
        )
        attachment = await self._create(user_id, file)
        url = upload_placeholder(attachment.id)
        descriptor = {"url": url, "method": "PUT", "headers": {}}
        return {**attachment.to_wire(), "upload_descriptor": descriptor}

    async def receive(
        self, user_id: str, attachment_id: str, pieces: AsyncIterator[bytes]
    ) -> Attachment:
        """Store the bytes of a file that `create` announced. See FileStore.receive."""
        return await self._files.receive(user_id, attachment_id, pieces, exact=True)

    async def receive_new(
        self,
        user_id: str,
        *,
        name: str,
        mime_type: str,
        max_bytes: int,
        pieces: AsyncIterator[bytes],
    ) -> Attachment:
        """Store a file of at most `max_bytes` bytes that was not announced.

        A failed or refused upload is deleted.
        """
        max_bytes = max(1, min(max_bytes, self._max_bytes))
        file = announce(name=name, size=max_bytes, mime_type=mime_type, max_bytes=self._max_bytes)
        attachment = await self._create(user_id, file)
        try:
            return await self._files.receive(user_id, attachment.id, pieces)
        except BaseException:
            await self._forget(user_id, attachment.id)
            raise

    async def get(self, user_id: str, attachment_id: str) -> dict[str, Any]:
        """`attachments.get_preview`: the wire object."""
        return (await self._files.find(user_id, attachment_id)).to_wire()

    async def delete_unsent(self, user_id: str, attachment_id: str) -> None:
        """`attachments.delete`. Raises NotFound, and Conflict if a message uses the file."""
        await self._files.delete_unsent(user_id, attachment_id)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._files.sweep()
            except ChatKitError as error:
                _log.warning("files that were never sent cannot be swept: %s", error)
            await asyncio.sleep(SWEEP_S)

    async def _create(self, user_id: str, file: NewFile) -> Attachment:
        attachment_id = self._new_id("atc")
        await self._files.create(user_id, attachment_id, file)
        return Attachment(
            id=attachment_id, name=file.name, mime_type=file.mime_type, is_image=file.is_image
        )

    async def _forget(self, user_id: str, attachment_id: str) -> None:
        try:
            async with asyncio.timeout(_CLEAN_S):
                await self._files.delete_unsent(user_id, attachment_id)
        except (ChatKitError, TimeoutError) as error:
            _log.warning("what is left of an upload is kept until it is swept: %s", error)
