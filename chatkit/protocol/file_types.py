"""File types: the declared type, and the type found in the bytes, which decides.

Accepted are four raster image formats, PDF, ZIP (and so the office formats based on it) and UTF-8
text. SVG counts as text: it can run code, so it is never shown as an image.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from chatkit.protocol.errors import BadRequest, Sentence, UnsupportedMedia

#: The image types that are shown and sent to models.
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
#: Extensions of the files that are accepted, by type. For file dialogs only: the bytes decide.
EXTENSIONS: Final = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    PDF: (".pdf",),
    ZIP: (".zip", ".epub", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"),
    "text/*": (
        *(".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html", ".css", ".svg"),
        *(".yaml", ".yml", ".toml", ".ini", ".log", ".sql", ".sh", ".py", ".js", ".ts", ".java"),
        *(".c", ".h", ".cpp", ".cs", ".go", ".rs", ".rb", ".php", ".swift", ".kt", ".ics", ".tex"),
    ),
}

#: Types of text files besides `text/…`, `…+xml` and `…+json`.
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
_NEVER_ACCEPTED: Final = ("audio/", "video/", "font/", "model/", "image/")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")

# From the specifications of the formats. WebP is a RIFF file; its size is between the two words.
_MAGIC: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-"), PDF),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), ZIP),
)
_MAX_MAGIC_BYTES: Final = 12
#: Audio that tools return. Users cannot attach it, and it is served as a download only.
_AUDIO: Final = (
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "audio/mpeg"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb".{4}ftyp(?:M4A|mp4|isom)", re.DOTALL), "audio/mp4"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "audio/webm"),
)
#: How a whole image ends. Some programs write a few more bytes behind the end.
_ENDS: Final = {"image/png": b"IEND\xaeB`\x82", "image/jpeg": b"\xff\xd9", "image/gif": b";"}
_MAX_BEHIND: Final = 4096
#: Every byte that is allowed in text: no control characters except white space.
_IN_TEXT: Final = bytes(byte for byte in range(256) if byte >= 32 and byte != 127) + b"\t\n\r\f"


@dataclass(frozen=True, slots=True)
class FileType:
    """A MIME type in lower case, without parameters."""

    mime_type: str

    @property
    def is_image(self) -> bool:
        """Whether it is an image that is shown."""
        return self.mime_type in IMAGES

    @property
    def is_text(self) -> bool:
        """Whether a file declared as this type should be text."""
        name = self.mime_type
        return name.startswith("text/") or name in _TEXTS or name.endswith(("+xml", "+json"))


def declared_type(text: str, *, place: str = "") -> FileType:
    """Parse the type that a client declares. Browsers send an empty type for unknown files.

    Raises BadRequest for a malformed type and UnsupportedMedia for one that is never accepted.
    """
    name = text.partition(";")[0].strip().lower()
    name = _ALIASES.get(name, name)
    if _TYPE.fullmatch(name) is None:
        raise BadRequest(f"{place}mime_type: must be a MIME type, such as image/png")
    kind = FileType(name)
    if name.startswith(_NEVER_ACCEPTED) and not kind.is_image and not kind.is_text:
        raise UnsupportedMedia(Sentence("file.type_not_taken", place=place))
    return kind


def image_type(data: bytes) -> str | None:
    """The type of an image, by its first bytes. None unless it is one of the shown types."""
    name = _by_magic(data)
    return name if name in IMAGES else None


def is_whole_image(data: bytes) -> bool:
    """Whether an image that `image_type` knows has its end: providers refuse one that was cut."""
    name = image_type(data)
    if name == "image/webp":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return name is not None and data.rfind(_ENDS[name], -_MAX_BEHIND) >= 0


def audio_type(data: bytes) -> str | None:
    """The type of audio, by its first bytes. None if it is no known audio."""
    return next((name for magic, name in _AUDIO if magic.match(data)), None)


def _by_magic(beginning: bytes) -> str | None:
    return next((name for magic, name in _MAGIC if magic.match(beginning)), None)


def served_type(mime_type: str) -> str:
    """The type under which a file may be served: never one that a browser would execute."""
    kind = FileType(mime_type)
    if kind.is_image or mime_type == PDF:
        return mime_type
    return f"{PLAIN}; charset=utf-8" if kind.is_text else UNKNOWN


class Probe:
    """Detects the type of a file from its bytes, which may arrive in pieces of any size."""

    def __init__(self) -> None:
        self._beginning = b""
        self._is_text = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes) -> None:
        """Add the next bytes."""
        if len(self._beginning) < _MAX_MAGIC_BYTES:
            self._beginning += piece[: _MAX_MAGIC_BYTES - len(self._beginning)]
        if self._is_text:
            self._is_text = not piece.translate(None, _IN_TEXT) and self._decodes(piece)

    def detect(self, declared: str) -> FileType:
        """The type of the whole file. Call it after the last `feed`.

        Raises UnsupportedMedia if the type is not accepted, or if the file was declared as an
        image or a PDF and is not one.
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
