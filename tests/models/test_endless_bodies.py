"""Providers whose responses do not end: they cost little, and the message gets its error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import FaultKind
from tests.models.model_calls import ask, read

PIECE = b"x" * 65536
#: What the server would send, and what three attempts may have made it send, in bytes: what waits
#: between the two programs counts as well.
ALL = 512 * 2**20
MOST = 300 * 2**20


class EndlessServer:
    """Answers each request with the head and then with more and more of the same."""

    def __init__(self, status: int, media_type: str, begin: bytes) -> None:
        self.sent = 0
        self._head = (
            f"HTTP/1.1 {status} Status\r\ncontent-type: {media_type}\r\nconnection: close\r\n\r\n"
        ).encode() + begin

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            writer.write(self._head)
            while self.sent < ALL:
                writer.write(PIECE)
                await writer.drain()
                self.sent += len(PIECE)
        except OSError:
            pass  # the client has gone
        finally:
            writer.close()


@asynccontextmanager
async def endless(
    status: int, media_type: str, begin: bytes
) -> AsyncIterator[tuple[EndlessServer, str]]:
    server = EndlessServer(status, media_type, begin)
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield server, f"http://127.0.0.1:{port}"


@pytest.mark.usefixtures("no_back_off")
@pytest.mark.parametrize("name", ["openai/m", "anthropic/m", "ollama_chat/m", "gemini/m"])
@pytest.mark.parametrize(
    ("status", "media_type", "begin"),
    [
        (400, "application/json", b'{"error": {"message": "'),
        (500, "text/html", b"<p>"),
        (200, "application/json", b'{"choices": [{"message": {"content": "'),
        (200, "text/event-stream", b'data: {"choices": [{"delta": {"content": "'),
    ],
)
async def test_a_body_without_an_end_is_a_fault(
    make_model: Callable[..., LiteLLMModel], name: str, status: int, media_type: str, begin: bytes
) -> None:
    kinds: dict[int, tuple[FaultKind, ...]]
    kinds = {400: ("misconfigured",), 500: ("unavailable",), 200: ("malformed", "unavailable")}
    async with endless(status, media_type, begin) as (server, api_base):
        model = make_model(api_base=api_base)
        async with asyncio.timeout(60):
            batches, kind = await read(model, ask(name, tools=()))
        assert kind in kinds[status]
        assert batches == []
        assert server.sent < MOST
