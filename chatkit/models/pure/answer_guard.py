"""What every answer of a model is held to, whatever provider and way of reading it came by.

Deltas come out in the shape that a turn and a database can take, and the answer ends as the port
of the model promises: Usage at most once, then a StreamEnd, or a ModelFault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from chatkit.models.pure.deltas import (
    Citation,
    Delta,
    ModelFault,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)

#: Longest answer of one model call: text, reasoning and arguments together, in characters.
MAX_ANSWER_CHARS: Final = 2_000_000
#: A piece of more than two characters that comes this often in a row is a model gone round in
#: circles. LiteLLM gives up one piece later; here it is the same fault by either way of reading.
MAX_REPEATS: Final = 100
#: Most citations of one answer; further ones are dropped.
MAX_CITATIONS: Final = 100

_ODD: Final = re.compile("[\ud800-\udfff\0]")


class AnswerGuard:
    """Raw deltas of one answer in, clean ones out. Not reusable."""

    def __init__(self) -> None:
        #: The provider has said why it stopped; what may still follow is the usage.
        self.stopped = False
        self._any = False
        self._has_calls = False
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._size = 0
        self._citations = 0
        self._last_text = ""
        self._repeats = 0
        self._held: dict[str | int, str] = {}  # a high surrogate that waits for its low one

    def receive(self, deltas: Iterable[Delta]) -> list[Delta]:
        """The clean deltas; Usage and StreamEnd are kept back. Raises ModelFault `malformed`."""
        clean: list[Delta] = []
        for delta in deltas:
            match delta:
                case TextDelta(text):
                    self._count_repeats(text)
                    if (cleaned := self._clean("text", text)) is text:  # as nearly always
                        clean.append(delta)
                    elif cleaned:
                        clean.append(TextDelta(cleaned))
                case ReasoningDelta(text):
                    if cleaned := self._clean("reasoning", text):
                        clean.append(ReasoningDelta(cleaned))
                case ToolCallDelta(index=index, arguments=arguments):
                    self._has_calls = True
                    clean.append(
                        ToolCallDelta(
                            index=index,
                            call_id=delta.call_id and tidy(delta.call_id),
                            name=delta.name and tidy(delta.name),
                            arguments=self._clean(index, arguments),
                        )
                    )
                case Citation():
                    self._citations += 1
                    if self._citations <= MAX_CITATIONS:
                        clean.append(delta)
                case Usage():
                    self._usage = delta  # some providers count with every chunk; the last holds
                case _:
                    self._reason = delta.reason
                    self.stopped = True
        # Where an answer comes from is none yet.
        self._any = self._any or any(not isinstance(delta, Citation) for delta in clean)
        return clean

    def finish(self, *, complete: bool) -> list[Delta]:
        """The last deltas of a stream that has ended; `complete` if by its own end mark.

        Raises ModelFault: `empty` for an empty answer (`refused` where a filter emptied it),
        `unavailable` for one that was cut off.
        """
        if not self._any:
            filtered = self._reason == "content_filter"
            raise ModelFault("refused" if filtered else "empty")
        if self._reason is None and not complete:
            raise ModelFault("unavailable")
        last = self._release()
        if self._usage is not None:
            last.append(self._usage)
        reason = self._reason or "stop"
        if self._has_calls and reason == "stop":  # as several compatible servers end a tool call
            reason = "tool_calls"
        last.append(StreamEnd(reason))
        return last

    def _release(self) -> list[Delta]:
        """A held surrogate that stayed alone, in its channel."""
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

    def _clean(self, channel: str | int, text: str) -> str:
        self._size += len(text)
        if self._size > MAX_ANSWER_CHARS:
            raise ModelFault("malformed")
        if not self._held.get(channel) and not _ODD.search(text):
            return text
        text = self._held.get(channel, "") + text.replace("\0", "")
        held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._held[channel] = held
        return _join_surrogates(text.removesuffix(held))


def tidy(text: str) -> str:
    """A text that came whole, such as an id, as a database can take it."""
    return _join_surrogates(text.replace("\0", ""))


def _join_surrogates(text: str) -> str:
    """Surrogate pairs become their character, lone surrogates U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
