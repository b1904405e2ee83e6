"""Arguments of calls as servers send them: twice, in a string, or not at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.pure.call_pieces import CallPieces, mend_pieces
from chatkit.models.pure.deltas import ToolCallDelta

SAME = [
    "",
    "{}",
    '{"a": 1}',
    ' {"a": 1}',
    "{",
    "[1]",
    "3",
    '{"a": 1}{"b": 2}',
    "{}[]",
    "nope",
    '"x"',
]


@pytest.mark.parametrize("text", SAME)
def test_arguments_whose_meaning_is_plain_or_lost_stay_as_they_are(text: str) -> None:
    assert mend_pieces(text) == text


@pytest.mark.parametrize(
    "text",
    [
        '{}{"a": 1}',
        '{"a": 1}{}',
        '{"a": 1}{"a": 1}',
        '{"a": 1} {"a":1}',
        'null{"a": 1}',
        '"{\\"a\\": 1}"',
        '{}"{\\"a\\": 1}"',
    ],
)
def test_arguments_that_came_twice_or_in_a_string_are_one_object(text: str) -> None:
    assert json.loads(mend_pieces(text)) == {"a": 1}


@pytest.mark.parametrize("text", ["null", "{}{}", '"null"', '"{}"'])
def test_no_arguments_in_any_form_are_an_empty_object(text: str) -> None:
    assert mend_pieces(text) == "{}"


@given(st.text(alphabet='{}[]":,a1 \\', max_size=30))
def test_whatever_the_pieces_are_mending_them_again_changes_nothing(text: str) -> None:
    mended = mend_pieces(text)
    assert mend_pieces(mended) == mended


def test_what_goes_back_with_a_call_is_kept_with_it() -> None:
    pieces = CallPieces()
    pieces.add(ToolCallDelta(index=0, call_id="a", name="f", extra={"one": 1}))
    pieces.add(ToolCallDelta(index=0, arguments="{}", extra={"two": 2}))
    ((_, call),) = pieces.take(lambda prefix: prefix)
    assert (call.arguments, call.extra) == ("{}", {"one": 1, "two": 2})
