"""The streams to a tool server, watched: what it sends is repaired, and its end is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from types import TracebackType
from typing import Any, Self

import httpx2
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from tools.config import HttpServer
from tools.incoming import Repair


@asynccontextmanager
async def watched(
    transport: AbstractAsyncContextManager[tuple[Any, Any]],
    repair: Repair,
    on_end: Callable[[], None],
) -> AsyncIterator[tuple[Any, Any]]:
    """The streams of `transport`. `on_end` is called when the other side closes them."""
    async with transport as (read, write):
        yield _WatchedStream(read, repair, on_end), write


@asynccontextmanager
async def open_http(
    server: HttpServer, see_response: Callable[[httpx2.Response], Awaitable[None]]
) -> AsyncIterator[tuple[Any, Any]]:
    """The streams of a server over streamable HTTP; `see_response` is called with each response."""
    # No read timeout: each call has its own.
    timeout = httpx2.Timeout(10, read=None)
    async with (
        httpx2.AsyncClient(
            headers=dict(server.headers),
            timeout=timeout,
            event_hooks={"response": [see_response]},
        ) as http,
        streamable_http_client(server.url, http_client=http) as streams,
    ):
        yield streams


class _WatchedStream:
    """The read stream of a transport, with repaired messages; calls `on_end` when the other side
    closes it."""

    def __init__(self, stream: Any, repair: Repair, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._repair = repair
        self._on_end = on_end

    async def receive(self) -> SessionMessage | Exception:
        return await self.__anext__()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    @property
    def last_context(self) -> Context | None:
        """That of the call that the last message belongs to, where the transport knows it."""
        context: Context | None = getattr(self._stream, "last_context", None)
        return context

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            message: SessionMessage | Exception = await anext(self._stream)
        except StopAsyncIteration:
            self._on_end()
            raise
        return message if isinstance(message, Exception) else self._repair(message)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._stream.__aexit__(exc_type, exc_val, exc_tb)
