"""Separates thinking that a model writes as text, `<think>…</think>`, from its answer.

Only at the head of the answer: further on, the words are the model's own text.
"""

from __future__ import annotations

from typing import Final

#: What opens thinking, and what closes it.
_MARKS: Final = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}
#: How much white space before the mark is waited through, in characters.
_MAX_BLANK: Final = 1_000


class ThinkingSplitter:
    """Pieces of text in, pieces of (thinking, answer) out. The pieces may be split at any point.

    `open` is false once the answer proper has begun; further text needs no splitting.
    """

    def __init__(self) -> None:
        self.open = True
        self._held = ""  # the head, or the end of the thinking that may begin the closing mark
        self._closing = ""

    def receive(self, text: str) -> tuple[str, str]:
        """The next piece of thinking, and of the answer; each may be empty."""
        if not self.open:
            return "", text
        text, self._held = self._held + text, ""
        if not self._closing:
            head = text.lstrip()
            opening = next((mark for mark in _MARKS if head.startswith(mark)), None)
            if opening is None:
                if len(text) < _MAX_BLANK and any(mark.startswith(head) for mark in _MARKS):
                    self._held = text  # it may still become a mark
                    return "", ""
                self.open = False
                return "", text
            self._closing = _MARKS[opening]
            text = head.removeprefix(opening)
        thought, mark, answer = text.partition(self._closing)
        if mark:
            self.open = False
            return thought, answer.lstrip()
        kept = _overlap(thought, self._closing)
        self._held = thought[len(thought) - kept :]
        return thought[: len(thought) - kept], ""

    def finish(self) -> tuple[str, str]:
        """What is still held at the end."""
        held, self._held = self._held, ""
        return (held, "") if self._closing and self.open else ("", held)


def _overlap(text: str, mark: str) -> int:
    """How many characters at the end of `text` may begin `mark`."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
