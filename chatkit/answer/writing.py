"""Builds the message and the workflow of an answer while the model writes.

Each method returns the events of its change. `close` also returns the final item, which equals
the item that a client builds from the events.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from chatkit.models.pure.deltas import Citation
from chatkit.protocol.bodies import AssistantMessage, WorkflowBody
from chatkit.protocol.content import Annotation, EntitySource, UrlSource, utf16_index
from chatkit.protocol.events import (
    Event,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    PartAdded,
    PartAnnotated,
    PartDelta,
    PartDone,
    StepAdded,
    StepUpdated,
)
from chatkit.protocol.items import Item
from chatkit.protocol.workflows import Step, ThoughtTask, Workflow

#: Most sources of one message, and most task mentions in its text.
MAX_ANNOTATIONS: Final = 50
MAX_MENTIONS: Final = 20
#: Shortest task title that is searched in a text, in characters. Shorter ones match by accident.
_SHORTEST_MENTION: Final = 3
#: A thought is published again when it has grown by this many characters and by an eighth.
_THOUGHT_GROWTH: Final = 80


class MessageWriter:
    """An assistant message with its one text part; `item` is its envelope."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._pieces: list[str] = []
        self._annotations: list[Annotation] = []
        self._urls: set[tuple[str, int | None]] = set()

    def begin(self) -> list[Event]:
        """Add the message and its text part."""
        return [ItemAdded(self.item), PartAdded(self.item.id)]

    def write(self, text: str) -> PartDelta:
        """Append text."""
        self._pieces.append(text)
        return PartDelta(self.item.id, text)

    def cite(self, citations: Iterable[Citation]) -> list[Event]:
        """Add source pages as annotations.

        Skips a page that is already cited at the same position. A page without a position is also
        skipped if it is already cited anywhere.
        """
        events: list[Event] = []
        for citation in citations:
            key = (citation.url, citation.index)
            known = key in self._urls or (
                citation.index is None and any(url == citation.url for url, _ in self._urls)
            )
            if known or len(self._annotations) >= MAX_ANNOTATIONS:
                continue
            self._urls.add(key)
            index = citation.index
            if index is not None:
                index = utf16_index("".join(self._pieces), index)
            source = UrlSource(title=citation.title, url=citation.url)
            events.append(self._annotate(Annotation(source=source, index=index)))
        return events

    def _annotate(self, annotation: Annotation) -> Event:
        self._annotations.append(annotation)
        return PartAnnotated(self.item.id, len(self._annotations) - 1, annotation)

    def close(self, mentions: Mapping[str, str]) -> tuple[list[Event], Item | None]:
        """Finish the message; return the last events and the item.

        A message without text is removed, and the item is None. `mentions` maps task titles to
        task ids; the first occurrence of each title is annotated.
        """
        text = "".join(self._pieces)
        if not text.strip():
            return [ItemRemoved(self.item.id)], None
        events = [self._annotate(mention) for mention in _mentions_in(text, mentions)]
        annotations = tuple(self._annotations)
        whole = replace(self.item, body=AssistantMessage(text=text, annotations=annotations))
        return [*events, PartDone(self.item.id, text, annotations), ItemDone(whole)], whole


def _mentions_in(text: str, mentions: Mapping[str, str]) -> list[Annotation]:
    found = []
    for title, task_id in mentions.items():
        if len(title) < _SHORTEST_MENTION:
            continue
        match = re.search(rf"(?<!\w){re.escape(title)}(?!\w)", text)
        if match is not None:
            source = EntitySource(
                title=title,
                id=task_id,
                icon="check-circle",
                interactive=True,
                data={"task_id": task_id},
            )
            found.append(Annotation(source=source, index=utf16_index(text, match.end())))
    found.sort(key=lambda annotation: annotation.index or 0)
    return found[:MAX_MENTIONS]


class WorkflowWriter:
    """Builds one workflow; `item` is its envelope. Steps are changed by key."""

    def __init__(self, item: Item, kind: str) -> None:
        self.item = item
        self._workflow = Workflow(type="reasoning" if kind == "reasoning" else "custom")
        self._places: dict[str, int] = {}
        self._thought: list[str] | None = None
        self._length = self._published = 0  # of the thought, in characters

    def begin(self) -> Event:
        """Add the workflow, without steps."""
        return ItemAdded(self._item())

    def think(self, text: str) -> list[Event]:
        """Append to the current thought; publish it whole again when it has grown enough."""
        if self._thought is None:
            self._thought, self._length, self._published = [text], len(text), len(text)
            return [self._add(ThoughtTask(status="loading", content=text))]
        self._thought.append(text)
        self._length += len(text)
        if self._length - self._published < max(_THOUGHT_GROWTH, self._length // 8):
            return []
        self._published = self._length
        self._thought = ["".join(self._thought)]
        thought = ThoughtTask(status="loading", content=self._thought[0])
        return [self._put(len(self._workflow.steps) - 1, thought)]

    def end_thought(self) -> list[Event]:
        """Complete the current thought, if there is one."""
        if self._thought is None:
            return []
        thought = ThoughtTask(status="complete", content="".join(self._thought))
        self._thought = None
        return [self._put(len(self._workflow.steps) - 1, thought)]

    def add(self, key: str, step: Step) -> list[Event]:
        """Append a step under `key`."""
        events = self.end_thought()
        self._places[key] = len(self._workflow.steps)
        return [*events, self._add(step)]

    def change(self, key: str, step: Step) -> list[Event]:
        """Replace the step of `key`; no effect if the key is unknown."""
        return [self._put(self._places[key], step)] if key in self._places else []

    def close(self, now: datetime) -> tuple[list[Event], Item]:
        """Finish the workflow; return the last events and the item."""
        events = self.end_thought()
        seconds = max(0, int((now - self.item.created_at).total_seconds()))
        ended = self._workflow.ended(seconds)
        for place, (before, after) in enumerate(
            zip(self._workflow.steps, ended.steps, strict=True)
        ):
            if before != after:
                events.append(StepUpdated(self.item.id, place, after))
        self._workflow = ended
        whole = self._item()
        return [*events, ItemDone(whole)], whole

    def _add(self, step: Step) -> Event:
        self._workflow = replace(self._workflow, steps=(*self._workflow.steps, step))
        return StepAdded(self.item.id, len(self._workflow.steps) - 1, step)

    def _put(self, place: int, step: Step) -> Event:
        steps = list(self._workflow.steps)
        steps[place] = step
        self._workflow = replace(self._workflow, steps=tuple(steps))
        return StepUpdated(self.item.id, place, step)

    def _item(self) -> Item:
        return replace(self.item, body=WorkflowBody(workflow=self._workflow))
