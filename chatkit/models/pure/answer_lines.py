"""Splits the body of an answer into the JSON texts of its chunks, in whatever form it comes.

Servers that imitate OpenAI's API answer `stream: true` with events (the HTML standard, "Server-sent
events"), with events whose blank lines are missing, with one JSON object a line, or with a single
JSON object. A web page means that something else answers at the address.
"""

from __future__ import annotations

from typing import Final

from chatkit.models.pure.deltas import ModelFault

#: Longest line, and longest body that is one JSON object, in bytes.
MAX_BYTES: Final = 8 * 1024 * 1024

_BOM: Final = b"\xef\xbb\xbf"
_DATA: Final = b"data:"
#: How a chunk ends, and the mark of the last one.
_ENDS: Final = (b"}", b"]")


class AnswerLines:
    """Bytes in, JSON texts out; the bytes may be split at any point.

    A JSON object that several lines of one event hold comes in several texts; an empty text marks
    the end of such an event. Raises ModelFault: `malformed` above MAX_BYTES, `misconfigured` for a
    web page.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._begun = False
        self._object: list[bytes] | None = None  # the lines of a body that is no event stream
        self._size = 0
        self._open = False  # whether the last text may be only a part of a chunk

    def receive(self, data: bytes) -> list[str]:
        """The texts that are now complete."""
        if self._begun and b"\n" not in data:
            self._rest += data
            self._require_short()
            return []
        if self._rest:
            data = bytes(self._rest) + data
        if not self._begun and not self._begin(data):
            return []
        lines = data.split(b"\n")
        self._rest = bytearray(lines.pop())
        self._require_short()
        return self._texts(lines)

    def finish(self) -> list[str]:
        """What is left at the end of the body; it may be cut off."""
        texts = self._texts([bytes(self._rest)])
        if self._object:
            texts.append(b"\n".join(self._object).decode("utf-8", "replace"))
        self._rest, self._object = bytearray(), None
        return texts

    def _require_short(self) -> None:
        if len(self._rest) > MAX_BYTES:
            raise ModelFault("malformed")

    def _begin(self, data: bytes) -> bool:
        """Find out the form by the first character."""
        start = data.removeprefix(_BOM).lstrip()
        if not start or _BOM.startswith(data):
            self._rest = bytearray(data[:64])
            return False
        if start.startswith(b"<"):
            raise ModelFault("misconfigured")
        self._begun = True
        if start.startswith((b"{", b"[")):
            self._object = []
        return True

    def _texts(self, lines: list[bytes]) -> list[str]:
        texts = []
        for line in lines:
            if line.startswith(_DATA):
                text = line[5:].strip()
                self._open = not text.endswith(_ENDS)
                texts.append(text.decode("utf-8", "replace"))
            elif line and not line.isspace():
                line = line.removeprefix(_BOM).strip()
                if line.startswith(_DATA):
                    texts.append(line[5:].strip().decode("utf-8", "replace"))
                elif line.startswith(b"{") and line.endswith(b"}") and not self._object:
                    texts.append(line.decode("utf-8", "replace"))
                elif self._object is not None:
                    self._keep(self._object, line)
            elif self._open:
                self._open = False
                texts.append("")
        return texts

    def _keep(self, kept: list[bytes], line: bytes) -> None:
        kept.append(line)
        self._size += len(line)
        if self._size > MAX_BYTES:
            raise ModelFault("malformed")
