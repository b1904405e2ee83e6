"""Placeholders for URLs: those in their place are exchanged, what looks like one is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.jsontext import dumps
from chatkit.protocol.links import placeholder, resolve, resolve_bytes

ID = "atc_" + "0a" * 16
URL = 'https://chat.example/files/x?a="b"&c=\\ é'


def url_of(attachment_id: str) -> str:
    return f"{URL}#{attachment_id}"


PIECES = st.sampled_from(
    [
        '"', "\\", "url", "preview_url", ":", ": ", '"url":"', '\\"url\\":\\"', placeholder(ID),
        f'"preview_url":"{placeholder(ID)}"', "chatkit-file:", ID, ",", "{", "}", " ", "é", "\n",
    ]
)  # fmt: skip
#: Words made of what placeholders are made of.
WORDS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=8).map("".join)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


def exchanged(value: Any) -> Any:
    """What should come of a value: whole values under the two names, and nothing else."""
    if isinstance(value, list):
        return [exchanged(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: url_of(ID)
        if name in ("url", "preview_url") and entry == placeholder(ID)
        else exchanged(entry)
        for name, entry in value.items()
    }


@given(VALUES)
def test_only_whole_values_of_the_two_names_are_exchanged(value: Any) -> None:
    wire = {"words": value, "image": {"id": ID, "url": placeholder(ID)}}
    assert json.loads(resolve(dumps(wire), url_of)) == exchanged(wire)


@given(WORDS)
def test_words_are_never_changed(words: str) -> None:
    text = dumps({"text": words, "list": [words, words]})
    assert resolve(text, url_of) == text


@given(VALUES)
def test_the_spaces_that_postgresql_writes_make_no_difference(value: Any) -> None:
    wire = {"words": value, "preview_url": placeholder(ID)}
    assert json.loads(resolve(json.dumps(wire, ensure_ascii=False), url_of)) == exchanged(wire)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"href":"chatkit-file:{ID}"}}',
        f'{{"url":"chatkit-file:{ID} and more"}}',
        f'{{"url":"chatkit-file:{ID}0"}}',
        '{"url":"chatkit-file:atc_short"}',
        f'{{"url":"chatkit-file:{ID.upper()}"}}',
        f'{{"url":["chatkit-file:{ID}"]}}',
        f'{{"my_url":"chatkit-file:{ID}"}}',
        f'{{"a\\"url":"chatkit-file:{ID}"}}',
    ],
)
def test_what_is_no_placeholder_stays(text: str) -> None:
    assert resolve(text, url_of) == text


def test_frames_are_resolved_as_bytes_and_left_alone_where_there_is_nothing() -> None:
    frame = b'data: {"url":"chatkit-file:%b","text":"\xc3\xa9"}\n\n' % ID.encode()
    assert json.loads(resolve_bytes(frame, url_of)[6:]) == {"url": url_of(ID), "text": "é"}
    plain = b"data: \xff\n\n"
    assert resolve_bytes(plain, url_of) is plain
