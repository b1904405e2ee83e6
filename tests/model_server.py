"""A scripted model: a real HTTP server on loopback that speaks `/v1/chat/completions`.

It also takes recordings at `/v1/audio/transcriptions`, makes pictures at `/v1/images/generations`,
and sends what a Reply holds on any other path, so that it can play other providers too.

    async with ModelServer() as server:
        server.script("Hel", "lo", usage(3, 2))
        ...  # ask it at server.api_base
        await server.requests[0].closed.wait()

Each script answers one request, in order; with none left, `answer` makes one from the request's
body. A step is text, or one of the functions and classes in model_steps. Where no step says
otherwise the answer ends properly: a reason, the usage if it was asked for, `[DONE]`. An answer
that is no stream may begin with waits and ends; its text is the transcript, and is what a picture
replaces. A picture that is asked for as a stream has two sketches, and ends with itself.

Alone: python -m tests.model_server --port 9000 --pace 0.02
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from types import TracebackType
from typing import Any, Self

from tests.model_steps import (
    Chunk,
    End,
    Pause,
    Raw,
    Reply,
    Status,
    Step,
    call,
    drawn,
    finish,
    picture,
    sketch,
    usage,
)


def by_last_message(body: dict[str, Any]) -> list[Step]:
    """An answer for load and acceptance: `200 words`, `add …` through the task tool, else ten."""
    last = body["messages"][-1]
    content = last.get("content") or ""
    if not isinstance(content, str):
        content = " ".join(part.get("text", "") for part in content)
    if last["role"] == "tool":
        return ["Done: ", *_words(9)]
    if body.get("tools") and (match := re.search(r"\badd (.+)", content, re.IGNORECASE)):
        return [call("add_task", json.dumps({"title": match[1]}))]
    count = re.search(r"(\d+) words", content)
    return [*_words(int(count[1]) if count else 10)]


def _words(count: int) -> list[str]:
    return [f"word{place} " for place in range(count)]  # no two alike, as LiteLLM wants it


@dataclass(slots=True)
class Request:
    """A request that came; `closed` is set when its connection is.

    Of a form, `body` holds the fields, a file as `(name, media type, bytes)`.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    closed: asyncio.Event


