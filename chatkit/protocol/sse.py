"""Server-sent events, both ways: frames to bytes, and bytes cut anywhere to frames.

The rules are those of the HTML standard, section 9.2 "Server-sent events". Lines end at CR, LF or
CRLF and nowhere else: `str.splitlines` would also cut at U+2028, which JSON may hold unescaped.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: A comment that no parser reports; it keeps proxies from closing a silent stream.
PING: Final = b": ping\n\n"

#: Longest frame that a decoder takes unless it is told otherwise, in bytes.
MAX_FRAME_BYTES: Final = 4 * 1024 * 1024

_DATA: Final = b"data: "
_END: Final = b"\n\n"
_BOM: Final = b"\xef\xbb\xbf"


class FrameTooLarge(ValueError):
    """A frame grew above the decoder's limit; the stream cannot be read any further."""


class Frame(NamedTuple):
    """One SSE block as it was read. A tuple, for one is made for every delta of a model."""

    data: str
    event: str | None = None
    id: str | None = None


def frame_of(line: str) -> bytes:
    """One line of JSON as a block on the wire."""
    return _DATA + line.encode() + _END


def line_of(frame: bytes) -> bytes:
    """The line that `frame_of` was given."""
    return frame[len(_DATA) : -len(_END)]


def joined(frames: list[bytes], *, after: int, numbered: bool) -> bytes:
    """Blocks that follow number `after` as bytes, with `id:` lines where they are numbered."""
    if numbered:
        frames = [
            b"id: %d\n%b" % (number, frame) for number, frame in enumerate(frames, start=after + 1)
        ]
    return frames[0] if len(frames) == 1 else b"".join(frames)


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
        if b"\n" not in data:
            self._buffer += data
            self._check(self._buffer)
            return []
        if self._buffer:
            data = bytes(self._buffer) + data
        *blocks, rest = data.split(_END)
        if len(data) > self._max_frame_bytes:
            for block in blocks:
                self._check(block)
            self._check(rest.removesuffix(b"\n"))
        self._buffer[:] = rest
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
    if block.startswith(_DATA) and b"\n" not in block:
        return Frame(block[len(_DATA) :].decode("utf-8", "replace"))
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
