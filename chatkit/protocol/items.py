"""Threads, their items and what the items hold; to and from wire objects.

An item is an envelope (id, thread, time) around a body. The store keeps the envelope in columns
and the body as JSON, so a page can be sent without decoding what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from chatkit.protocol.jsontext import dumps
from chatkit.protocol.times import to_wire


@dataclass(frozen=True, slots=True, kw_only=True)
class InputText:
    """What a person typed. Never rendered as Markdown."""

    text: str

    def to_wire(self) -> dict[str, Any]:
        """The content part."""
        return {"type": "input_text", "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTag:
    """A mention that a person picked; `text` is its label, `data` what the page knows of it."""

    id: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    group: str | None = None
    interactive: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The content part, an unset group left out."""
        wire: dict[str, Any] = {
            "type": "input_tag",
            "id": self.id,
            "text": self.text,
            "data": self.data,
        }
        if self.group is not None:
            wire["group"] = self.group
        wire["interactive"] = self.interactive
        return wire


UserContent = InputText | InputTag


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceOptions:
    """Which model and tool a person chose for one message. Untrusted until held to a list."""

    model: str | None = None
    tool_choice: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The object, unset choices left out."""
        wire: dict[str, Any] = {}
        if self.tool_choice is not None:
            wire["tool_choice"] = {"id": self.tool_choice}
        if self.model is not None:
            wire["model"] = self.model
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What a person sent: text and tags in their order, and the text they replied to."""

    type: ClassVar[str] = "user_message"
    hidden: ClassVar[bool] = False

    content: tuple[UserContent, ...]
    quoted_text: str | None = None
    inference_options: InferenceOptions = field(default_factory=InferenceOptions)

    def to_wire(self) -> dict[str, Any]:
        """The fields besides the envelope."""
        wire: dict[str, Any] = {
            "content": [part.to_wire() for part in self.content],
            "attachments": [],
        }
        if self.quoted_text is not None:
            wire["quoted_text"] = self.quoted_text
        wire["inference_options"] = self.inference_options.to_wire()
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """The assistant's text, Markdown, as one part; without any before its first delta."""

    type: ClassVar[str] = "assistant_message"
    hidden: ClassVar[bool] = False

    text: str | None

    def to_wire(self) -> dict[str, Any]:
        """The fields besides the envelope."""
        return {"content": [] if self.text is None else [output_text(self.text)]}


def output_text(text: str) -> dict[str, Any]:
    """An assistant content part."""
    return {"annotations": [], "text": text, "type": "output_text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One tool call and what came of it. `call_id` is the provider's, for the provider alone."""

    call_id: str
    name: str
    arguments: str
    output: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRound:
    """The calls of one model answer with their results, always paired; never shown.

    `after_text`: the same answer also held text, which is the assistant message just before.
    `carried`: a retry has taken it over from the answer that it replaces.
    """

    type: ClassVar[str] = "hidden_context_item"
    hidden: ClassVar[bool] = True

    calls: tuple[CallRecord, ...]
    after_text: bool = False
    carried: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The fields besides the envelope, as stored."""
        return {
            "content": {
                "kind": "tool_round",
                "after_text": self.after_text,
                "carried": self.carried,
                "calls": [
                    {
                        "call_id": call.call_id,
                        "name": call.name,
                        "arguments": call.arguments,
                        "output": call.output,
                        "failed": call.failed,
                    }
                    for call in self.calls
                ],
            }
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence for the model alone, in its place in the thread: what happened meanwhile.

    `carried`: it speaks of the answer that a retry replaces.
    """

    type: ClassVar[str] = "hidden_context_item"
    hidden: ClassVar[bool] = True

    text: str
    carried: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The fields besides the envelope, as stored."""
        return {"content": {"kind": "note", "text": self.text, "carried": self.carried}}


Body = UserMessage | AssistantMessage | ToolRound | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a thread."""

    id: str
    thread_id: str
    created_at: datetime
    body: Body

    def to_wire(self) -> dict[str, Any]:
        """The whole object, as on the wire."""
        return {
            "id": self.id,
            "thread_id": self.thread_id,
            "created_at": to_wire(self.created_at),
            "type": self.body.type,
            **self.body.to_wire(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item as the store keeps it: `body` is JSON text of the fields besides the envelope."""

    id: str
    thread_id: str
    created_at: datetime
    type: str
    body: str

    def encode(self) -> str:
        """The whole wire object as JSON text, the body spliced in and never decoded."""
        head = dumps(
            {
                "id": self.id,
                "thread_id": self.thread_id,
                "created_at": to_wire(self.created_at),
                "type": self.type,
            }
        )
        return f"{head[:-1]},{self.body[1:]}"


def stored_item(item: Item) -> StoredItem:
    """An item as the store would keep it."""
    return StoredItem(
        id=item.id,
        thread_id=item.thread_id,
        created_at=item.created_at,
        type=item.body.type,
        body=dumps(item.body.to_wire()),
    )


def parse_body(kind: str, wire: dict[str, Any]) -> Body:
    """The body that `to_wire` wrote. Stored bodies are ours: a shape we never write is a fault."""
    match kind:
        case "user_message":
            return UserMessage(
                content=tuple(_user_content(part) for part in wire["content"]),
                quoted_text=wire.get("quoted_text"),
                inference_options=_inference_options(wire["inference_options"]),
            )
        case "assistant_message":
            parts = wire["content"]
            return AssistantMessage(text="".join(part["text"] for part in parts) if parts else None)
        case "hidden_context_item" if wire["content"]["kind"] == "note":
            return Note(text=wire["content"]["text"], carried=wire["content"]["carried"])
        case "hidden_context_item" if wire["content"]["kind"] == "tool_round":
            return ToolRound(
                calls=tuple(CallRecord(**call) for call in wire["content"]["calls"]),
                after_text=wire["content"]["after_text"],
                carried=wire["content"]["carried"],
            )
    raise ValueError(f"a stored item of an unknown shape: {kind}")


def _user_content(part: dict[str, Any]) -> UserContent:
    fields = {name: value for name, value in part.items() if name != "type"}
    return InputTag(**fields) if part["type"] == "input_tag" else InputText(**fields)


def _inference_options(wire: dict[str, Any]) -> InferenceOptions:
    choice = wire.get("tool_choice")
    return InferenceOptions(
        model=wire.get("model"), tool_choice=choice["id"] if choice is not None else None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadStatus:
    """Whether a thread takes input: the widget disables or replaces its composer otherwise."""

    type: Literal["active", "locked", "closed"] = "active"
    reason: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The object, an unset reason left out."""
        return {"type": self.type} | ({} if self.reason is None else {"reason": self.reason})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation, without its items."""

    id: str
    created_at: datetime
    title: str | None = None
    status: ThreadStatus = field(default_factory=ThreadStatus)

    def encode(self, items: str = '{"data":[],"has_more":false}') -> str:
        """The wire object as JSON text, with `items`, the JSON of a page, inside.

        `metadata` is always empty: what the server stores there is never on the wire.
        """
        wire: dict[str, Any] = {"id": self.id}
        if self.title is not None:
            wire["title"] = self.title
        wire["created_at"] = to_wire(self.created_at)
        wire["status"] = self.status.to_wire()
        wire["metadata"] = {}
        return f'{dumps(wire)[:-1]},"items":{items}}}'