class ModelServer:
    """The server, in the test's own event loop; see the module."""

    def __init__(
        self,
        *,
        answer: Callable[[dict[str, Any]], list[Step]] = by_last_message,
        pace_s: float = 0.0,
        gzip: bool = False,
    ) -> None:
        self.requests: list[Request] = []
        self.came = asyncio.Event()  # set by the first request
        self.answer = answer
        self.pace_s = pace_s
        self.gzip = gzip
        self.connections: set[_Connection] = set()
        self.port = 0
        self.stream_type = "text/event-stream"
        self._scripts: deque[list[Step]] = deque()
        self._server: asyncio.Server | None = None

    @property
    def api_base(self) -> str:
        """What a client is told."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *steps: Step) -> None:
        """The next answer."""
        self._scripts.append(list(steps))

    def forget(self) -> None:
        """Drop the requests that came and the scripts that were not asked for."""
        self.requests.clear()
        self._scripts.clear()

    def next_answer(self, request: Request) -> list[Step]:
        """The steps for a request that has come whole."""
        self.requests.append(request)
        self.came.set()
        if self._scripts:
            return self._scripts.popleft()
        if request.path.endswith("/images/generations"):
            return [sketch(0), sketch(1), drawn()] if request.body.get("stream") else [picture()]
        if request.path.endswith("/audio/transcriptions"):
            return ["what was said"]
        return self.answer(request.body)

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; 0 is any free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self.connections):
            await connection.abort()


class _Connection(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._buffer = b""
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self._server.connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    async def abort(self) -> None:
        self._transport.abort()
        await self._closed.wait()
        if self._task is not None:
            await asyncio.wait([self._task])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            body = _read_form(kind, rest[:length])
        else:
            body = json.loads(rest[:length] or b"{}")
        request = Request(first.split(" ")[1], headers, body, self._closed)
        self._task = asyncio.ensure_future(self._answer(request))

    async def _answer(self, request: Request) -> None:
        steps = self._server.next_answer(request)
        streamed = request.body.get("stream") or "alt=sse" in request.path  # Gemini's way
        if streamed and not any(isinstance(step, Status | Reply) for step in steps):
            await self._stream(steps, request.body)
            return
        for step in steps:
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, End):
                if step.how == "hang":
                    await self._closed.wait()
                self._transport.close()
                return
            elif isinstance(step, Status):
                error = json.dumps({"error": step.error}).encode()
                self._send(Reply(error, status=step.status, headers=step.headers))
                return
            elif isinstance(step, Reply):
                self._send(step)
                return
        text = "".join(step for step in steps if isinstance(step, str))
        if request.path.endswith("/audio/transcriptions"):
            body: dict[str, Any] = {"text": text}
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            head = {"id": "cmpl", "object": "chat.completion", "created": 1, "model": "scripted"}
            body = {**head, "choices": [choice], **usage(1, 1).more}
        self._send(Reply(json.dumps(body).encode()))

    def _send(self, reply: Reply) -> None:
        size = str(len(reply.data))
        lines = {"content-type": reply.content_type, "content-length": size, **reply.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._transport.write(
            f"HTTP/1.1 {reply.status} Scripted\r\n{head}\r\n".encode() + reply.data
        )

    async def _stream(self, steps: list[Step], body: dict[str, Any]) -> None:
        encoding = b"content-encoding: gzip\r\n" if self._server.gzip else b""
        packer = zlib.compressobj(wbits=31) if self._server.gzip else None
        # Frames between two waits leave in one write, each its own HTTP chunk.
        waiting = [
            f"HTTP/1.1 200 OK\r\ncontent-type: {self._server.stream_type}\r\n".encode()
            + b"transfer-encoding: chunked\r\n"
            + encoding
            + b"\r\n"
        ]

        def flush() -> None:
            self._transport.write(b"".join(waiting))
            waiting.clear()

        for step in [*steps, *_proper_end(steps, body)]:
            if isinstance(step, asyncio.Event):
                flush()
                await step.wait()
            elif isinstance(step, Pause):
                flush()
                await asyncio.sleep(step.seconds)
            elif isinstance(step, End) and step.how == "hang":
                flush()
                await self._closed.wait()
            elif isinstance(step, End) and step.how == "cut":
                flush()
                self._transport.close()
                return
            elif isinstance(step, str | Chunk | Raw):
                data = _encode(step)
                if packer is not None:
                    data = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
                waiting.append(b"%x\r\n%b\r\n" % (len(data), data))
                if self._server.pace_s:
                    flush()
                    await asyncio.sleep(self._server.pace_s)
        waiting.append(b"0\r\n\r\n")
        flush()


def _read_form(content_type: str, body: bytes) -> dict[str, Any]:
    head = f"content-type: {content_type}\r\n\r\n".encode()
    fields: dict[str, Any] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        file = part.get_filename()
        fields[name] = data.decode() if file is None else (file, part.get_content_type(), data)
    return fields


def _proper_end(steps: list[Step], body: dict[str, Any]) -> list[Step]:
    if "partial_images" in body or (steps and isinstance(steps[-1], End)):
        return []
    chunks = [step for step in steps if isinstance(step, Chunk)]
    end: list[Step] = []
    if not any(chunk.reason for chunk in chunks):
        called = any("tool_calls" in (chunk.delta or {}) for chunk in chunks)
        end.append(finish("tool_calls" if called else "stop"))
    counted = any("usage" in chunk.more for chunk in chunks)
    if not counted and (body.get("stream_options") or {}).get("include_usage"):
        end.append(usage(10, len(steps)))
    return [*end, Raw(b"data: [DONE]\n\n")]


def _encode(step: str | Chunk | Raw) -> bytes:
    if isinstance(step, Raw):
        return step.data
    chunk = Chunk({"content": step}) if isinstance(step, str) else step
    choices = []
    if chunk.delta is not None:
        choices = [{"index": 0, "delta": chunk.delta, "finish_reason": chunk.reason}]
    value = {
        "id": "cmpl",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": choices,
        **chunk.more,
    }
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


async def _serve(port: int, pace_s: float) -> None:
    server = ModelServer(pace_s=pace_s)
    await server.start(port)
    print(server.api_base, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.0, help="seconds after each piece")
    given = parser.parse_args()
    asyncio.run(_serve(given.port, given.pace))
