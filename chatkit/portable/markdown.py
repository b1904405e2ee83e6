"""Puts untrusted text into a Markdown document (CommonMark, with GitHub's additions)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

#: Characters with a meaning anywhere, and characters with a meaning at the start of a line.
_MARKS: Final = {ord(mark): f"\\{mark}" for mark in r"\`*_[]>&~|"} | {ord("<"): "&lt;"}
_AT_START: Final = re.compile(r"^(?:([#+=-])|([0-9]{1,9})(?=[.)]))")
_BREAKS: Final = re.compile(r"\r\n?|[\u2028\u2029\v\f]")
_SLICE: Final = 64 * 1024
_UNFIT_IN_URL: Final = re.compile(r"[<>\\\s]")

# For Markdown of models. Text that could load anything is escaped or put into a fence of ours, so
# it does not matter how another reader delimits code.
_FENCE: Final = re.compile(
    r"(?P<before>[ \t]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)*)(?P<mark>`{3,}|~{3,})"
)
_WORD: Final = re.compile(r"[ \t]*(?P<word>[A-Za-z0-9_+#.-]*)")
_RUN: Final = re.compile(r"`+")
_LOADING: Final = re.compile(r"<[A-Za-z/!?]|!\[|`{3}|~{3}")
_ADDRESS: Final = re.compile(r"<(https?://[^<>\s\\`]+)>", re.IGNORECASE)
#: The mark that makes an image of a link.
_IMAGE: Final = re.compile(r"(?<!!)!+(?=\[)")
_TOKEN: Final = re.compile(r"\\(?P<escaped>.)|<|`{3,}|~{3,}")


def escape(text: str) -> str:
    """Escape plain text: no character has a meaning, and lines and indents are preserved."""
    written: list[str] = []
    for line in _BREAKS.sub("\n", text).strip("\n").split("\n"):
        escaped = _escape_one(line)
        if escaped and written and written[-1]:
            written[-1] += "\\"
        written.append(escaped)
    return "\n".join(written)


def _escape_one(line: str) -> str:
    words = line.strip(" \t")
    if not words:
        return ""
    indent = line[: line.index(words[0])].replace("\t", "    ")
    # In slices, because each one blocks the event loop.
    slices = (words[start : start + _SLICE] for start in range(0, len(words), _SLICE))
    escaped = "".join(each.translate(_MARKS) for each in slices)
    return "&nbsp;" * len(indent) + _AT_START.sub(_unmarked, escaped, count=1)


def _unmarked(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\"


def escape_line(text: str) -> str:
    """Escape plain text as one line."""
    return escape(" ".join(text.split()))


def heading(text: str) -> str:
    """Escape the text of a heading. A `#` at its end would close the heading."""
    line = escape_line(text)
    return f"{line[:-1]}\\#" if line.endswith("#") else line


def quote(block: str) -> str:
    """Quote a block."""
    return "\n".join(f"> {line}".rstrip() for line in block.split("\n"))


def url(text: str) -> str:
    """Escape a URL for use between angle brackets."""
    return _UNFIT_IN_URL.sub(lambda found: f"%{ord(found[0]):02X}", text)


def tame(markdown: str) -> str:
    """Make a model's Markdown load nothing when it is viewed.

    Images become links, and HTML is shown as text. Code blocks are kept, each as its own block.
    """
    lines = iter(_BREAKS.sub("\n", markdown).split("\n"))
    written: list[str] = []
    for line in lines:
        found = _FENCE.match(line)
        if found and ("`" not in line[found.end() :] or found["mark"][0] == "~"):
            before = found["before"].rstrip()
            written += [*([before] if before else []), "", *_code(found, line, lines), ""]
        else:
            written.append(_tame_line(line))
    return "\n".join(written)


def _code(found: re.Match[str], line: str, lines: Iterator[str]) -> list[str]:
    """The code block that a fence opens, up to its end or the end of the text.

    Its new fence is longer than any run of backticks inside.
    """
    mark, indent = found["mark"], len(found["before"])
    word = _WORD.match(line, found.end())
    inside: list[str] = []
    for each in lines:
        text = each.strip(" \t")
        if len(text) >= len(mark) and set(text) == {mark[0]}:
            break
        inside.append(each[min(indent, len(each) - len(each.lstrip(" \t"))) :])
    longest = max((len(run) for each in inside for run in _RUN.findall(each)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + (word["word"] if word else ""), *inside, fence]


def _tame_line(line: str) -> str:
    if not _LOADING.search(line):
        return line
    line = _ADDRESS.sub(r"\1", line)
    written, place = [], 0
    for start, stop, size in _spans(line):
        code = line[start + size : stop - size]
        written.append(_tame_words(line[place:start]))
        if _LOADING.search(code):  # show it as text: other readers may not see code here
            written.append(escape_line(code))
        else:
            written.append(line[start:stop] if size <= 2 else f"``{code}``")
        place = stop
    written.append(_tame_words(line[place:]))
    return _IMAGE.sub("", "".join(written))


def _spans(line: str) -> Iterator[tuple[int, int, int]]:
    """The code spans of a line: start, end, and the number of backticks of each."""
    runs = [found.span() for found in _RUN.finditer(line)]
    after: dict[int, int] = {}  # for each size, the next run of that size
    partner: list[int | None] = [None] * len(runs)
    for number in range(len(runs) - 1, -1, -1):
        size = runs[number][1] - runs[number][0]
        partner[number] = after.get(size)
        after[size] = number
    number = 0
    while number < len(runs):
        end = partner[number]
        if end is None:
            number += 1
            continue
        start, stop = runs[number][0], runs[end][1]
        yield start, stop, runs[number][1] - start
        number = end + 1


def _tame_words(words: str) -> str:
    return _TOKEN.sub(_tamed, words)


def _tamed(found: re.Match[str]) -> str:
    token = found[0]
    if token in ("<", "\\<"):
        return "&lt;"
    # Show the characters of a fence that is not one.
    return token if found["escaped"] else "".join(f"\\{mark}" for mark in token)
