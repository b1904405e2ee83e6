"""Workflows and their steps: the work that led to an answer, as the wire's task items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, cast

from chatkit.protocol.content import FileSource, UrlSource, parse_source
from chatkit.protocol.rules import require, require_one_of

Indicator = Literal["none", "loading", "complete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomTask:
    """A tool call. `content` is Markdown below the title."""

    type: ClassVar[str] = "custom"

    status: Indicator = "none"
    title: str | None = None
    icon: str | None = None
    content: str | None = None

    def __post_init__(self) -> None:
        require_one_of(Indicator, self.status, "status_indicator")

    def to_wire(self) -> dict[str, Any]:
        """The task item's object."""
        return _wire(self, title=self.title, icon=self.icon, content=self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtTask:
    """A piece of the model's reasoning, as Markdown."""

    type: ClassVar[str] = "thought"

    status: Indicator = "none"
    title: str | None = None
    content: str

    def __post_init__(self) -> None:
        require_one_of(Indicator, self.status, "status_indicator")

    def to_wire(self) -> dict[str, Any]:
        """The task item's object."""
        return _wire(self, title=self.title, content=self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearchTask:
    """A web search and the pages that it found."""

    type: ClassVar[str] = "web_search"

    status: Indicator = "none"
    title: str | None = None
    queries: tuple[str, ...] = ()
    sources: tuple[UrlSource, ...] = ()

    def __post_init__(self) -> None:
        require_one_of(Indicator, self.status, "status_indicator")

    def to_wire(self) -> dict[str, Any]:
        """The task item's object."""
        return _wire(
            self,
            title=self.title,
            queries=list(self.queries),
            sources=[source.to_wire() for source in self.sources],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTask:
    """Files that were read."""

    type: ClassVar[str] = "file"

    status: Indicator = "none"
    title: str | None = None
    sources: tuple[FileSource, ...] = ()

    def __post_init__(self) -> None:
        require_one_of(Indicator, self.status, "status_indicator")

    def to_wire(self) -> dict[str, Any]:
        """The task item's object."""
        return _wire(self, title=self.title, sources=[source.to_wire() for source in self.sources])


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTask:
    """The generation of an image."""

    type: ClassVar[str] = "image"

    status: Indicator = "none"
    title: str | None = None

    def __post_init__(self) -> None:
        require_one_of(Indicator, self.status, "status_indicator")

    def to_wire(self) -> dict[str, Any]:
        """The task item's object."""
        return _wire(self, title=self.title)


Step = CustomTask | ThoughtTask | WebSearchTask | FileTask | ImageTask


def _wire(step: Step, **fields: Any) -> dict[str, Any]:
    set_fields = {name: value for name, value in fields.items() if value is not None}
    return {"status_indicator": step.status, "type": step.type, **set_fields}


def stopped(step: Step) -> Step:
    """A copy of the step that is not shown as running."""
    return replace(step, status="none") if step.status == "loading" else step


WorkflowType = Literal["custom", "reasoning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Steps in their order, and a summary once the work is done.

    The summary is `duration`, in whole seconds, or a `title` with an optional `icon`.
    """

    type: WorkflowType
    steps: tuple[Step, ...] = ()
    duration: int | None = None
    title: str | None = None
    icon: str | None = None
    expanded: bool = False

    def __post_init__(self) -> None:
        require_one_of(WorkflowType, self.type, "type")
        require(self.title is None or self.duration is None, "a summary is a title or a time")
        require(self.title is not None or self.icon is None, "an icon goes with a title")

    def to_wire(self) -> dict[str, Any]:
        """The workflow object."""
        wire: dict[str, Any] = {
            "type": self.type,
            "tasks": [step.to_wire() for step in self.steps],
        }
        if self.duration is not None:
            wire["summary"] = {"duration": self.duration}
        elif self.title is not None:
            icon = {} if self.icon is None else {"icon": self.icon}
            wire["summary"] = {"title": self.title, **icon}
        return {**wire, "expanded": self.expanded}

    def ended(self, duration: int | None) -> Workflow:
        """A copy whose steps have all stopped. `duration` is None if it is unknown."""
        return replace(self, steps=tuple(map(stopped, self.steps)), duration=duration)


def parse_workflow(wire: dict[str, Any]) -> Workflow:
    """Parse the workflow that `to_wire` wrote."""
    return Workflow(
        type=wire["type"],
        steps=tuple(parse_step(task) for task in wire["tasks"]),
        expanded=wire["expanded"],
        **wire.get("summary", {}),
    )


def parse_step(wire: dict[str, Any]) -> Step:
    """Parse the task item that `to_wire` wrote."""
    status = wire["status_indicator"]
    title = wire.get("title")
    match wire["type"]:
        case "thought":
            return ThoughtTask(status=status, title=title, content=wire["content"])
        case "web_search":
            pages = tuple(cast(UrlSource, parse_source(each)) for each in wire["sources"])
            queries = tuple(wire["queries"])
            return WebSearchTask(status=status, title=title, queries=queries, sources=pages)
        case "file":
            files = tuple(cast(FileSource, parse_source(each)) for each in wire["sources"])
            return FileTask(status=status, title=title, sources=files)
        case "image":
            return ImageTask(status=status, title=title)
        case _:
            return CustomTask(
                status=status, title=title, icon=wire.get("icon"), content=wire.get("content")
            )
