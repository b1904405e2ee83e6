"""Bodies of answers in every form, split at any point."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.pure import answer_lines
from chatkit.models.pure.answer_lines import AnswerLines
from chatkit.models.pure.deltas import ModelFault

ONE, TWO = '{"a": "é\u2028"}', '{"b": 2}'
PRETTY = json.dumps({"a": {"b": [1, 2]}}, indent=2)
BODIES = {
    "events": (f"data: {ONE}\n\ndata: {TWO}\n\ndata: [DONE]\n\n", [ONE, TWO, "[DONE]"]),
    "CRLF": (f"data: {ONE}\r\n\r\ndata: {TWO}\r\n\r\n", [ONE, TWO]),
    "no space": (f"data:{ONE}\n\ndata:{TWO}\n\n", [ONE, TWO]),
    "single line ends": (f"data: {ONE}\ndata: {TWO}\n", [ONE, TWO]),
    "comments and names": (
        f": ping\n\nevent: x\nid: 1\nretry: 5\ndata: {ONE}\n\n:\n\ndata: {TWO}\n\n",
        [ONE, TWO],
    ),
    "no end": (f"data: {ONE}\n\ndata: {TWO}", [ONE, TWO]),
    "a mark": (f"\ufeffdata: {ONE}\n\ndata: {TWO}\n\n", [ONE, TWO]),
    "empty events": (f"data:\n\ndata: {ONE}\n\ndata: \n\ndata: {TWO}\n\n", [ONE, TWO]),
    "one object a line": (f"{ONE}\n{TWO}\n", [ONE, TWO]),
    "one object a line, no end": (f"\n{ONE}\n\n{TWO}", [ONE, TWO]),
    "one object": (ONE, [ONE]),
    "one object in lines": (f"{PRETTY}\n", None),
    "an error behind events": (f"data: {ONE}\n\n{TWO}\n", [ONE, TWO]),
    "nothing": ("", []),
    "blank": ("\n\n", []),
}


def read(pieces: list[bytes]) -> list[str]:
    lines = AnswerLines()
    return [text for piece in pieces for text in lines.receive(piece)] + lines.finish()


@pytest.mark.parametrize("name", BODIES)
@given(cuts=st.lists(st.integers(0, 120), max_size=6))
def test_a_body_is_read_in_any_form_however_it_is_split(name: str, cuts: list[int]) -> None:
    text, expected = BODIES[name]
    body = text.encode()
    ends = sorted({min(cut, len(body)) for cut in cuts} | {len(body)})
    pieces = [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    found = read(pieces)
    if expected is None:
        assert json.loads("\n".join(found)) == json.loads(text)
    else:
        assert [each for each in found if each] == expected


def test_the_end_of_an_event_that_holds_no_whole_chunk_is_told() -> None:
    lines = AnswerLines()
    assert lines.receive(b"data: {oops\n") == ["{oops"]
    assert lines.receive(b"\n") == [""]
    assert lines.receive(b"\n\n") == []
    assert lines.receive(f"data: {ONE}\n\n".encode()) == [ONE]


def test_events_are_read_as_they_come() -> None:
    lines = AnswerLines()
    assert lines.receive(f"data: {ONE}\n".encode()) == [ONE]
    assert lines.receive(f"data: {TWO}\n".encode()) == [TWO]


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>", b"\n <html>", b"\xef\xbb\xbf<html>"])
def test_a_web_page_is_no_answer(body: bytes) -> None:
    with pytest.raises(ModelFault) as raised:
        read([body])
    assert raised.value.kind == "misconfigured"


@pytest.mark.parametrize("start", [b"data: ", b"{\n", b'{"a":\n'])
def test_a_body_without_end_is_not_kept(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_lines, "MAX_BYTES", 10_000)
    lines = AnswerLines()
    lines.receive(start)
    with pytest.raises(ModelFault) as raised:  # noqa: PT012 - wherever it is too much
        for _ in range(20):
            lines.receive(b"x" * 999 + (b"\n" if start.endswith(b"\n") else b""))
    assert raised.value.kind == "malformed"
