"""Foreign text in Markdown, read back by a real reader of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.portable.markdown import escape, escape_line, heading, quote, tame, url
from tests.protocol.reader import LOADING, kinds, tokens

#: What Markdown is made of.
PIECES = st.sampled_from(
    ["`", "``", "```", "~~~", "```py\n", "![", "!", "[", "](", "]", "(x)", "(http://e.test/p.png)",
     "\n", "\n\n", " ", "   ", "    ", "\t", "\u00a0", "\x1f", "<img src=x>", "<script>", "</div>",
     "<div>", "<!--", "-->", "<?", "<https://e.test/`>", "<", "\\", "img src=x", ">",
     "- ", "> ", "1. ", "# ", "word", '"',
     "&lt;", "*", "_", "[a]: x", "|", "-|-", "---", "\r", "\u2028", "$$", "#"]
)  # fmt: skip
DOCUMENTS = st.lists(PIECES, max_size=24).map("".join)


def words(markdown: str) -> str:
    """What a reader sees of one paragraph."""
    found = tokens(markdown)
    structure = [token.type for token in found if token.type.endswith("_open")]
    assert structure in ([], ["paragraph_open"]), structure
    texts = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(
        texts.get(token.type, token.content) for token in found if token.type != "inline"
    )


@given(DOCUMENTS)
def test_a_models_markdown_loads_nothing(text: str) -> None:
    assert kinds(tame(text)).isdisjoint(LOADING)


@given(DOCUMENTS, DOCUMENTS)
def test_no_answer_makes_the_next_one_load_anything(text: str, more: str) -> None:
    assert kinds(f"{tame(text)}\n\n{tame(more)}").isdisjoint(LOADING)


@pytest.mark.parametrize(
    "text",
    [
        "!![x](http://e.test)",
        " ```py\ncode\n```\n![x](http://e.test)\n<img src=http://e.test>",
        "  ~~~\n~~~\n<img src=http://e.test>",
        "[a](<`>) ![x](http://e.test) `",
        '[a](b "`") ![x](http://e.test) `',
        "`a\n\u00a0\n` ![x](http://e.test) `",
        "a|b\n-|-\n`|![x](http://e.test)`",
        "```|<img src=e>\n-|-\n",
        "   ```\n\n```\n![x](http://e.test)<img src=x>\n```",
        "- a\n  ```\n<img src=x>",
        "\\!![x](http://e.test)",
        "<`img src=http://e.test alt=![`>",
        "\\`<img src=http://e.test>`",
        "[a]: x\n<```<b!```[a]",
    ],
)
def test_tricks_that_have_worked_before_load_nothing(text: str) -> None:
    assert kinds(tame(text)).isdisjoint(LOADING)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("A **bold** `word`, 1 < 2!", "A **bold** `word`, 1 < 2!"),
        ("![cat](http://e.test/p.png) Hi!", "[cat](http://e.test/p.png) Hi!"),
        ("a <b>bold</b> word, 1 < 2", "a &lt;b>bold&lt;/b> word, 1 &lt; 2"),
        (r"\<b> \\<b> \![x] \\![x]", r"&lt;b> \\&lt;b> \[x] \\[x]"),
        ("see <https://e.test/a> and <b>", "see https://e.test/a and &lt;b>"),
        ("`a` is `vector<int>` or `vec![1]`", r"`a` is vector&lt;int\> or vec!\[1\]"),
        ("`a < b` and <b>", "`a < b` and &lt;b>"),
        ("``` x ``` and ```<b>```", r"`` x `` and &lt;b\>"),
        ("a ``` b", r"a \`\`\` b"),
        ("```html\n<b>\n![x]\n```\n<b>", "\n```html\n<b>\n![x]\n```\n\n&lt;b>"),
        ("~~~\n<b>", "\n```\n<b>\n```\n"),
        ("````\n```\n````", "\n````\n```\n````\n"),
        ("1. Write:\n   ```cpp\n   f<int>();\n   ```", "1. Write:\n\n```cpp\nf<int>();\n```\n"),
        ("- ```\n  a\n    b\n  ```", "-\n\n```\na\n  b\n```\n"),
        ("``` `x`", r"\`\`\` `x`"),
    ],
)
def test_images_are_links_html_is_text_and_code_stands_by_itself(given: str, told: str) -> None:
    assert tame(given) == told


def runs(size: int) -> str:
    """Runs of backticks of every length, of about `size` characters."""
    return "".join("`" * length + "a" for length in range(1, int((2 * size) ** 0.5)))


MANY = [
    "\\",
    "!",
    "`",
    "~",
    "<",
    "[",
    "<https://",
    "- ",
    "`a",
    "![",
    "\\`",
    " ",
    "``` ",
    "1. ",
    "*",
]


@pytest.mark.parametrize("make", [*(piece.__mul__ for piece in MANY), runs], ids=[*MANY, "runs"])
def test_a_long_text_takes_as_long_as_its_parts(make: Callable[[int], str]) -> None:
    """What is four times as long takes four times as long, and nowhere near sixteen times."""
    took = []
    for size in (20_000, 80_000):
        began = process_time()
        for text in (make(size), f"<b>{make(size)}"):
            tame(text)
            escape(text)
        took.append(process_time() - began)
    assert took[1] < 10 * took[0] + 0.1


@given(DOCUMENTS.map(lambda text: re.sub("[\u00a0\x1f]", "x", text)))
def test_plain_text_comes_back_as_it_was(text: str) -> None:
    lines = re.sub(r"\r\n?|[\u2028\u2029\v\f]", "\n", text).strip("\n").split("\n")
    full = [line for line in lines if line.strip(" \t")]
    indented = [re.match(r"[ \t]*", line) for line in full]
    told = "\n".join(
        "\u00a0" * len(found[0].replace("\t", "    ")) + line.strip(" \t")
        for found, line in zip(indented, full, strict=True)
        if found
    )
    assert words(escape("\n".join(full))) == told


@given(DOCUMENTS)
def test_a_line_stays_one(text: str) -> None:
    assert "\n" not in escape_line(text)
    assert words(escape_line(text)) == " ".join(text.split())


def test_lines_and_paragraphs_stay_apart() -> None:
    assert escape("one\n  two\r\n \r\nthree\n") == "one\\\n&nbsp;&nbsp;two\n\nthree"


def test_a_heading_keeps_the_signs_at_its_end() -> None:
    for text in ("Learn C #", "# C ##", "C#"):
        (opening, inline, *_) = tokens(f"# {heading(text)}")
        assert (opening.type, "".join(each.content for each in inline.children or ())) == (
            "heading_open",
            text,
        )


def test_a_quotation_holds_every_line() -> None:
    assert quote("one\n\ntwo") == "> one\n>\n> two"


def test_an_address_cannot_end_its_brackets() -> None:
    assert url("http://e.test/<a b>\\") == "http://e.test/%3Ca%20b%3E%5C"
