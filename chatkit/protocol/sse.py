"""Server-sent events in both directions: encodes frames to bytes, and decodes bytes to frames.

The rules are in the HTML standard, section 9.2 "Server-sent events". Lines end only at CR, LF or
CRLF: `str.splitlines` would also split at U+2028, which is legal unescaped in JSON.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: A comment, which parsers ignore. It keeps proxies from closing a silent stream. No empty line is
#: behind it: some parsers would make an empty message of that.
PING: Final = b": ping\n"

#: Longest frame that a decoder accepts by default, in bytes.
MAX_FRAME_BYTES: Final = 4 * 1024 * 1024

_DATA: Final = b"data: "
_END: Final = b"\n\n"
_BOM: Final = b"\xef\xbb\xbf"


class FrameTooLarge(ValueError):
    """A frame exceeds the decoder's limit; the stream cannot be read any further."""


class Frame(NamedTuple):
    """One decoded SSE block. A tuple because it is cheap: there is one for every model delta."""

    data: str
    event: str | None = None
    id: str | None = None


def frame_of(line: str, identity: bytes = b"") -> bytes:
    """Encode one line of JSON as a frame. `identity` is its id, if it has one.

    The id is behind the data, because some parsers look at the first letters of a frame only.
    """
    if identity:
        return b"data: %b\nid: %b\n\n" % (line.encode(), identity)
    return _DATA + line.encode() + _END


def line_of(frame: bytes) -> bytes:
    """The line that `frame_of` has encoded."""
    return frame[len(_DATA) : frame.index(b"\n")]


class Decoder:
    """Decodes bytes to frames. The bytes may be split at any point.

    An unfinished frame at the end of the stream is dropped, as the standard requires.
    A frame of more than `max_frame_bytes` (each line end counts as one byte) raises FrameTooLarge.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._buffer = bytearray()
        self._at_start = True
        self._after_cr = False

    def receive(self, data: bytes) -> list[Frame]:
        """Add bytes; return the frames that are now complete."""
        if self._at_start:
            data = self._without_bom(data)
        if self._after_cr and data:
            # The CR at the end of the last call ended its line; the LF of this CRLF is no new end.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if _END not in self._buffer[-1:] + data:
            self._buffer += data
            if len(self._buffer) - self._buffer.endswith(b"\n") > self._max_frame_bytes:
                raise self._too_large()
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

    def _check(self, block: bytes) -> None:
        if len(block) > self._max_frame_bytes:
            raise self._too_large()

    def _too_large(self) -> FrameTooLarge:
        return FrameTooLarge(f"a frame of more than {self._max_frame_bytes} bytes")


def _parse(block: bytes) -> Frame | None:
    """Decode a block whose lines end at LF. None if it has no data."""
    # Fast path: most model frames are one `data` line.
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
