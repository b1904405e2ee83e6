"""Checks and cleans every model answer, for all providers and both ways of reading.

The deltas it returns are valid for a turn and a database. The end of the answer is as the model
port requires: Usage at most once, then a StreamEnd, or a ModelFault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from chatkit.models.pure.deltas import (
    Citation,
    Delta,
    ModelFault,
    ReasoningDelta,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.models.pure.reasoning import ReturnedReasoning
from chatkit.models.pure.thinking import ThinkingSplitter
from chatkit.protocol.jsontext import clean_value, dumps

#: Longest answer of one model call: text, reasoning and arguments together, in characters.
MAX_ANSWER_CHARS: Final = 2_000_000
#: How often a delta of more than two characters may be repeated in a row before the model counts as
#: looping. A table of equal rows is merely dull.
MAX_REPEATS: Final = 1_000
#: Most citations of one answer; further ones are dropped.
MAX_CITATIONS: Final = 100

_ODD: Final = re.compile("[\ud800-\udfff\0]")


class AnswerGuard:
    """Raw deltas of one answer in, clean deltas out. Use one object per answer."""

    def __init__(self) -> None:
        #: The provider has sent its finish reason. Some send their last text or call behind it.
        self.stopped = False
        self._any = False
        self._thinking: ThinkingSplitter | None = ThinkingSplitter()
        self._blank = ""  # white space before the first word, held back
        self._worded = False
        self._returned = ReturnedReasoning()
        self._has_calls = False
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._size = 0
        self._citations = 0
        self._last_text = ""
        self._repeats = 0
        self._held: dict[str | int, str] = {}  # a high surrogate, until its low one arrives

    def receive(self, deltas: Iterable[Delta]) -> list[Delta]:
        """Clean some deltas. Usage and StreamEnd are held until `finish`. Raises ModelFault
        `malformed`."""
        clean: list[Delta] = []
        for delta in deltas:
            match delta:
                case TextDelta(text):
                    self._count_repeats(text)
                    if not self._worded:
                        clean += self._begin(text)
                    elif (cleaned := self._clean("text", text)) is text:  # the usual case
                        clean.append(delta)
                    elif cleaned:
                        clean.append(TextDelta(cleaned))
                case ReasoningDelta(text):
                    clean += self._think(text, returned=delta.returned)
                case ToolCallDelta(index=index, arguments=arguments):
                    self._has_calls = True
                    clean.append(
                        ToolCallDelta(
                            index=index,
                            call_id=delta.call_id and tidy(delta.call_id),
                            name=delta.name and tidy(delta.name),
                            arguments=self._clean(index, arguments),
                            extra=delta.extra and self._sized(clean_value(delta.extra)),
                        )
                    )
                case Citation():
                    self._citations += 1
                    if self._citations <= MAX_CITATIONS:
                        clean.append(delta)
                case ReasoningPart():
                    self._sized(delta.value)
                    self._returned.add(delta)
                case Usage():
                    self._usage = delta  # some providers send it with every chunk; use the last
                case StreamEnd(reason):
                    if self._reason in (None, "stop"):
                        self._reason = reason
                    self.stopped = True
                case _:
                    clean.append(delta)
        # A citation alone does not count as an answer.
        self._any = self._any or any(not isinstance(delta, Citation) for delta in clean)
        return clean

    def _begin(self, text: str) -> list[Delta]:
        """Text up to the first word: separate thinking, and hold white space back."""
        deltas: list[Delta] = []
        if self._thinking is not None:
            thought, text = self._thinking.receive(text)
            deltas += self._think(thought, returned=False)
            if not self._thinking.open:
                self._thinking = None
        return [*deltas, *self._speak(text)]

    def _speak(self, text: str) -> list[Delta]:
        text = self._blank + self._clean("text", text)
        self._worded = bool(text.strip())
        self._blank = "" if self._worded else text
        return [TextDelta(text)] if self._worded else []

    def _think(self, text: str, *, returned: bool) -> list[Delta]:
        if not (cleaned := self._clean("reasoning", text)):
            return []
        if returned:
            self._returned.add_text(cleaned)
        return [ReasoningDelta(cleaned, returned)]

    def _sized(self, value: Any) -> Any:
        """Count a value of JSON towards the length of the answer."""
        self._count(len(dumps(clean_value(value))))
        return value

    def finish(self, *, complete: bool) -> list[Delta]:
        """The last deltas. `complete`: the stream's end mark was received.

        Raises ModelFault: `empty` for an empty answer (`refused` if a content filter removed it),
        `unavailable` for an answer that was cut off.
        """
        last: list[Delta] = []
        if self._thinking is not None:
            thought, text = self._thinking.finish()
            last += [*self._think(thought, returned=False), *self._speak(text)]
        self._any = self._any or bool(last)
        if self._reason is None and not complete and self._any:
            raise ModelFault("unavailable")
        # An answer that was cut in its thinking is shown as cut.
        if not (self._worded or self._has_calls or (self._any and self._reason == "length")):
            filtered = self._reason == "content_filter"
            raise ModelFault("refused" if filtered else "empty")
        last += [*self._release(), *self._returned.take()]
        if self._usage is not None:
            last.append(self._usage)
        reason = self._reason or "stop"
        if self._has_calls and reason == "stop":  # some compatible servers send it for tool calls
            reason = "tool_calls"
        last.append(StreamEnd(reason))
        return last

    def _release(self) -> list[Delta]:
        """The replacement characters for high surrogates whose low one never arrived."""
        last: list[Delta] = []
        for channel, held in self._held.items():
            if not held:
                continue
            if isinstance(channel, int):
                last.append(ToolCallDelta(index=channel, arguments="\ufffd"))
            elif channel == "text":
                last.append(TextDelta("\ufffd"))
            else:
                last.append(ReasoningDelta("\ufffd"))
        return last

    def _count_repeats(self, text: str) -> None:
        if text != self._last_text or len(text) <= 2:
            self._last_text = text
            self._repeats = 1
            return
        self._repeats += 1
        if self._repeats >= MAX_REPEATS:
            raise ModelFault("malformed")

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > MAX_ANSWER_CHARS:
            raise ModelFault("malformed")

    def _clean(self, channel: str | int, text: str) -> str:
        self._count(len(text))
        if not self._held.get(channel) and not _ODD.search(text):
            return text
        text = self._held.get(channel, "") + text.replace("\0", "")
        held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._held[channel] = held
        return _join_surrogates(text.removesuffix(held))


def tidy(text: str) -> str:
    """A complete text, such as an id, without characters that a database rejects."""
    return _join_surrogates(text.replace("\0", ""))


def _join_surrogates(text: str) -> str:
    """Combine surrogate pairs into characters and replace lone surrogates by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
