"""What a scripted model answers, step by step; see model_server for how they are played."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Chunk:
    """A step: one chunk. `delta` is the first choice's; `more` are fields of the chunk itself."""

    delta: dict[str, Any] | None = None
    reason: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raw:
    """A step: these bytes as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """A step: wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """The only step of an answer that is an HTTP error."""

    status: int
    error: dict[str, Any] = field(default_factory=lambda: {"message": "scripted"})
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The last step of an answer that is no stream: this body."""

    data: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """The last step of an answer without a proper end.

    `cut` breaks the connection, `hang` keeps it silent, `eof` ends the body with no end mark.
    """

    how: str


#: A step: an asyncio.Event holds the answer until the test sets it.
Step = str | Chunk | Raw | Pause | Status | Reply | End | asyncio.Event

CUT: Final = End("cut")
HANG: Final = End("hang")
EOF: Final = End("eof")

#: A picture of one pixel: what is drawn when nothing is scripted.
PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg=="
)


def reasoning(text: str) -> Chunk:
    """A piece of reasoning, in the field that most servers use."""
    return Chunk({"reasoning_content": text})


def cite(url: str, title: str, end: int, start: int = 0) -> Chunk:
    """A citation, as OpenAI and OpenRouter stream it."""
    place = {"start_index": start, "end_index": end}
    citation = {"url": url, "title": title, **place}
    return Chunk({"annotations": [{"type": "url_citation", "url_citation": citation}]})


def picture(data: bytes = PNG) -> Reply:
    """A picture inside the answer."""
    return _image({"b64_json": base64.b64encode(data).decode()})


def picture_at(url: str) -> Reply:
    """A picture that is to be fetched elsewhere."""
    return _image({"url": url})


def _image(image: dict[str, str]) -> Reply:
    return Reply(json.dumps({"created": 1, "data": [image]}).encode())


def sketch(index: int, data: bytes = PNG) -> Raw:
    """A picture so far, in the stream of one."""
    encoded = base64.b64encode(data).decode()
    return image_event("partial_image", b64_json=encoded, partial_image_index=index)


def drawn(data: bytes = PNG) -> Raw:
    """The whole picture, in the stream of one."""
    return image_event("completed", b64_json=base64.b64encode(data).decode())


def image_event(kind: str, **fields: Any) -> Raw:
    """An event in the stream of a picture."""
    name = f"image_generation.{kind}"
    value = {"type": name, "created_at": 1, "output_format": "png", **fields}
    return Raw(f"event: {name}\ndata: {json.dumps(value)}\n\n".encode())


def refusal(text: str) -> Chunk:
    """A piece of a refusal."""
    return Chunk({"content": None, "refusal": text})


def call(name: str | None, arguments: str, *, call_id: str | None = None, index: int = 0) -> Chunk:
    """A tool call, or a piece of one: the first names it, all of one call share the index."""
    piece: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
    if name is not None:
        piece |= {"id": call_id or f"call_{index}", "type": "function"}
        piece["function"]["name"] = name
    return Chunk({"tool_calls": [piece]})


def usage(input_tokens: int, output_tokens: int) -> Chunk:
    """The usage chunk, in place of the server's own."""
    count = {
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }
    return Chunk(more={"usage": count})


def finish(reason: str) -> Chunk:
    """The chunk that says why the answer ends."""
    return Chunk({}, reason)


def error(**fields: Any) -> Chunk:
    """An error in the middle of a stream."""
    return Chunk(more={"error": fields})
