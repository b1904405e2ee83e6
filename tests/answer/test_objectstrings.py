"""The strings of a JSON object, read while its text is still coming."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.answer.objectstrings import ObjectStrings

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=5)


def written(value: dict[str, Any], ascii_only: bool, indent: int | None) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, indent=indent)


def read(*pieces: str) -> dict[str, str]:
    """What has come out after all the pieces."""
    strings, found = ObjectStrings(), dict[str, str]()
    for piece in pieces:
        for name, text in strings.feed(piece):
            found[name] = found.get(name, "") + text
    return found


def strings_of(value: dict[str, Any]) -> dict[str, str]:
    return {name: entry for name, entry in value.items() if isinstance(entry, str) and entry}


@given(
    OBJECTS,
    st.lists(st.integers(0, 9), max_size=20),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_the_strings_of_an_object_come_out_whole_wherever_its_text_is_cut(
    value: dict[str, Any], sizes: list[int], ascii_only: bool, indent: int | None
) -> None:
    text = written(value, ascii_only, indent)
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    assert read(*pieces, text[start:]) == strings_of(value)


@given(OBJECTS, st.integers(0, 400), st.booleans())
def test_what_came_before_a_break_is_the_beginning_of_the_strings(
    value: dict[str, Any], length: int, ascii_only: bool
) -> None:
    whole = strings_of(value)
    found = read(written(value, ascii_only, None)[:length])
    assert set(found) <= set(whole)
    for place, (name, text) in enumerate(found.items(), start=1):
        assert whole[name].startswith(text)
        if place < len(found):  # only the last one was cut
            assert whole[name] == text


def test_text_comes_out_with_the_character_that_brings_it() -> None:
    strings = ObjectStrings()
    assert [strings.feed(char) for char in '{"a":"x\\n"}'][6:10] == [
        [("a", "x")],
        [],
        [("a", "\n")],
        [],
    ]


def test_half_of_a_character_and_nul_are_made_storable() -> None:
    assert read('{"a": "x\\ud83d y", "b": "\\ude00\\u0000z", "c": "\\uqqqq"}') == {
        "a": "x\ufffd y",
        "b": "\ufffdz",
        "c": "\ufffd",
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": "\\ud83d\\ude00"}', "\U0001f600"),
        ('{"a": "\\ud83d\\ud83d\\ude00"}', "\ufffd\U0001f600"),
        ('{"a": "\\ud83d\\n"}', "\ufffd\n"),
        ('{"a": "\\ud83d"}', "\ufffd"),
    ],
)
def test_halves_of_a_character_are_joined_where_both_are_there(text: str, found: str) -> None:
    assert read(*text) == {"a": found}


def test_a_name_with_an_escape_that_json_does_not_have_is_taken_as_it_stands() -> None:
    assert read('{"\\q": "x", "\\n": "y"}') == {"\\q": "x", "\n": "y"}


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    found = read(*text)
    assert all(isinstance(piece, str) for piece in found.values())
