"""The events of a stream, each built by its class and encoded as one line of JSON.

Hidden items are stored, never sent: `encode_event` gives None for an event that holds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chatkit.protocol.calls import Effect
from chatkit.protocol.items import Item, Thread, output_text
from chatkit.protocol.jsontext import dumps


@dataclass(frozen=True, slots=True)
class ThreadCreated:
    """The first event of a new thread."""

    thread: Thread


@dataclass(frozen=True, slots=True)
class ThreadUpdated:
    """The thread's title or status changed."""

    thread: Thread


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An item appears; it is not final."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemDone:
    """The final state of an item, equal to what its updates have built."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """An item is gone."""

    item_id: str


@dataclass(frozen=True, slots=True)
class PartAdded:
    """The text part of an assistant message begins."""

    item_id: str


@dataclass(frozen=True, slots=True)
class PartDelta:
    """A piece of the text part, never empty."""

    item_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class PartDone:
    """The text part is whole."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Whether the stop button is shown. Once in a response, before the model's output."""

    allow_cancel: bool


@dataclass(frozen=True, slots=True)
class ClientEffect:
    """Something for the page, fire and forget."""

    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """The end of a stream that failed. `message` is shown; without one the widget has its own."""

    message: str | None
    allow_retry: bool

    @property
    def code(self) -> Literal["custom", "stream.error"]:
        """The SDK knows these two alone (protocol, section 17)."""
        return "stream.error" if self.message is None else "custom"


Event = (
    ThreadCreated
    | ThreadUpdated
    | ItemAdded
    | ItemDone
    | ItemRemoved
    | PartAdded
    | PartDelta
    | PartDone
    | StreamOptions
    | ClientEffect
    | ErrorEvent
)


def encode_event(event: Event) -> str | None:
    """One line of JSON, or None for what is never sent."""
    match event:
        case PartDelta(item_id, delta):  # the path of every delta, so it comes first
            return (
                f'{{"type":"thread.item.updated","item_id":"{item_id}","update":'
                '{"type":"assistant_message.content_part.text_delta","content_index":0,'
                f'"delta":{dumps(delta)}}}}}'
            )
        case ThreadCreated(thread):
            return f'{{"type":"thread.created","thread":{thread.encode()}}}'
        case ThreadUpdated(thread):
            return f'{{"type":"thread.updated","thread":{thread.encode()}}}'
        case ItemAdded(item) | ItemDone(item) if item.body.hidden:
            return None
        case ItemAdded(item):
            return dumps({"type": "thread.item.added", "item": item.to_wire()})
        case ItemDone(item):
            return dumps({"type": "thread.item.done", "item": item.to_wire()})
        case ItemRemoved(item_id):
            return dumps({"type": "thread.item.removed", "item_id": item_id})
        case PartAdded(item_id):
            return _update(item_id, "content_part.added", {"content": output_text("")})
        case PartDone(item_id, text):
            return _update(item_id, "content_part.done", {"content": output_text(text)})
        case StreamOptions(allow_cancel):
            return dumps(
                {"type": "stream_options", "stream_options": {"allow_cancel": allow_cancel}}
            )
        case ClientEffect(effect):
            return dumps({"type": "client_effect", "name": effect.name, "data": effect.data})
        case ErrorEvent():
            wire: dict[str, Any] = {"type": "error", "code": event.code}
            if event.message is not None:
                wire["message"] = event.message
            wire["allow_retry"] = event.allow_retry
            return dumps(wire)


def _update(item_id: str, kind: str, fields: dict[str, Any]) -> str:
    update = {"type": f"assistant_message.{kind}", "content_index": 0, **fields}
    return dumps({"type": "thread.item.updated", "item_id": item_id, "update": update})
