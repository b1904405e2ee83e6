"""Thinking that a model writes at the head of its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.pure.thinking import ThinkingSplitter

CASES = [
    ("<think>hm</think>yes", "hm", "yes"),
    ("\n <think>hm\n</think>\n\nyes", "hm\n", "yes"),
    ("<thinking>hm</thinking>yes", "hm", "yes"),
    ("[THINK]hm[/THINK]yes", "hm", "yes"),
    ("<think></think>yes", "", "yes"),
    ("<think>a < b </thin</think>yes", "a < b </thin", "yes"),
    ("<think>never closed", "never closed", ""),
    ("<think>cut in the mark</thi", "cut in the mark</thi", ""),
    ("It says <think>hm</think>", "", "It says <think>hm</think>"),
    ("<thin air", "", "<thin air"),
    ("<thi", "", "<thi"),
    ("<b>bold</b>", "", "<b>bold</b>"),
    (" \n", "", " \n"),
    ("yes <think> no </think>", "", "yes <think> no </think>"),
]


def split(pieces: list[str]) -> tuple[str, str]:
    splitter = ThinkingSplitter()
    parts = [splitter.receive(piece) for piece in pieces] + [splitter.finish()]
    return "".join(thought for thought, _ in parts), "".join(answer for _, answer in parts)


@pytest.mark.parametrize(("text", "thought", "answer"), CASES)
def test_thinking_is_separated_only_at_the_head(text: str, thought: str, answer: str) -> None:
    assert split([text]) == (thought, answer)


@given(st.sampled_from(CASES), st.lists(st.integers(0, 40), max_size=8))
def test_the_pieces_may_be_split_at_any_point(case: tuple[str, str, str], cuts: list[int]) -> None:
    text, thought, answer = case
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    # White space between the thinking and the answer goes only if it comes with either.
    found = split(pieces)
    assert (found[0], found[1].lstrip()) == (thought, answer.lstrip())


def test_an_answer_that_cannot_be_thinking_is_not_held_back() -> None:
    splitter = ThinkingSplitter()
    assert splitter.receive("Hel") == ("", "Hel")
    assert not splitter.open
