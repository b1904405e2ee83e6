"""What kind a file is: by what is said of it, and by what it holds, which has the last word.

Taken are four kinds of raster images, PDF, ZIP (and so the office formats made of it) and UTF-8
text. SVG is text here: it is a document that can run code, and is never shown as an image.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from chatkit.protocol.errors import BadRequest, Sentence, UnsupportedMedia

#: The images that are shown and that models are given.
IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
PDF: Final = "application/pdf"
ZIP: Final = "application/zip"
PLAIN: Final = "text/plain"
UNKNOWN: Final = "application/octet-stream"

_ALIASES: Final = {
    "": UNKNOWN,
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "application/x-pdf": PDF,
    "application/x-zip-compressed": ZIP,
    "application/x-zip": ZIP,
}
#: What a file of text may call itself beside `text/…` and `…+xml`, `…+json`.
_TEXTS: Final = frozenset(
    f"application/{name}"
    for name in (
        "csv", "ecmascript", "javascript", "json", "jsonl", "rtf", "sql", "toml", "typescript",
        "x-httpd-php", "x-javascript", "x-ndjson", "x-python", "x-sh", "x-toml", "x-yaml", "xml",
        "yaml",
    )
)  # fmt: skip
_ZIPS: Final = re.compile(
    r"application/(?:zip|epub\+zip|vnd\.openxmlformats-officedocument\.[a-z.]+"
    r"|vnd\.oasis\.opendocument\.[a-z.-]+|vnd\.ms-(?:excel|word|powerpoint)\.[a-z0-9.]+)"
)
_NEVER: Final = ("audio/", "video/", "font/", "model/", "image/")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")

# From the formats' own definitions; WebP is a RIFF file with its size between the two words.
_MAGIC: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-"), PDF),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), ZIP),
)
_LONGEST_MAGIC: Final = 12
#: Every byte that text may hold: no control characters but the white space among them.
_IN_TEXT: Final = bytes(byte for byte in range(256) if byte >= 32 and byte != 127) + b"\t\n\r\f"


@dataclass(frozen=True, slots=True)
class FileType:
    """A MIME type in lower case, without parameters, and whether it is an image that is shown."""

    mime_type: str

    @property
    def is_image(self) -> bool:
        """One of the four."""
        return self.mime_type in IMAGES

    @property
    def is_text(self) -> bool:
        """Whether a file that calls itself so should be text."""
        name = self.mime_type
        return name.startswith("text/") or name in _TEXTS or name.endswith(("+xml", "+json"))


def declared_type(text: str, *, place: str = "") -> FileType:
    """The type that a client names; the empty one, which browsers give for what they do not know,
    is that of unknown bytes. Raises BadRequest, and UnsupportedMedia for what is never taken."""
    name = text.partition(";")[0].strip().lower()
    name = _ALIASES.get(name, name)
    if _TYPE.fullmatch(name) is None:
        raise BadRequest(f"{place}mime_type: must be a MIME type, such as image/png")
    kind = FileType(name)
    if name.startswith(_NEVER) and not kind.is_image and not kind.is_text:
        raise UnsupportedMedia(Sentence("file.type_not_taken", place=place))
    return kind


def image_type(data: bytes) -> str | None:
    """The type of an image that is shown, by its first bytes; None for anything else."""
    name = _by_magic(data)
    return name if name in IMAGES else None


def _by_magic(beginning: bytes) -> str | None:
    return next((name for magic, name in _MAGIC if magic.match(beginning)), None)


def served_type(mime_type: str) -> str:
    """The type under which a file may be served: none that a browser would run."""
    kind = FileType(mime_type)
    if kind.is_image or mime_type == PDF:
        return mime_type
    return f"{PLAIN}; charset=utf-8" if kind.is_text else UNKNOWN


class Probe:
    """Looks at the bytes of a file as they come, in any pieces."""

    def __init__(self) -> None:
        self._beginning = b""
        self._is_text = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        if len(self._beginning) < _LONGEST_MAGIC:
            self._beginning += piece[: _LONGEST_MAGIC - len(self._beginning)]
        if self._is_text:
            self._is_text = not piece.translate(None, _IN_TEXT) and self._decodes(piece)

    def judge(self, declared: str) -> FileType:
        """The type of the whole file, once all of it was fed.

        Raises UnsupportedMedia where it is of no kind that is taken, and where it calls itself an
        image or a PDF and is none.
        """
        found = self._found()
        if found is None:
            raise UnsupportedMedia(Sentence("file.kind_not_taken"))
        said = FileType(declared)
        if said.is_image and found not in IMAGES:
            raise UnsupportedMedia(Sentence("file.no_image", type=declared))
        if declared == PDF and found != PDF:
            raise UnsupportedMedia(Sentence("file.no_pdf"))
        fits = (found == PLAIN and said.is_text) or (found == ZIP and _ZIPS.fullmatch(declared))
        return said if fits else FileType(found)

    def _found(self) -> str | None:
        if (name := _by_magic(self._beginning)) is not None:
            return name
        return PLAIN if self._is_text and self._decodes(b"", final=True) else None

    def _decodes(self, piece: bytes, *, final: bool = False) -> bool:
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            return False
        return True
