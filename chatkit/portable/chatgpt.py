"""Reads `conversations.json` of ChatGPT's data export: an array of trees of messages.

The format is undocumented and has changed often, so unknown parts are ignored. Each tree becomes
a thread with the messages of the user and the assistant on the branch viewed last. Files and images
become a text with their name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.portable.imports import Importer, attached
from chatkit.ports.imports import ImportedThread
from chatkit.protocol.bodies import AssistantMessage, Body, UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.items import ThreadStatus
from chatkit.words.say import Say

#: Citation marks: text between characters of the private use area.
_CITATION: Final = re.compile("\ue200[^\ue200\ue201]*\ue201|[\ue200-\ue206]")
#: Unix seconds above this are not a plausible time.
_MAX_SECONDS: Final = 1e11


def read_conversation(importer: Importer, value: Any, path: str) -> ImportedThread | None:
    """Convert a conversation to a thread. None if it has no messages.

    Raises BadRequest if `value` is not a conversation.
    """
    wire = _object(value)
    nodes = wire.get("mapping")
    source_id = wire.get("conversation_id") or wire.get("id")
    if not isinstance(nodes, dict) or not isinstance(source_id, str):
        raise BadRequest(f"{path}: is no conversation of ChatGPT, it wants an id and a mapping")
    begun = _moment(importer, wire.get("create_time"))
    at = begun or importer.now
    items: list[tuple[str, datetime, Body]] = []
    for node_id, message in _branch(nodes, wire.get("current_node")):
        body = _body(message, importer.say)
        if body is not None:
            at = _moment(importer, message.get("create_time")) or at
            items.append((node_id, at, body))
    if not items:
        return None
    title = wire.get("title")
    return importer.thread(
        source_id,
        path,
        title=title if isinstance(title, str) else None,
        created_at=begun or items[0][1],
        status=ThreadStatus(),
        items=items,
    )


def _branch(nodes: dict[str, Any], leaf: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The messages from the root to the node viewed last, or to the last node if none is given."""
    node_id = leaf if isinstance(leaf, str) and leaf in nodes else next(reversed(nodes), None)
    found: dict[str, dict[str, Any]] = {}
    while isinstance(node_id, str) and node_id in nodes and node_id not in found:
        node = _object(nodes[node_id])
        found[node_id] = _object(node.get("message"))
        node_id = node.get("parent")
    yield from reversed(found.items())


def _body(message: dict[str, Any], say: Say) -> Body | None:
    """Convert a message of the user or the assistant. None for tools, instructions, reasoning."""
    about = _object(message.get("metadata"))
    if about.get("is_visually_hidden_from_conversation"):
        return None
    if message.get("recipient") not in (None, "all"):
        return None
    text = "\n\n".join(_texts(_object(message.get("content")), say))
    text = _CITATION.sub("", text).strip()
    match _object(message.get("author")).get("role"):
        case "user":
            names = [_object(each).get("name") for each in _list(about.get("attachments"))]
            files = [name for name in names if isinstance(name, str)]
            parts = [*([text] if text else []), *([attached(files, say).text] if files else [])]
            return UserMessage(content=(InputText(text="\n\n".join(parts)),)) if parts else None
        case "assistant" if text:
            return AssistantMessage(text=text)
    return None


def _texts(content: dict[str, Any], say: Say) -> Iterator[str]:
    if content.get("content_type") not in ("text", "multimodal_text"):
        return
    for part in _list(content.get("parts")):
        spoken = _object(part).get("text")
        if isinstance(part, str):
            yield part
        elif isinstance(spoken, str):
            yield spoken
        elif _object(part).get("content_type") == "image_asset_pointer":
            yield say("import.image")


def _moment(importer: Importer, seconds: object) -> datetime | None:
    if isinstance(seconds, int | float) and 0 <= seconds < _MAX_SECONDS:
        return importer.clamped(datetime.fromtimestamp(seconds, UTC))
    return None


def _object(value: object) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []
