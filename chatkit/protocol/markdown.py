"""Text of others in a Markdown document (CommonMark, with GitHub's additions)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

#: What means something wherever it stands, and what does at the beginning of a line alone.
_MARKS: Final = re.compile(r"[\\`*_\[\]<>&~|]")
_AT_START: Final = re.compile(r"^(?:([#+=-])|([0-9]{1,9})(?=[.)]))", re.MULTILINE)
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_BREAKS: Final = re.compile(r"\r\n?|[\u2028\u2029\v\f]")
_SOFT_BREAK: Final = re.compile(r"(?<=[^\n])\n(?=[^\n])")
_UNFIT_IN_URL: Final = re.compile(r"[<>\\\s]")

# Code, in which nothing is changed. Only what every reader of Markdown takes for code may pass for
# it here: fences at the very beginning of a line, and spans that end in the line they begin in.
_FENCE: Final = re.compile(r"(?P<mark>`{3,}(?=[^`]*\Z)|~{3,})")
_SPAN: Final = re.compile(r"(?<![\\`])(?P<mark>`+)(?!`).+?(?<!`)(?P=mark)(?!`)")
_TAG: Final = re.compile(r"(?P<before>\\*)<(?=[A-Za-z/!?])")
_IMAGE: Final = re.compile(r"(?P<before>\\*)!\[")


def escape(text: str) -> str:
    """Plain text, in which nothing means anything and lines stay lines."""
    lines = _INDENT.sub("", _BREAKS.sub("\n", text)).strip("\n")
    escaped = _AT_START.sub(_unmarked, _MARKS.sub(r"\\\g<0>", lines))
    return _SOFT_BREAK.sub("\\\\\n", escaped)


def _unmarked(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\"


def escape_line(text: str) -> str:
    """The same in one line."""
    return escape(" ".join(text.split()))


def quote(block: str) -> str:
    """A block as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in block.split("\n"))


def url(text: str) -> str:
    """A URL as it stands between angle brackets."""
    return _UNFIT_IN_URL.sub(lambda found: f"%{ord(found[0]):02X}", text)


def tame(markdown: str) -> str:
    """Markdown of a model that loads nothing when it is looked at: images become links, and HTML
    is shown as it is written."""
    lines: list[str] = []
    fence = ""
    loose = False  # a mark of code that may go with one of a later line
    for line in _BREAKS.sub("\n", markdown).split("\n"):
        if fence:
            lines.append(line)
            if _closes(line, fence):
                fence = ""
        elif found := _FENCE.match(line):
            fence, loose = found["mark"], False
            lines.append(line)
        else:
            tamed, marks = _tame_line(line, spans=not loose)
            loose = bool(line.strip()) and (loose or marks)
            lines.append(tamed)
    if fence:  # so that what follows is not taken for code
        lines.append(fence)
    return "\n".join(lines)


def _closes(line: str, fence: str) -> bool:
    text = line.rstrip(" \t")
    indent = len(text) - len(text.lstrip(" "))
    return indent <= 3 and set(text[indent:]) == {fence[0]} and len(text) - indent >= len(fence)


def _tame_line(line: str, *, spans: bool) -> tuple[str, bool]:
    """The line, and whether a mark of code is left in it that belongs to no span."""
    done: list[str] = []
    place, marks = 0, False
    for span in _SPAN.finditer(line) if spans else ():
        words = line[place : span.start()]
        marks = marks or "`" in words
        done += [_tame_words(words), _tame_words(span[0]) if marks else span[0]]
        place = span.end()
    words = line[place:]
    return "".join([*done, _tame_words(words)]), marks or "`" in words


def _tame_words(words: str) -> str:
    return _TAG.sub(_escaped("&lt;"), _IMAGE.sub(_escaped("["), words))


def _escaped(instead: str) -> Callable[[re.Match[str]], str]:
    """Replaces what an odd number of backslashes has not made plain text already."""

    def replace(found: re.Match[str]) -> str:
        before = found["before"]
        return found[0] if len(before) % 2 else before + instead

    return replace
