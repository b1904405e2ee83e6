"""Small files of every kind, and the bodies that carry them."""

from __future__ import annotations

import struct
import zlib
from typing import Final


def png(pixels: bytes = b"\xff\x00\x00") -> bytes:
    """An image of one pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" + pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


PNG: Final = png()
JPEG: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) + b"\xff\xd9"
GIF: Final = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff;"
WEBP: Final = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00" + bytes(14)
PDF: Final = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"
ZIP: Final = b"PK\x03\x04" + bytes(30) + b"PK\x05\x06" + bytes(18)
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

BOUNDARY: Final = b"----boundary7MA4"
MULTIPART: Final = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def part(
    content: bytes,
    *,
    field: str = "file",
    name: str | None = "cat.png",
    mime_type: str | None = "image/png",
    more: bytes = b"",
) -> bytes:
    """One part, from its boundary on."""
    head = f'Content-Disposition: form-data; name="{field}"'
    head += "" if name is None else f'; filename="{name}"'
    head += "" if mime_type is None else f"\r\nContent-Type: {mime_type}"
    return b"--" + BOUNDARY + b"\r\n" + head.encode() + b"\r\n" + more + b"\r\n" + content + b"\r\n"


END: Final = b"--" + BOUNDARY + b"--\r\n"
