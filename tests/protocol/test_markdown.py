"""Foreign text in Markdown, read back by a real reader of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.markdown import escape, escape_line, quote, tame, url
from tests.protocol.reader import LOADING, kinds, tokens

#: What Markdown is made of.
PIECES = st.sampled_from(
    ["`", "``", "```", "~~~", "![", "[", "]", "(x)", "(http://e.test/p.png)", "\n", "\n\n", " ",
     "    ", "\t", "<img src=x>", "<script>", "</div>", "<div>", "<!--", "-->", "<?", "<https://e.test/`>",
     "\\", "- ", "> ", "1. ", "# ", "word", "&lt;", "*", "_", "[a]: x", "|", "---", "\r", "\u2028"]
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


@given(DOCUMENTS, st.sampled_from(["<img src=x>", "![a](http://e.test/p.png)"]))
def test_no_answer_makes_the_next_one_load_anything(text: str, more: str) -> None:
    assert kinds(f"{tame(text)}\n\n{tame(more)}").isdisjoint(LOADING)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("![cat](http://e.test/p.png)", "[cat](http://e.test/p.png)"),
        ("a <b>bold</b> word, 1 < 2", "a &lt;b>bold&lt;/b> word, 1 < 2"),
        ("`<b>` and ``vec![1]``", "`<b>` and ``vec![1]``"),
        ("```html\n<b>\n![x]\n```\n<b>", "```html\n<b>\n![x]\n```\n&lt;b>"),
        ("~~~\n<b>", "~~~\n<b>\n~~~"),
        (r"\<b> \\<b> \![x] \\![x]", r"\<b> \\&lt;b> \![x] \\[x]"),
        ("one ` two\nthree ` <b> `", "one ` two\nthree ` &lt;b> `"),
        ("one ` two\n\nthree ` <b> `", "one ` two\n\nthree ` <b> `"),
        ("- list\n  ```\n<b>", "- list\n  ```\n&lt;b>"),
    ],
)
def test_code_is_left_alone_and_all_else_is_shown_as_it_is_written(given: str, told: str) -> None:
    assert tame(given) == told


@given(DOCUMENTS)
def test_plain_text_comes_back_as_it_was(text: str) -> None:
    lines = re.sub(r"\r\n?|[\u2028\u2029\v\f]", "\n", text).strip("\n").split("\n")
    shown = [line.strip(" \t") for line in lines]
    paragraph = "\n".join(line for line in shown if line)
    assert words(escape("\n".join(line for line in shown if line))) == paragraph


@given(DOCUMENTS)
def test_a_line_stays_one(text: str) -> None:
    assert "\n" not in escape_line(text)
    assert words(escape_line(text)) == " ".join(text.split())


def test_lines_and_paragraphs_stay_apart() -> None:
    assert escape("one\n  two\r\n\r\nthree\n") == "one\\\ntwo\n\nthree"


def test_a_quotation_holds_every_line() -> None:
    assert quote("one\n\ntwo") == "> one\n>\n> two"


def test_an_address_cannot_end_its_brackets() -> None:
    assert url("http://e.test/<a b>\\") == "http://e.test/%3Ca%20b%3E%5C"
