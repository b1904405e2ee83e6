"""Uploads of files: in one step, or in two steps that begin with `attachments.create`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.file_links import FileLinks
from chatkit.edge.limits import OpenStreams
from chatkit.edge.multipart import MAX_FORM_BYTES, OneFile, is_multipart
from chatkit.engine.attachments import Attachments
from chatkit.protocol.attachments import Attachment
from chatkit.protocol.errors import Sentence, UnsupportedMedia
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.links import resolve

#: Most uploads at once, in the process, per address and per user. Each uses about half a MiB of
#: memory.
MAX_AT_ONCE: Final = 200
MAX_PER_ADDRESS: Final = 80
MAX_PER_USER: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRoutes:
    """The upload handlers. The response is the Attachment."""

    authenticator: Authenticator
    attachments: Attachments
    links: FileLinks
    max_upload_bytes: int
    open: OpenStreams

    async def upload(self, request: HttpRequest) -> Reply:
        """POST a file in one step, as multipart/form-data with the field `file`."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        with self.open.slot(request, user.user_id):
            async with aclosing(self._body(request, MAX_FORM_BYTES)) as body:
                file = OneFile(request.header("content-type") or "", body)
                await file.open()
                async with aclosing(file.pieces()) as pieces:
                    attachment = await self.attachments.receive_new(
                        user.user_id,
                        name=file.file_name,
                        mime_type=file.content_type,
                        max_bytes=_length(request, self.max_upload_bytes),
                        pieces=pieces,
                    )
        return self._reply(request, user.user_id, attachment)

    async def fill(self, request: HttpRequest) -> Reply:
        """Upload the bytes of a declared file. PUT: as raw bytes or as multipart/form-data. POST:
        as multipart/form-data only."""
        attachment_id = request.params["id"]
        user_id = self.links.user_of(request.query(), "upload", attachment_id)
        if user_id is None:
            user = await self.authenticator.authenticate(request, sessions=("chat",))
            user_id = user.user_id
        else:
            await self.authenticator.admit_link(request, user_id)
        content_type = request.header("content-type")
        multipart = is_multipart(content_type)
        if request.method == "POST" and not multipart:
            raise UnsupportedMedia(Sentence("upload.not_multipart"))
        with self.open.slot(request, user_id):
            async with aclosing(self._body(request, MAX_FORM_BYTES if multipart else 0)) as body:
                if not multipart:
                    attachment = await self.attachments.receive(user_id, attachment_id, body)
                else:
                    file = OneFile(content_type or "", body)
                    await file.open()
                    async with aclosing(file.pieces()) as pieces:
                        attachment = await self.attachments.receive(user_id, attachment_id, pieces)
        return self._reply(request, user_id, attachment)

    def _body(self, request: HttpRequest, around: int) -> AsyncGenerator[bytes, None]:
        return request.pieces(max_bytes=self.max_upload_bytes + around)

    def _reply(self, request: HttpRequest, user_id: str, attachment: Attachment) -> Reply:
        text = dumps(attachment.to_wire())
        return json_reply(resolve(text, self.links.read_url(request, user_id)))


def _length(request: HttpRequest, most: int) -> int:
    """The largest size that the file can have, by the request's Content-Length."""
    declared = request.headers.get(b"content-length", b"")
    return min(int(declared), most) if declared.isdigit() else most
