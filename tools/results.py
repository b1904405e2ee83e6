"""The result of an MCP tool call as text for the model, and what it carries beside that."""

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

from chatkit.protocol.calls import CardOffer, Effect, Link

#: Neither PostgreSQL's text nor UTF-8 holds them.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

#: Most links of a result, and the longest title and address of one, in characters.
MAX_LINKS: Final = 20
MAX_LINK: Final = 200
MAX_URI: Final = 2048

#: How deep arguments may nest: serializers on the way to a server give up at a few hundred, and
#: some take the whole connection with them.
_MAX_DEPTH: Final = 64


def text_of(result: CallToolResult, *, most: int) -> str:
    """What the model reads: the text, with a note in place of each part that is none.

    Structured content stands in where there is no text. Above `most` characters it is cut, and a
    note says so.
    """
    parts = [_part(block) for block in result.content]
    has_text = any(isinstance(block, TextContent) for block in result.content)
    if not has_text and result.structured_content is not None:
        parts.append(json.dumps(result.structured_content, ensure_ascii=False))
    return cleaned("\n".join(parts), most=most) or "(no output)"


def cleaned(text: str, *, most: int) -> str:
    """`text` without what cannot be stored, and cut where it is above `most` characters."""
    text = _UNSTORABLE.sub("", text)
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[cut here: {most} of {len(text)} characters]"


def effects_of(result: CallToolResult, key: str) -> tuple[Effect, ...]:
    """The effects that the built-in server put into the result's `_meta`."""
    carried: list[dict[str, Any]] = (result.meta or {}).get(key, [])
    return tuple(Effect(name=each["name"], data=each["data"]) for each in carried)


def cards_of(result: CallToolResult, key: str) -> tuple[CardOffer, ...]:
    """The cards that the built-in server offers, in the same place."""
    carried: list[dict[str, Any]] = (result.meta or {}).get(key, [])
    return tuple(CardOffer(name=each["name"], data=each["data"]) for each in carried)


def mentions_of(result: CallToolResult, key: str) -> tuple[tuple[str, str], ...]:
    """The id and title of each task that a result of the built-in server speaks of."""
    carried: list[tuple[str, str]] = (result.meta or {}).get(key, [])
    return tuple((task_id, title) for task_id, title in carried)


def links_of(result: CallToolResult) -> tuple[Link, ...]:
    """What a result links to, as far as a page can show it."""
    return tuple(
        Link(title=cleaned(block.title or block.name, most=MAX_LINK), uri=str(block.uri))
        for block in result.content
        if isinstance(block, ResourceLink) and len(str(block.uri)) <= MAX_URI
    )[:MAX_LINKS]


def is_sendable(value: object, *, depth: int = _MAX_DEPTH) -> bool:
    """Whether JSON can carry `value` as UTF-8, and no deeper than `depth`."""
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


def _part(block: ContentBlock) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return f"[{block.type} {block.mime_type}]"
        case ResourceLink():
            return f"[resource {block.uri}]"
        case EmbeddedResource(resource=TextResourceContents() as resource):
            return resource.text
        case EmbeddedResource():
            return f"[resource {block.resource.uri}]"
