"""What of a provider's sentence reaches the log."""

from __future__ import annotations

import pytest

from chatkit.models.pure.masking import MAX_CHARS, masked

SECRET = "my own key"
PROMPT = "Please tell me about the surprise party for Ada on Friday at nine"


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("x does not support tools", "x does not support tools"),
        ("your organization is skipping keywords", "your organization is skipping keywords"),
        (
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser',
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser',
        ),
        ("Incorrect API key provided: sk-proj-abc***xyz.", "Incorrect API key provided: [key]"),
        ("Incorrect API key provided: hush-hush", "Incorrect API key provided: [key]"),
        ("key my own key refused", "key [key] refused"),
        ("Bearer abc.def refused", "[key] refused"),
        ("at https://h/x?key=abc&b=1 now", "at https://h/x?… now"),
        ("line\none\ttwo", "line one two"),
    ],
)
def test_a_sentence_is_kept_without_keys(sentence: str, kept: str) -> None:
    assert masked(sentence, [SECRET, ""], [PROMPT]).rstrip(".") == kept


@pytest.mark.parametrize("part", [PROMPT, PROMPT[7:30], f"flagged: {PROMPT[20:]!r} is bad"])
def test_what_it_quotes_of_the_request_is_left_out(part: str) -> None:
    said = masked(f"Invalid prompt: {part}", [], ["Be brief.", PROMPT])
    assert "party" not in said
    assert "surprise" not in said
    assert said.startswith("Invalid prompt:")


def test_a_long_sentence_is_cut_and_takes_no_time() -> None:
    assert len(masked("ab " * 100_000, [], ["x" * 500_000])) == MAX_CHARS
