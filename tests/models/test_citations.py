from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit.models.pure.citations import MAX_TITLE_CHARS, MAX_URL_CHARS
from chatkit.models.pure.deltas import Citation, Delta, TextDelta
from chatkit.models.pure.openai_chunks import ChunkReader

URL = "https://a.example/rome?q=1#top"


def read(delta: dict[str, Any] | None = None, **more: Any) -> list[Delta]:
    choices = [] if delta is None else [{"index": 0, "delta": delta}]
    return ChunkReader().read(json.dumps({"choices": choices, **more}))


def annotation(**fields: Any) -> dict[str, Any]:
    return {"annotations": [{"type": "url_citation", "url_citation": fields}]}


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        (
            annotation(url=URL, title="Rome", start_index=3, end_index=9),
            Citation(url=URL, title="Rome", index=9),
        ),
        (annotation(url=URL, title="Rome"), Citation(url=URL, title="Rome")),
        (annotation(url=URL, title="Rome", end_index=-1), Citation(url=URL, title="Rome")),
        (annotation(url=URL, title="Rome", end_index=True), Citation(url=URL, title="Rome")),
        (annotation(url=URL, end_index=0), Citation(url=URL, title="a.example", index=0)),
        (annotation(url=URL, title=" \n"), Citation(url=URL, title="a.example")),
        (
            {"annotations": [{"type": "url_citation", "url": URL, "title": "R", "end_index": 2}]},
            Citation(url=URL, title="R", index=2),
        ),
        (
            {"provider_specific_fields": {"citation": {"url": URL, "title": "Rome"}}},
            Citation(url=URL, title="Rome"),
        ),
    ],
)
def test_a_citation_of_a_delta_is_read(delta: dict[str, Any], expected: Citation) -> None:
    assert read(delta) == [expected]


def test_the_lists_beside_the_choices_are_one_and_come_once() -> None:
    reader = ChunkReader()
    chunk = {
        "choices": [{"index": 0, "delta": {"content": "a"}}],
        "citations": [URL, "http://b.example"],
        "search_results": [{"title": "Rome", "url": URL, "date": "2025-01-01"}, None],
    }
    first, second = reader.read(json.dumps(chunk)), reader.read(json.dumps(chunk))

    assert first == [
        Citation(url=URL, title="Rome"),
        Citation(url="http://b.example", title="b.example"),
        TextDelta("a"),
    ]
    assert second == [TextDelta("a")]


def test_one_page_cited_at_two_places_comes_twice() -> None:
    reader = ChunkReader()
    for end in (4, 9):
        delta = annotation(url=URL, title="Rome", end_index=end)
        assert reader.read(json.dumps({"choices": [{"delta": delta}]})) == [
            Citation(url=URL, title="Rome", index=end)
        ]


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "rome",
        "/rome",
        "//a.example/",
        "https://",
        "https:///rome",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://a.example/",
        "https://a.example@evil.example/",
        "https://a.example:99999/",
        "https://[::1/",
        "https://a.example/a b",
        "https://a.example/\n",
        "https://a.example/\0",
        "https://a.example/\u202egpj",
        "https://a.example/\ud800",
        "https://a.example/" + "x" * MAX_URL_CHARS,
    ],
)
def test_what_is_no_plain_address_of_the_web_is_dropped(url: object) -> None:
    assert read(annotation(url=url, title="Rome")) == []
    assert read(citations=[url], search_results=[{"url": url}]) == []


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("  Rome \n — a\tcity ", "Rome — a city"),
        ("Ro\0me\ud800 \u202e!", "Rome !"),
        ("x" * 1_000, "x" * MAX_TITLE_CHARS),
        ({"text": "Rome"}, "a.example"),
    ],
)
def test_a_title_is_one_line_that_can_be_stored(title: object, expected: str) -> None:
    assert read(annotation(url=URL, title=title)) == [Citation(url=URL, title=expected)]


@pytest.mark.parametrize(
    "delta",
    [
        {"annotations": {"type": "url_citation"}},
        {"annotations": [None, {"type": "file_citation", "url": URL}, {"type": "url_citation"}]},
        {"provider_specific_fields": {"citation": {"type": "char_location", "title": "a.pdf"}}},
        {"provider_specific_fields": [URL]},
    ],
)
def test_what_names_no_page_is_no_citation(delta: dict[str, Any]) -> None:
    assert read(delta) == []
