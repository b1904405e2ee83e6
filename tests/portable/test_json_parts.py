"""Parts of a JSON document, whatever the pieces that it comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.portable import json_parts
from chatkit.portable.json_parts import JsonParts, Part
from chatkit.protocol.errors import BadRequest
from tests.wording import SAY


def read(text: bytes, *cuts: int) -> list[Part]:
    parts = JsonParts()
    found = []
    for start, stop in zip((0, *cuts), (*cuts, len(text)), strict=True):
        found += parts.feed(text[start:stop])
    parts.close()
    return found


def refusal(text: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as refused:
        read(text)
    return refused.value


def test_the_entries_of_an_array_are_parts() -> None:
    assert read(b'[{"a": [1, {"b": null}]}, [2], "x", [], {}]') == [
        Part("", 0, {"a": [1, {"b": None}]}),
        Part("", 1, [2]),
        Part("", 2, "x"),
        Part("", 3, []),
        Part("", 4, {}),
    ]


def test_the_members_of_an_object_are_parts_and_of_arrays_their_entries() -> None:
    found = read(b'{"format": "x", "threads": [{"a": [1]}, 2], "more": {"b": [3]}, "none": []}')
    assert [(part.path, part.value) for part in found] == [
        ("format", "x"),
        ("threads[0]", {"a": [1]}),
        ("threads[1]", 2),
        ("more", {"b": [3]}),
    ]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=4), st.data())
def test_an_array_is_read_as_it_is_at_any_cuts(entries: list[Any], data: st.DataObject) -> None:
    text = json.dumps(entries, ensure_ascii=data.draw(st.booleans())).encode(errors="surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    assert [part.value for part in read(text, *cuts)] == entries


def test_byte_by_byte_is_the_same() -> None:
    text = '{"threads": [{"ü": "\\ud83d\\ude00€"}]}'.encode()
    assert read(text, *range(1, len(text))) == read(text)


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"[", b'[{"a": 1]', b"[] x", b'["\xff"]', b"[NaN]", b"[1,]", b"[1e999]",
     b"[" + b"9" * 5000 + b"]", b'{"a": [1}', b"{1: 2}"],
)  # fmt: skip
def test_what_is_not_json_is_refused(text: bytes) -> None:
    error = refusal(text)
    assert (error.code, error.in_words(SAY)) == ("invalid_json", "the file is not valid JSON")


@pytest.mark.parametrize("text", [b'"x"', b"1", b"null"])
def test_a_single_value_is_refused(text: bytes) -> None:
    assert refusal(text).in_words(SAY) == "the file must hold an array or an object of JSON"


@pytest.mark.parametrize("depth", [64, 65])
def test_levels_are_limited(depth: int) -> None:
    text = b"[" * depth + b"]" * depth
    if depth == 64:
        assert len(read(text)) == 1
    else:
        assert refusal(text).in_words(SAY) == "the file is nested deeper than 64 levels"


def test_a_part_of_too_many_values_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parts, "MAX_VALUES", 5)
    assert len(read(b'{"threads": [{"a": 1, "b": 2}]}'.replace(b', "b": 2', b""))) == 1
    text = b'{"threads": [1, {"a": 1, "b": 2}]}'
    assert refusal(text).in_words(SAY) == "threads[1]: holds more than 5 values"


def test_nul_characters_are_dropped_and_lone_surrogates_marked() -> None:
    (part,) = read(b'[{"a\\u0000": "b\\u0000c\\ud800d"}]')
    assert part.value == {"a": "bc?d"}


@pytest.mark.parametrize("filler", [b"x", b" "])
def test_a_text_or_a_space_without_an_end_is_refused(
    filler: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_parts, "MAX_TEXT_BYTES", 1000)
    parts = JsonParts()
    parts.feed(b'{"threads": [1, ' + (b'"' if filler == b"x" else b""))
    parts.feed(filler * 1000)
    with pytest.raises(BadRequest, match="holds a text of more than 1000 bytes"):
        parts.feed(filler)


def test_a_document_of_too_many_values_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parts, "MAX_ALL_VALUES", 100)
    assert len(read(b"[" + b"1," * 97 + b"1]")) == 98
    parts = JsonParts()
    parts.feed(b"[" + b"1," * 99)
    with pytest.raises(BadRequest, match="the file holds more than 100 values"):
        parts.feed(b"1,")
