"""Content of messages: the parts that a user sends, and the sources that an answer cites."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from chatkit.protocol.links import is_placeholder
from chatkit.protocol.rules import require


@dataclass(frozen=True, slots=True, kw_only=True)
class InputText:
    """Text that the user typed. Never rendered as Markdown."""

    text: str

    def to_wire(self) -> dict[str, Any]:
        """The content part."""
        return {"type": "input_text", "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTag:
    """A mention that the user picked. `text` is its label, `data` comes from the page."""

    id: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    group: str | None = None
    interactive: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The content part, without an unset group."""
        return {
            "type": "input_tag",
            "id": self.id,
            "text": self.text,
            "data": self.data,
            **_set(group=self.group),
            "interactive": self.interactive,
        }


UserContent = InputText | InputTag


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceOptions:
    """The model and tool that the user chose for one message. Untrusted until validated."""

    model: str | None = None
    tool_choice: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The object, without unset choices."""
        choice = None if self.tool_choice is None else {"id": self.tool_choice}
        return _set(tool_choice=choice, model=self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """The fields that every source has. `timestamp` is text for people."""

    title: str
    description: str | None = None
    timestamp: str | None = None
    group: str | None = None

    def _head(self, kind: str) -> dict[str, Any]:
        described = _set(description=self.description, timestamp=self.timestamp, group=self.group)
        return {"type": kind, "title": self.title, **described}


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSource(_Described):
    """A web page, or a stored file. `url` is http or https, or the placeholder of the file (see
    links); `attribution` is the publisher."""

    type: ClassVar[str] = "url"

    url: str
    attribution: str | None = None

    def __post_init__(self) -> None:
        is_web = self.url[:8].lower().startswith(("https://", "http://"))
        require(is_web or is_placeholder(self.url), "the URL of a source is one of the web")

    def to_wire(self) -> dict[str, Any]:
        """The source, without unset fields."""
        return {
            **self._head(self.type),
            "url": self.url,
            **_set(attribution=self.attribution),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource(_Described):
    """A file that was read."""

    type: ClassVar[str] = "file"

    filename: str

    def to_wire(self) -> dict[str, Any]:
        """The source, without unset fields."""
        return {**self._head(self.type), "filename": self.filename}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySource(_Described):
    """An object that the page knows by its id: here, a task that the answer mentions.

    In the text it is shown as an icon, or as `inline_label` if set. `label` is above its preview.
    """

    type: ClassVar[str] = "entity"

    id: str
    icon: str | None = None
    label: str | None = None
    inline_label: str | None = None
    interactive: bool = False
    data: dict[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """The source, without unset fields."""
        return {
            **self._head(self.type),
            "id": self.id,
            **_set(icon=self.icon, label=self.label, inline_label=self.inline_label),
            "interactive": self.interactive,
            "data": self.data,
        }


Source = UrlSource | FileSource | EntitySource


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A source of an answer.

    `index` is the position of its mark, in UTF-16 units of the text, as browsers count. Without
    an index the source is only in the list of sources.
    """

    source: Source
    index: int | None = None

    def __post_init__(self) -> None:
        require(self.index is None or self.index >= 0, "an index counts from 0")

    def to_wire(self) -> dict[str, Any]:
        """The annotation."""
        return {"type": "annotation", "source": self.source.to_wire(), **_set(index=self.index)}


def utf16_index(text: str, index: int) -> int:
    """Convert an index from characters to UTF-16 units; at most the length of `text`."""
    head = text[: max(index, 0)]
    return len(head) if head.isascii() else len(head.encode("utf-16-le", "surrogatepass")) // 2


def parse_annotation(wire: dict[str, Any]) -> Annotation:
    """Parse the annotation that `to_wire` wrote."""
    return Annotation(source=parse_source(wire["source"]), index=wire.get("index"))


def parse_source(wire: dict[str, Any]) -> Source:
    """Parse the source that `to_wire` wrote."""
    fields = {name: value for name, value in wire.items() if name != "type"}
    match wire["type"]:
        case "url":
            return UrlSource(**fields)
        case "file":
            return FileSource(**fields)
        case _:
            return EntitySource(**fields)


def parse_user_content(part: dict[str, Any]) -> UserContent:
    """Parse the part that `to_wire` wrote."""
    fields = {name: value for name, value in part.items() if name != "type"}
    return InputTag(**fields) if part["type"] == "input_tag" else InputText(**fields)


def parse_inference_options(wire: dict[str, Any]) -> InferenceOptions:
    """Parse the options that `to_wire` wrote."""
    choice = wire.get("tool_choice")
    return InferenceOptions(
        model=wire.get("model"), tool_choice=choice["id"] if choice is not None else None
    )


def _set(**fields: Any) -> dict[str, Any]:
    """The fields that have a value: an unset field is absent on the wire, never null."""
    return {name: value for name, value in fields.items() if value is not None}
