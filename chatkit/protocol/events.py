"""The events of a stream: one class for each kind, and their encoding as one line of JSON.

Hidden items are stored but never sent: `encode_event` returns None for an event with one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from chatkit.protocol.bodies import output_text
from chatkit.protocol.calls import Effect
from chatkit.protocol.content import Annotation
from chatkit.protocol.items import Item, Thread
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.rules import require, require_id, require_one_of
from chatkit.protocol.widgets.components import ROOTS
from chatkit.protocol.workflows import Step


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
    """A new item. It can still change."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemDone:
    """The final state of an item, equal to the result of its updates."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """An item was removed."""

    item_id: str

    def __post_init__(self) -> None:
        require_id(self.item_id)


@dataclass(frozen=True, slots=True)
class ItemReplaced:
    """An existing item was replaced; the id is the same."""

    item: Item


@dataclass(frozen=True, slots=True)
class PartAdded:
    """The text part of an assistant message starts."""

    item_id: str


@dataclass(frozen=True, slots=True)
class PartDelta:
    """A piece of the text part, never empty.

    There is one for every delta, so it does not check its fields: the id was checked by its Item,
    and the engine writes no empty delta.
    """

    item_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class PartAnnotated:
    """The text part cites a source; `place` is the index in its list of sources."""

    item_id: str
    place: int
    annotation: Annotation

    def __post_init__(self) -> None:
        require(self.place >= 0, "a place counts from 0")


@dataclass(frozen=True, slots=True)
class PartDone:
    """The text part is complete; these are its text and all of its sources."""

    item_id: str
    text: str
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class StepAdded:
    """A step was added to a workflow, at index `place`."""

    item_id: str
    place: int
    step: Step

    def __post_init__(self) -> None:
        require(self.place >= 0, "a place counts from 0")


@dataclass(frozen=True, slots=True)
class StepUpdated:
    """A step of a workflow has changed; `step` is the new state."""

    item_id: str
    place: int
    step: Step

    def __post_init__(self) -> None:
        require(self.place >= 0, "a place counts from 0")


@dataclass(frozen=True, slots=True)
class WidgetUpdated:
    """An unfinished widget has changed. `update` is a widget update (protocol, section 11)."""

    item_id: str
    update: dict[str, Any]

    def __post_init__(self) -> None:
        require(_is_widget_update(self.update), "not an update of a widget")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUpdated:
    """A preview of an unfinished image. `url` is a `data:` URL, `progress` is from 0 to 1."""

    item_id: str
    image_id: str
    url: str
    progress: float | None = None

    def __post_init__(self) -> None:
        require(bool(self.image_id and self.url), "an image has an id and a URL")
        require(self.progress is None or 0 <= self.progress <= 1, "progress is from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A status line, shown until the next output. Never stored."""

    text: str
    icon: str | None = None

    def __post_init__(self) -> None:
        require(bool(self.text.strip()), "a line of progress says something")


