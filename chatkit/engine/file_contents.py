"""Loads the contents of attached files for the model, within a budget."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from chatkit.ports.files import FileStore
from chatkit.protocol.attachments import (
    Attachment,
    DocumentContent,
    FileContent,
    ImageContent,
    NameContent,
    StoredFile,
    TextContent,
)
from chatkit.protocol.errors import NotFound
from chatkit.protocol.file_types import PDF, FileType
from chatkit.protocol.jsontext import clean_text

#: Largest image and largest PDF that the model is sent, and the total of one message, in bytes.
MAX_IMAGE_BYTES: Final = 5 * 2**20
MAX_PDF_BYTES: Final = 10 * 2**20
MAX_BYTES: Final = 20 * 2**20
#: Most text of all files of one message together, in characters.
MAX_CHARACTERS: Final = 60_000
_BYTES_PER_CHARACTER: Final = 4  # in UTF-8, at most

_TOO_LARGE: Final = "It is too large to be read here."
_NO_ROOM: Final = "It was left out, since the other files take all the room there is."
_NO_READER: Final = "Files of this type cannot be read here."
_GONE: Final = "It is no longer there."


async def contents_for(
    user_id: str,
    attachments: Sequence[Attachment],
    files: FileStore,
    *,
    max_characters: int = MAX_CHARACTERS,
    max_bytes: int = MAX_BYTES,
) -> list[FileContent]:
    """One content per attachment, in order. Earlier attachments use the budgets first.

    `max_characters` limits text; `max_bytes` limits images and PDFs, before their encoding. A
    deleted file becomes a NameContent. Raises Unavailable.
    """
    contents: list[FileContent] = []
    for attachment in attachments:
        try:
            file = await files.open(user_id, attachment.id)
            content = await _content(user_id, file, files, max_characters, max_bytes)
        except NotFound:
            content = _name(attachment, _GONE)
        if isinstance(content, TextContent):
            max_characters -= len(content.text)
        elif not isinstance(content, NameContent):
            max_bytes -= file.size
        contents.append(content)
    return contents


async def _content(
    user_id: str, file: StoredFile, files: FileStore, max_characters: int, max_bytes: int
) -> FileContent:
    kind = FileType(file.mime_type)
    if kind.is_text:
        if max_characters <= 0:
            return _name(file, _NO_ROOM)
        return await _text(user_id, file, files, max_characters)
    if not kind.is_image and kind.mime_type != PDF:
        return _name(file, _NO_READER)
    if file.size > (MAX_IMAGE_BYTES if kind.is_image else MAX_PDF_BYTES):
        return _name(file, _TOO_LARGE)
    if file.size > max_bytes:
        return _name(file, _NO_ROOM)
    content = await files.load_content(user_id, file.id, file.size)
    if content is None:  # replaced by a larger file meanwhile
        return _name(file, _TOO_LARGE)
    url = f"data:{kind.mime_type};base64,{b64encode(content).decode('ascii')}"
    if kind.is_image:
        return ImageContent(url=url)
    return DocumentContent(name=file.name, url=url)


async def _text(
    user_id: str, file: StoredFile, files: FileStore, max_characters: int
) -> TextContent:
    stop = min(file.size, max_characters * _BYTES_PER_CHARACTER)
    async with aclosing(files.read(user_id, file, 0, stop)) as pieces:
        data = b"".join([piece async for piece in pieces])
    # The byte limit may cut a character in two.
    text = clean_text(data.decode("utf-8", "ignore").removeprefix("\ufeff"))
    return TextContent(
        name=file.name,
        mime_type=file.mime_type,
        text=text[:max_characters],
        whole=stop == file.size and len(text) <= max_characters,
    )


def _name(file: StoredFile | Attachment, why: str) -> NameContent:
    return NameContent(name=file.name, mime_type=file.mime_type, why=why)
