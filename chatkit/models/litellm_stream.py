"""Reads the stream that LiteLLM has opened, in one of two ways that return the same deltas.

- Directly, if the provider speaks OpenAI's chunks: our own decoder reads the bytes in whatever form
  they come, and the deltas of one read form one batch (about 4 µs per delta in a burst). If aiohttp
  is below httpx, its response is read: one read returns all bytes that have arrived, while httpx
  returns at most 16 KiB and passes them through four generators.
- Through LiteLLM's wrapper, chunk by chunk, for every other provider (about 300 µs per delta).

LiteLLM is not imported here: its objects are `Any`, recognized by their shape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from chatkit.models.pure.answer_lines import AnswerLines
from chatkit.models.pure.deltas import Delta, ModelFault
from chatkit.models.pure.openai_chunks import DONE, ChunkReader

#: How long to wait for the end of a complete body, in seconds, so that its connection is reused.
_DRAIN_S: Final = 0.1
#: Most chunks of LiteLLM's wrapper in one batch; the wrapper takes 0.3 ms for each.
_MAX_JOINED: Final = 32

#: Chunk parsers of LiteLLM's handlers that change no more than our own reader does. A handler with
#: another parser translates a format of its own.
_PLAIN_PARSERS: Final = frozenset(
    f"{owner}.chunk_parser"
    for owner in (
        "OpenAIChatCompletionStreamingHandler",
        "OpenRouterChatCompletionStreamingHandler",
        "GroqChatCompletionStreamingHandler",
        "MistralChatResponseIterator",
    )
)


class ChunkSource(Protocol):
    """An open answer. `ended`: the last read was the last one.

    `complete`, to be read after the end: the stream's end mark was received."""

    complete: bool
    ended: bool

    async def read(self) -> Sequence[Delta] | None:
        """The next deltas, possibly none. None at the end."""
        ...

    async def aclose(self) -> None:
        """Close the provider's connection."""
        ...


def open_source(wrapper: Any) -> ChunkSource:
    """Choose how to read LiteLLM's stream: directly only if it has exactly the expected shape."""
    response = None
    stream = wrapper.completion_stream
    if type(stream).__name__ == "AsyncStream":  # the OpenAI SDK
        if getattr(stream, "_cast_to", object).__name__ == "ChatCompletionChunk":
            response = stream.response
    elif getattr(type(stream), "chunk_parser", object).__qualname__ in _PLAIN_PARSERS:
        response = stream.http_response
    return _WrapperSource(wrapper) if response is None else _ByteSource(response)


class _ByteSource:
    """An open response with OpenAI chunks, read directly."""

    def __init__(self, response: Any) -> None:
        self.complete = False
        self.ended = False
        self._response = response
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        self._below = None if encoded else _below(response)
        self._reads = response.aiter_bytes() if encoded else response.aiter_raw()
        self._lines = AnswerLines()
        self._chunks = ChunkReader()
        self._fault: ModelFault | None = None

    async def read(self) -> Sequence[Delta] | None:
        if self._fault is not None:
            raise self._fault
        if self.ended:
            return None
        data = await self._receive()
        deltas: list[Delta] = []
        # Return the deltas before an error in the same read; raise the error at the next read.
        try:
            if data is not None:
                self._decode(self._lines.receive(data), deltas)
            else:
                self.ended = True
                self._chunks.end()
                self._decode(self._lines.finish(), deltas)
        except ModelFault as fault:
            self._fault = fault
        return deltas

    def _decode(self, texts: list[str], deltas: list[Delta]) -> None:
        for text in texts:
            if text.startswith(DONE):
                self._chunks.end()
                self.complete = self.ended = True
                break
            deltas += self._chunks.read(text)

    async def _receive(self) -> bytes | None:
        if self._below is None:
            return await anext(self._reads, None)
        return await self._below.content.readany() or None

    async def aclose(self) -> None:
        if self.complete:
            with suppress(Exception):  # errors do not matter: the answer is complete
                async with asyncio.timeout(_DRAIN_S):
                    await self._receive()
        await self._reads.aclose()
        await self._response.aclose()


def _below(response: Any) -> Any:
    """The aiohttp response below httpx's, if LiteLLM's transport has one of the expected shape."""
    stream = getattr(getattr(response, "stream", None), "_stream", None)
    below = getattr(stream, "_aiohttp_response", None)
    return below if hasattr(getattr(below, "content", None), "readany") else None


class _WrapperSource:
    """LiteLLM's stream wrapper, read chunk by chunk."""

    def __init__(self, wrapper: Any) -> None:
        # If the provider sends no finish reason, the wrapper makes one up at the end.
        self.complete = True
        self.ended = False
        self._wrapper = wrapper
        self._chunks = ChunkReader()
        self._next: asyncio.Task[Any] | None = None
        self._begun = False

    async def read(self) -> Sequence[Delta] | None:
        batch: list[Delta] = []
        chunk = await self._wait()
        joined = 1
        while chunk is not None:
            batch += self._deltas(chunk)
            if not self._begun or joined == _MAX_JOINED:
                break
            # Run the loop once. If the next chunk was ready, its task is now done. If not, the next
            # read waits for the task.
            self._next = asyncio.ensure_future(anext(self._wrapper, None))
            await asyncio.sleep(0)
            if not self._next.done() or self._next.exception() is not None:
                break
            chunk = await self._wait()
            joined += 1
        self._begun = self._begun or bool(batch)
        return None if chunk is None and not batch else batch

    async def _wait(self) -> Any:
        task, self._next = self._next, None
        return await (anext(self._wrapper, None) if task is None else task)

    def _deltas(self, chunk: Any) -> list[Delta]:
        choices = []
        for choice in chunk.choices[:1]:
            delta = choice.delta.model_dump(exclude_none=True)
            # Providers with a stream of their own get their reasoning back in another form.
            delta["reasoning"] = delta.pop("reasoning_content", None)
            choices.append({"delta": delta, "finish_reason": choice.finish_reason})
        whole: dict[str, Any] = {"choices": choices}
        if (usage := getattr(chunk, "usage", None)) is not None:
            whole["usage"] = usage.model_dump(exclude_none=True)
        for name in ("citations", "search_results"):
            if value := getattr(chunk, name, None):
                whole[name] = value
        return self._chunks.deltas(whole)

    async def aclose(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait([self._next])
        await self._wrapper.aclose()
