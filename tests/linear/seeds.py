"""What makes code slow that looks at its input more than once: repeated beginnings of something."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

#: Pieces that are repeated. Each begins something that a parser looks for the end of, repeats what
#: a pattern repeats, or is what a pattern looks for.
PIECES: Final = (
    *("a", "A", "1", " ", "\n", "\r", "\t", "-", "_", "*", "#", "`", "~", "|", "\\", "/", "&", "%"),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        '"',
        "'",
        "“",
        "«",
        ".",
        ",",
        ";",
        ":",
        "=",
        "!",
        "?",
    ),
    *("\u00a0", "\u2028", "\ud83d", "é", "漢", "👩‍👩‍👧", "\0", "İ", "ﬃ", "e\u0301"),
    *("|\n", "\n\n", "\r\n", "- ", "> ", "1. ", "# ", "a ", "a,", "a.b", "a@", "a: ", "a\n", " \n"),
    *('"to #"', '"a" ', "[a](", "![a](", "[[", "](", "](a)[", "<a ", "</a>", "<!--", "<think>"),
    *(
        "</think>",
        "**a",
        "*a*",
        "_a_",
        "`a`",
        "```\n",
        "~~~",
        "$$",
        "\\(",
        "@a ",
        "#a ",
        "#a",
        "[ ] ",
    ),
    *(
        '{"a":',
        '{"a":"b",',
        '["a",',
        '"a":"\\u',
        "\\u0041",
        '\\"',
        "[1,",
        "{}",
        "[]",
        "null,",
        "1e9,",
    ),
    *("data: ", "data:\n", "data: {}\n\n", ": ping\n", "event: a\n", "id: 1\n\n", "data", "\n\r"),
    *("http://", "http://a ", "https://a.b/c?d=", "data:image/png;base64,", "%41", "&amp;", "a=b&"),
    *(
        "in 3 days ",
        "tomorrow ",
        "on 3 May ",
        "every day ",
        "next week ",
        "high ",
        "and ",
        "to ",
        "not ",
    ),
    *("task 1 ", "complete ", "delete ", "it is now ", "title: ", "a, b and c ", "yes ", "please "),
    *("--a", "--a\r\n", "a;q=1,", "a;", "a=1; ", "for=a,", "127.0.0.1, ", "[::1], ", "Bearer "),
)

#: Characters of the shorter input; the longer has four times as many. The demo reads 3,000 at most.
SHORT: Final = 3_000
SHORT_OF_DEMO: Final = 700
#: Members of the shorter value.
FEW: Final = 500


def repeated(piece: str, size: int) -> str:
    """`piece` as often as fits."""
    return piece * (size // len(piece))


#: Shapes of a whole input around the repeated piece, by name.
SHAPES: Final[dict[str, Callable[[str], str]]] = {
    "bare": lambda text: text,
    "ended": lambda text: f"{text} x!",
    "quoted": lambda text: f'"{text}',
}


def wide(size: int) -> list[Any]:
    """JSON values of about `size` members."""
    return [
        [{}] * size,
        [[]] * size,
        [""] * size,
        [None] * size,
        [{"type": "a", "id": "a", "text": "a", "children": []}] * size,
        {f"k{number}": number for number in range(size)},
        {"type": "a", "items": [{"type": "a"}] * size, "content": [{"type": "text"}] * size},
    ]


def json_of(value: Any) -> str:
    """As JSON."""
    return json.dumps(value)
