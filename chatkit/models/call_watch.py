"""Watches how a model calls its tools, and reads the calls of one that writes them as text."""

from __future__ import annotations

from collections.abc import Sequence

from chatkit.models.abilities import Abilities, Place
from chatkit.models.pure.deltas import Delta, StreamEnd, TextDelta, ToolCallDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.models.pure.written_calls import may_become_call, read_written_calls


class CallWatch:
    """The clean deltas of one answer in, the same out, but for calls in text."""

    def __init__(self, tools: Sequence[ToolSpec], abilities: Abilities, place: Place) -> None:
        self._tools = tools
        self._abilities = abilities
        self._place = place
        self._acts = abilities.writes_calls(place)
        self._watching = bool(tools)
        self._text = ""  # of an answer that may be a written call

    def receive(self, batch: list[Delta]) -> list[Delta]:
        """The deltas that can be passed on: the text of a call is held back."""
        if not self._watching:
            return batch
        passed: list[Delta] = []
        for delta in batch:
            if self._watching and isinstance(delta, ToolCallDelta):
                self._abilities.saw_call(self._place)
                self._watching = False
                if self._acts and self._text:
                    passed.append(TextDelta(self._text))
            elif self._watching and isinstance(delta, TextDelta):
                self._text += delta.text
                self._watching = may_become_call(self._text)
                if self._acts and self._watching:
                    continue
                if self._acts:
                    delta = TextDelta(self._text)
            passed.append(delta)
        return passed

    def finish(self, last: list[Delta]) -> list[Delta]:
        """The last deltas of the answer."""
        if not self._watching or not self._text:
            return last
        calls = read_written_calls(self._text, self._tools)
        if calls:
            self._abilities.saw_written_call(self._place)
        if not self._acts:
            return last
        if not calls:
            return [TextDelta(self._text), *last]
        return [*calls, *(d for d in last if not isinstance(d, StreamEnd)), StreamEnd("tool_calls")]
