"""Checks and cleans every model answer, for all providers and both ways of reading.

The deltas it returns are valid for a turn and a database. The end of the answer is as the model
port requires: Usage at most once, then a StreamEnd, or a ModelFault.
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
#: How often a delta of more than two characters may be repeated in a row before the model counts as
#: looping. LiteLLM stops one repetition later; this makes both ways of reading fail alike.
MAX_REPEATS: Final = 100
#: Most citations of one answer; further ones are dropped.
MAX_CITATIONS: Final = 100

_ODD: Final = re.compile("[\ud800-\udfff\0]")


class AnswerGuard:
    """Raw deltas of one answer in, clean deltas out. Use one object per answer."""

    def __init__(self) -> None:
        #: The provider has sent its finish reason; only usage may follow.
        self.stopped = False
        self._any = False
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
                    if (cleaned := self._clean("text", text)) is text:  # the usual case
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
                            extra=delta.extra,
                        )
                    )
                case Citation():
                    self._citations += 1
                    if self._citations <= MAX_CITATIONS:
                        clean.append(delta)
                case Usage():
                    self._usage = delta  # some providers send it with every chunk; use the last
                case StreamEnd(reason):
                    self._reason = reason
                    self.stopped = True
                case _:
                    clean.append(delta)
        # A citation alone does not count as an answer.
        self._any = self._any or any(not isinstance(delta, Citation) for delta in clean)
        return clean

    def finish(self, *, complete: bool) -> list[Delta]:
        """The last deltas. `complete`: the stream's end mark was received.

        Raises ModelFault: `empty` for an empty answer (`refused` if a content filter removed it),
        `unavailable` for an answer that was cut off.
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
    """A complete text, such as an id, without characters that a database rejects."""
    return _join_surrogates(text.replace("\0", ""))


def _join_surrogates(text: str) -> str:
    """Combine surrogate pairs into characters and replace lone surrogates by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
