"""Parses a multipart/form-data body with one file, as a stream (RFC 7578)."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from typing import Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from chatkit.protocol.errors import BadRequest, Sentence, UnsupportedMedia

#: Size allowed around the file, for boundaries and part headers, in bytes.
MAX_FORM_BYTES: Final = 64 * 1024
_FIELD: Final = b"file"
#: Largest total size of the form's other fields, in bytes, and most boundaries in the body.
_MAX_OTHER_BYTES: Final = 8 * 1024
_MAX_DELIMITERS: Final = 16
_PLAIN_ENCODINGS: Final = (b"", b"7bit", b"8bit", b"binary")

# It logs a warning for each malformed body, which anyone can send; the sender gets the error.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


def is_multipart(content_type: str | None) -> bool:
    """Whether a body is multipart/form-data."""
    return parse_options_header(content_type)[0] == b"multipart/form-data"


class OneFile:
    """The part named `file`, which must be the only file. Call `open`, then `pieces`.

    A few small other fields are ignored. `body` is the request's body. Raises BadRequest if the
    body is malformed or has anything else, and the errors of `body`.
    """

    def __init__(self, content_type: str, body: AsyncGenerator[bytes, None]) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            raise UnsupportedMedia(Sentence("upload.not_multipart"))
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= 70:  # RFC 2046, 5.1.1
            raise BadRequest(Sentence("upload.boundary"))
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_to_name,
                "on_header_value": self._add_to_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_data,
                "on_end": self._end,
            },
        )
        self._body = body
        self._delimiter = b"\r\n--" + boundary
        self._delimiters = 0
        self._tail = b""
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._other_bytes = 0
        self._data: list[bytes] = []
        self._opened = self._in_file = self._ended = False
        #: Set by `open`: the part's file name as sent, and its type, if any.
        self.file_name = ""
        self.content_type = ""

    async def open(self) -> None:
        """Read up to the end of the part's headers."""
        while not self._opened:
            await self._read()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes of the file, after `open`. Errors in the rest of the body, such as a second
        file, are raised only at its end."""
        while True:
            data, self._data = self._data, []
            for piece in data:
                yield piece
            if self._ended:
                break
            await self._read()
        async for _ in self._body:  # ignore data after the last boundary
            pass

    async def _read(self) -> None:
        piece = await anext(self._body, None)
        if piece is None:
            raise BadRequest(Sentence("upload.cut_off"))
        self._count_delimiters(piece)
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise BadRequest(Sentence("upload.malformed")) from error
        if self._ended and not self._opened:
            raise BadRequest("file: is required")

    def _count_delimiters(self, piece: bytes) -> None:
        """Reject a body that repeats the boundary. Raises BadRequest.

        The boundary must not occur in a file (RFC 2046, 5.1.1), and the parser takes a hundred
        times longer for bytes that almost match it.
        """
        looked_at = self._tail + piece
        self._delimiters += looked_at.count(self._delimiter)
        if self._delimiters > _MAX_DELIMITERS:
            raise BadRequest("file: must stand beside few fields, without the boundary in it")
        self._tail = looked_at[1 - len(self._delimiter) :]

    def _begin_part(self) -> None:
        self._headers = {}
        self._in_file = False

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value.strip()
        self._name = self._value = b""

    def _end_headers(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        field, name = options.get(b"name"), options.get(b"filename")
        if kind != b"form-data" or not field:
            raise BadRequest(Sentence("upload.part_unnamed"))
        if field != _FIELD and name is None:
            return
        if field != _FIELD or self._opened:
            raise BadRequest("file: must be the only file")
        if name is None:
            raise BadRequest("file: must be a file, with a file name")
        if self._headers.get(b"content-transfer-encoding", b"").lower() not in _PLAIN_ENCODINGS:
            raise BadRequest("file: must be sent without a transfer encoding")
        # Browsers send UTF-8 and escape these three (HTML, multipart/form-data encoding).
        text = name.decode("utf-8", "replace")
        for escape, letter in (("%0A", "\n"), ("%0D", "\r"), ("%22", '"')):
            text = text.replace(escape, letter)
        self.file_name = text
        self.content_type = self._headers.get(b"content-type", b"").decode("latin-1")
        self._opened = self._in_file = True

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._data.append(data[start:end])
            return
        self._other_bytes += end - start
        if self._other_bytes > _MAX_OTHER_BYTES:
            raise BadRequest(Sentence("upload.too_much_beside"))

    def _end(self) -> None:
        self._ended = True
