"""Converts the result of an MCP tool call: text for the model, files, effects, cards and links."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from mcp.types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from chatkit.protocol.calls import CardOffer, Effect, Link, MadeFile
from tools.media import ResultFiles

#: NUL and lone surrogates: PostgreSQL's text or UTF-8 cannot contain them.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

#: Most links of a result; longest title and longest URI of a link, in characters.
MAX_LINKS: Final = 20
MAX_LINK: Final = 200
MAX_URI: Final = 2048

#: Deepest nesting of arguments. Serializers on the way to a server fail at a few hundred levels,
#: and some close the connection then.
_MAX_DEPTH: Final = 64


def read(result: CallToolResult, *, max_chars: int) -> tuple[str, tuple[MadeFile, ...]]:
    """The result as text for the model, and its images and audio.

    There is a note in place of each part that is not text. Without any text, structured content is
    added. More than `max_chars` characters are cut, with a note.
    """
    media = ResultFiles()
    parts = [_part(block, media) for block in result.content]
    has_text = any(isinstance(block, TextContent) for block in result.content)
    if not has_text and result.structured_content is not None:
        parts.append(json.dumps(result.structured_content, ensure_ascii=False))
    text = cleaned("\n".join(parts), max_chars=max_chars) or "(no output)"
    return text, tuple(media.files)


def cleaned(text: str, *, max_chars: int) -> str:
    """`text` without characters that cannot be stored, cut after `max_chars` with a note."""
    text = _UNSTORABLE.sub("", text)
    if len(text) <= max_chars:
        return text
    return f"{text[:max_chars]}\n[cut here: {max_chars} of {len(text)} characters]"


def effects_of(result: CallToolResult, key: str) -> tuple[Effect, ...]:
    """The effects in the `_meta` of a result of the built-in server."""
    carried: list[dict[str, Any]] = (result.meta or {}).get(key, [])
    return tuple(Effect(name=each["name"], data=each["data"]) for each in carried)


def cards_of(result: CallToolResult, key: str) -> tuple[CardOffer, ...]:
    """The card offers in the `_meta` of a result of the built-in server."""
    carried: list[dict[str, Any]] = (result.meta or {}).get(key, [])
    return tuple(CardOffer(**each) for each in carried)


def mentions_of(result: CallToolResult, key: str) -> tuple[tuple[str, str], ...]:
    """The id and title of each task that a result of the built-in server mentions."""
    carried: list[tuple[str, str]] = (result.meta or {}).get(key, [])
    return tuple((task_id, title) for task_id, title in carried)


def links_of(result: CallToolResult) -> tuple[Link, ...]:
    """The first links and embedded resources of a result, without those whose URI is too long."""
    named = [
        (block.title or block.name, str(block.uri))
        if isinstance(block, ResourceLink)
        else (str(block.resource.uri), str(block.resource.uri))
        for block in result.content
        if isinstance(block, ResourceLink | EmbeddedResource)
    ]
    return tuple(
        Link(title=cleaned(title, max_chars=MAX_LINK), uri=cleaned(uri, max_chars=MAX_URI))
        for title, uri in named
        if len(uri) <= MAX_URI
    )[:MAX_LINKS]


def is_sendable(value: object, *, depth: int = _MAX_DEPTH) -> bool:
    """Whether `value` can be sent as JSON in UTF-8 and nests at most `depth` levels."""
    match value:
        case str():
            return value.isascii() or not any("\ud800" <= mark <= "\udfff" for mark in value)
        case list():
            return depth > 0 and all(is_sendable(each, depth=depth - 1) for each in value)
        case dict():
            return depth > 0 and all(
                is_sendable(name) and is_sendable(each, depth=depth - 1)
                for name, each in value.items()
            )
    return True


def _part(block: ContentBlock, media: ResultFiles) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            kept = media.take(block.data) or "left out: it is no image or audio that is known"
            return f"[{block.type} {block.mime_type}, {kept}]"
        case ResourceLink():
            return f"[resource {block.uri}]"
        case EmbeddedResource(resource=resource):
            if isinstance(resource, TextResourceContents):
                return resource.text
            kept = media.take(resource.blob)
            return f"[resource {resource.uri}{kept and f', {kept}'}]"
