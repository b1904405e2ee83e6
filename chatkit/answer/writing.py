"""Items of an answer while they are being written: its message, and its workflow.

Each gives the events of every change, and at the end an item that equals what they have built.
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

#: Most sources of one message, and most tasks that one marks in its text.
MAX_ANNOTATIONS: Final = 50
MAX_MENTIONS: Final = 20
#: A title that is shorter than this is found in too many words that do not mean it.
_SHORTEST_MENTION: Final = 3
#: A thought is told again, whole, when it has grown by this many characters or by an eighth.
_THOUGHT_GROWTH: Final = 80


class MessageWriter:
    """An assistant message with its one text part; `item` is its envelope."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._pieces: list[str] = []
        self._annotations: list[Annotation] = []
        self._urls: set[tuple[str, int | None]] = set()

    def begin(self) -> list[Event]:
        """The message and its part appear."""
        return [ItemAdded(self.item), PartAdded(self.item.id)]

    def write(self, text: str) -> PartDelta:
        """More text."""
        self._pieces.append(text)
        return PartDelta(self.item.id, text)

    def cite(self, citations: Iterable[Citation]) -> list[Event]:
        """Pages that the text rests on; one that was named at the same place before is not told
        again, and a page without a place not when it has one."""
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
        """The end, and the whole item; None for one without any text, which is taken away.

        `mentions` are titles of tasks with their ids: the first place of each is marked.
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
    """A workflow that grows; `item` is its envelope, `steps` are changed by their keys."""

    def __init__(self, item: Item, kind: str) -> None:
        self.item = item
        self._workflow = Workflow(type="reasoning" if kind == "reasoning" else "custom")
        self._places: dict[str, int] = {}
        self._thought: list[str] | None = None
        self._told = 0

    def begin(self) -> Event:
        """The workflow appears, without a step."""
        return ItemAdded(self._item())

    def think(self, text: str) -> list[Event]:
        """More of a thought, told again as a whole when it has grown enough."""
        if self._thought is None:
            self._thought, self._told = [text], len(text)
            return [self._add(ThoughtTask(status="loading", content=text))]
        self._thought.append(text)
        grown = sum(map(len, self._thought))
        if grown - self._told < max(_THOUGHT_GROWTH, grown // 8):
            return []
        self._told = grown
        self._thought = ["".join(self._thought)]
        thought = ThoughtTask(status="loading", content=self._thought[0])
        return [self._put(len(self._workflow.steps) - 1, thought)]

    def end_thought(self) -> list[Event]:
        """The thought under way, if any, is whole."""
        if self._thought is None:
            return []
        thought = ThoughtTask(status="complete", content="".join(self._thought))
        self._thought = None
        return [self._put(len(self._workflow.steps) - 1, thought)]

    def add(self, key: str, step: Step) -> list[Event]:
        """A step begins."""
        events = self.end_thought()
        self._places[key] = len(self._workflow.steps)
        return [*events, self._add(step)]

    def change(self, key: str, step: Step) -> list[Event]:
        """A step is this now."""
        return [self._put(self._places[key], step)] if key in self._places else []

    def close(self, now: datetime) -> tuple[list[Event], Item]:
        """The end, and the whole item."""
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