Level = Literal["info", "warning", "danger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message about the service, such as a rate limit. `message` is Markdown. Never stored."""

    level: Level
    message: str
    title: str | None = None

    def __post_init__(self) -> None:
        require_one_of(Level, self.level, "level")
        require(bool(self.message.strip()), "a notice says something")


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Whether the stop button is shown. Sent once in a response, before the model's output."""

    allow_cancel: bool

    def __post_init__(self) -> None:
        require(isinstance(self.allow_cancel, bool), "it is shown or it is not")


@dataclass(frozen=True, slots=True)
class ClientEffect:
    """A notification for the page, which expects no reply."""

    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """The last event of a failed stream. Without a `message` the widget shows its own."""

    message: str | None
    allow_retry: bool

    def __post_init__(self) -> None:
        require(self.message is None or bool(self.message.strip()), "an error says something")

    @property
    def code(self) -> Literal["custom", "stream.error"]:
        """The only two codes that the SDK knows (protocol, section 17)."""
        return "stream.error" if self.message is None else "custom"


def _is_widget_update(update: dict[str, Any]) -> bool:
    match update:
        case {
            "type": "widget.streaming_text.value_delta",
            "component_id": str(),
            "delta": str(),
            "done": bool(),
        }:
            return True
        case {
            "type": "widget.component.updated",
            "component_id": str(),
            "component": {"type": str()},
        }:
            return True
        case {"type": "widget.root.updated", "widget": {"type": str(root)}}:
            return root in ROOTS
    return False


Event = (
    ThreadCreated
    | ThreadUpdated
    | ItemAdded
    | ItemDone
    | ItemRemoved
    | ItemReplaced
    | PartAdded
    | PartDelta
    | PartAnnotated
    | PartDone
    | StepAdded
    | StepUpdated
    | WidgetUpdated
    | ImageUpdated
    | StreamOptions
    | Progress
    | Notice
    | ClientEffect
    | ErrorEvent
)


Update = (
    PartAdded | PartAnnotated | PartDone | StepAdded | StepUpdated | WidgetUpdated | ImageUpdated
)


def encode_event(event: Event) -> str | None:
    """One line of JSON, or None for an event that is never sent."""
    match event:
        case PartDelta(item_id, delta):  # first, because it is by far the most frequent event
            return (
                f'{{"type":"thread.item.updated","item_id":"{item_id}","update":'
                '{"type":"assistant_message.content_part.text_delta","content_index":0,'
                f'"delta":{dumps(delta)}}}}}'
            )
        case ThreadCreated(thread):
            return f'{{"type":"thread.created","thread":{thread.encode()}}}'
        case ThreadUpdated(thread):
            return f'{{"type":"thread.updated","thread":{thread.encode()}}}'
        case ItemAdded(item) | ItemDone(item) | ItemReplaced(item) if item.body.hidden:
            return None
        case ItemAdded(item):
            return dumps({"type": "thread.item.added", "item": item.to_wire()})
        case ItemDone(item):
            return dumps({"type": "thread.item.done", "item": item.to_wire()})
        case ItemReplaced(item):
            return dumps({"type": "thread.item.replaced", "item": item.to_wire()})
        case ItemRemoved(item_id):
            return dumps({"type": "thread.item.removed", "item_id": item_id})
        case StreamOptions(allow_cancel):
            return dumps(
                {"type": "stream_options", "stream_options": {"allow_cancel": allow_cancel}}
            )
        case Progress():
            return dumps({"type": "progress_update", **_set(icon=event.icon), "text": event.text})
        case Notice():
            wire = {"type": "notice", "level": event.level, **_set(title=event.title)}
            return dumps({**wire, "message": event.message})
        case ClientEffect(effect):
            return dumps({"type": "client_effect", "name": effect.name, "data": effect.data})
        case ErrorEvent():
            wire = {"type": "error", "code": event.code, **_set(message=event.message)}
            return dumps({**wire, "allow_retry": event.allow_retry})
        case _:
            update = {"item_id": event.item_id, "update": _update(event)}
            return dumps({"type": "thread.item.updated", **update})


def decode_event(line: str) -> dict[str, Any]:
    """Parse a line that `encode_event` wrote. Nothing is validated."""
    event: dict[str, Any] = json.loads(line)
    return event


def _update(event: Update) -> dict[str, Any]:
    match event:
        case PartAdded():
            return _of_part("added", content=output_text(""))
        case PartAnnotated(_, place, annotation):
            wire = annotation.to_wire()
            return _of_part("annotation_added", annotation_index=place, annotation=wire)
        case PartDone(_, text, annotations):
            return _of_part("done", content=output_text(text, annotations))
        case StepAdded(_, place, step):
            return {"type": "workflow.task.added", "task_index": place, "task": step.to_wire()}
        case StepUpdated(_, place, step):
            return {"type": "workflow.task.updated", "task_index": place, "task": step.to_wire()}
        case WidgetUpdated(_, update):
            return update
        case _:
            image = {"id": event.image_id, "url": event.url}
            progress = _set(progress=event.progress)
            return {"type": "generated_image.updated", "image": image, **progress}


def _of_part(change: str, **fields: Any) -> dict[str, Any]:
    kind = f"assistant_message.content_part.{change}"
    return {"type": kind, "content_index": 0, **fields}


def _set(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
