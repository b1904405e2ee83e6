"""Downloads of files, and the routes for uploads and downloads.

Files of users are served so that no browser executes them: the four image formats with their own
type, text as plain text, everything else as bytes, and all except images as a download.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from chatkit.edge.asgi import HttpRequest, PieceReply, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.file_links import FileLinks
from chatkit.edge.router import Route, answering
from chatkit.edge.uploads import UploadRoutes
from chatkit.ports.files import FileStore
from chatkit.protocol.attachments import StoredFile
from chatkit.protocol.file_types import FileType, served_type
from chatkit.protocol.jsontext import dumps

# One range (RFC 9110, 14.1.2). A request for several ranges gets the whole file, which is allowed.
_RANGE: Final = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII)
_QUOTED: Final = re.compile(r'[^ -~]|["\\%]')
_SAFETY: Final = [
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    # The file may be deleted or replaced, so a cache must revalidate it each time.
    (b"cache-control", b"private, no-cache"),
    (b"accept-ranges", b"bytes"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRoutes:
    """The handlers of files."""

    authenticator: Authenticator
    files: FileStore
    links: FileLinks
    uploads: UploadRoutes

    def routes(self) -> list[Route]:
        """The routes of uploads and downloads."""
        fill, get = answering(self.uploads.fill), answering(self.get)
        return [
            Route("/api/chatkit/upload", {"POST": answering(self.uploads.upload)}),
            Route("/api/chatkit/upload/{id}", {"POST": fill, "PUT": fill}),
            Route("/api/chatkit/files/{id}", {"GET": get}),
        ]

    async def get(self, request: HttpRequest) -> PieceReply | Reply:
        """GET the file, or the requested range of it."""
        user_id = self.links.user_of(request.query(), "read", request.params["id"])
        if user_id is None:
            user = await self.authenticator.authenticate(request, sessions=("chat",))
            user_id, pages = user.user_id, b"same-origin"
        else:
            await self.authenticator.admit_link(request, user_id)
            pages = b"cross-origin"  # the widget is in a frame of another origin
        file = await self.files.open(user_id, request.params["id"])
        etag = f'"{file.version}"'
        headers = [
            *_SAFETY,
            (b"etag", etag.encode()),
            (b"cross-origin-resource-policy", pages),
        ]
        if _matches_etag(request.header("if-none-match"), etag):
            return Reply(304, b"", headers)
        headers += [
            (b"content-type", served_type(file.mime_type).encode()),
            (b"content-disposition", _disposition(file)),
        ]
        span = _span(request, file.size, etag)
        status = 200
        if span is None:
            span = range(file.size)
        elif not span:
            return _unsatisfiable(file.size)
        else:
            status = 206
            place = b"bytes %d-%d/%d" % (span.start, span.stop - 1, file.size)
            headers.append((b"content-range", place))
        pieces = self.files.read(user_id, file, span.start, span.stop)
        return PieceReply(pieces, headers, status=status, length=len(span))


def _matches_etag(header: str | None, etag: str) -> bool:
    """Whether `If-None-Match` contains the tag, by weak comparison (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in header.split(","))


def _span(request: HttpRequest, size: int, etag: str) -> range | None:
    """The requested range. None for the whole file, empty if it is outside of the file."""
    header = request.header("range")
    if header is None or request.method != "GET":
        return None
    match = _RANGE.fullmatch(header.strip())
    if match is None or request.header("if-range") not in (None, etag):
        return None
    first, last = match["first"], match["last"]
    if first:
        if last and int(last) < int(first):
            return None
        return range(int(first), min(int(last or size) + 1, size))
    return range(max(0, size - int(last)), size) if last else None


def _unsatisfiable(size: int) -> Reply:
    message = f"the file has {size} bytes"
    error = {"code": "invalid_range", "message": message}
    headers = [(b"content-range", b"bytes */%d" % size)]
    return json_reply(dumps({"message": message, "error": error}), status=416, headers=headers)


def _disposition(file: StoredFile) -> bytes:
    """The header in both forms of RFC 6266: for all clients, and for those with UTF-8 support."""
    kind = "inline" if FileType(file.mime_type).is_image else "attachment"
    plain = _QUOTED.sub("_", file.name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}".encode()
