"""Server-sent events, both ways: frames to bytes, and bytes cut anywhere to frames.

The rules are those of the HTML standard, section 9.2 "Server-sent events". Lines end at CR, LF or
CRLF and nowhere else: `str.splitlines` would also cut at U+2028, which JSON may hold unescaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: A comment that no parser reports; it keeps proxies from closing a silent stream.
PING: Final = b": ping\n\n"

#: Longest frame that a decoder takes unless it is told otherwise, in bytes.
MAX_FRAME_BYTES: Final = 4 * 1024 * 1024

_LINE_END: Final = re.compile("\r\n|\r|\n")
_BOM: Final = b"\xef\xbb\xbf"


class FrameTooLarge(ValueError):
    """A frame grew above the decoder's limit; the stream cannot be read any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One SSE block. `data` may hold any text; `event` and `id` hold no line break."""

    data: str
    event: str | None = None
    id: str | None = None

    def __post_init__(self) -> None:
        if self.event is None and self.id is None:
            return
        for name, value in (("event", self.event), ("id", self.id)):
            if value is not None and not {"\r", "\n", "\0"}.isdisjoint(value):
                raise ValueError(f"{name} must not hold a line break or NUL: {value!r}")


def encode(frame: Frame) -> bytes:
    """The block on the wire. Each line of `data` is its own field; a lone surrogate becomes `?`."""
    lines = [] if frame.id is None else [f"id: {frame.id}"]
    if frame.event is not None:
        lines.append(f"event: {frame.event}")
    lines += [f"data: {line}" for line in _LINE_END.split(frame.data)]
    return "\n".join([*lines, "\n"]).encode("utf-8", "replace")


def data_frame(json_bytes: bytes) -> bytes:
    """The block of a value that is one line already, as compact JSON is; it is not looked into."""
    return b"data: " + json_bytes + b"\n\n"


class Decoder:
    """Bytes in, frames out; where the bytes are cut makes no difference.

    What follows the last blank line is an unfinished frame, and dropped if nothing more comes.
    A frame of more than `max_frame_bytes` (line ends counted as one byte) raises FrameTooLarge.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._buffer = bytearray()
        self._at_start = True
        self._after_cr = False

    def receive(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        if self._at_start:
            data = self._without_bom(data)
        if self._after_cr and data:
            # This CR has ended its line; the LF that belongs to it must not end another.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._buffer += data
        if b"\n" not in data:
            self._check(self._buffer)
            return []
        *blocks, rest = bytes(self._buffer).split(b"\n\n")
        if len(self._buffer) > self._max_frame_bytes:
            for block in blocks:
                self._check(block)
            self._check(rest.removesuffix(b"\n"))
        self._buffer = bytearray(rest)
        return [frame for frame in map(_parse, blocks) if frame is not None]

    def _without_bom(self, data: bytes) -> bytes:
        held = bytes(self._buffer) + data
        if len(held) < len(_BOM) and _BOM.startswith(held):
            self._buffer = bytearray(held)
            return b""
        self._buffer.clear()
        self._at_start = False
        return held.removeprefix(_BOM)

    def _check(self, block: bytes | bytearray) -> None:
        if len(block) > self._max_frame_bytes:
            raise FrameTooLarge(f"a frame of more than {self._max_frame_bytes} bytes")


def _parse(block: bytes) -> Frame | None:
    """The frame in a block whose lines end at LF, or None where there is nothing to report."""
    # The usual frame of a model, one line, costs one slice.
    if block.startswith(b"data: ") and b"\n" not in block:
        return Frame(data=block[6:].decode("utf-8", "replace"))
    data: list[str] = []
    event: str | None = None
    identity: str | None = None
    for line in block.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value.replace("\0", "\ufffd") or None
        elif name == "id" and "\0" not in value:
            identity = value
    return Frame(data="\n".join(data), event=event, id=identity) if data else None
