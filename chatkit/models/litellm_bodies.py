"""Bounds the bodies that LiteLLM reads of providers.

LiteLLM reads a body that is no stream whole, searches the text of an error with dozens of regular
expressions, and joins what it has of a line for every piece that comes: an endless body would take
all memory, an error of 20 MB would stop the process for 16 seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

#: What is read of the body of an error, and of one that is compressed, in bytes.
_MAX_ERROR: Final = 16 * 1024
_MAX_COMPRESSED_ERROR: Final = 4 * 1024
#: Longest line of a stream, in bytes.
_MAX_LINE: Final = 8 * 2**20
#: Longest body of any other kind, in bytes: an image in base64 is the longest that is expected.
_MAX_BODY: Final = 64 * 2**20

#: Media types of bodies that go on as long as the answer does.
_STREAMS: Final = (
    "text/event-stream",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
)


def bound_bodies(transport: Any) -> None:
    """Bound the bodies of all later responses. `transport` is LiteLLM's `aiohttp_transport`."""

    class BoundedStream(transport.AiohttpResponseStream):  # type: ignore[misc]
        """The body of a response. Of an error, the rest is left out; others end in httpx's error
        for a body that cannot be decoded."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            response = self._aiohttp_response
            failed, streamed = response.status >= 400, response.content_type in _STREAMS
            if failed:
                encoded = "content-encoding" in response.headers
                left = most = _MAX_COMPRESSED_ERROR if encoded else _MAX_ERROR
            else:
                left = most = _MAX_LINE if streamed else _MAX_BODY
            async for chunk in super().__aiter__():
                if streamed and not failed and b"\n" in chunk:
                    left = most
                left -= len(chunk)
                if left >= 0:
                    yield chunk
                elif failed:
                    yield chunk[:left]
                    return
                else:
                    raise transport.httpx.DecodingError(f"a body of more than {most} bytes")

    transport.AiohttpResponseStream = BoundedStream
