from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.sse import PING, Decoder, Frame, FrameTooLarge, frame_of, line_of

# Every mark that means something to the format, and some that only seem to.
_marks = st.sampled_from(
    [*"\r\n: a", "\r\n", "\u2028", "\x85", "\0", "\ufeff", "é", "😀", "data", "id"]
)
_texts = st.lists(_marks, max_size=12).map("".join)
_words = st.text(
    st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1, max_size=8
)
_frames = st.builds(Frame, data=_texts, event=st.none() | _words, id=st.none() | _words)
_json = st.dictionaries(_words, _texts | st.none() | st.integers())
_streams = st.lists(
    st.sampled_from(
        [
            *(b"data: x", b"data:", b"data", b"event: e", b"id: 7", b"id: \0", b": c", b"retry: 1"),
            *(b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xff"),
            *(b"\xc3", b" ", b":", b"data: \xf0\x9f\x98\x80\n\n"),
        ]
    ),
    max_size=30,
).map(b"".join)


def _decode(*pieces: bytes) -> list[Frame]:
    decoder = Decoder()
    return [frame for piece in pieces for frame in decoder.receive(piece)]


@given(_streams, st.data())
def test_any_cut_of_the_bytes_gives_the_same_frames(stream: bytes, data: st.DataObject) -> None:
    whole = _decode(stream)

    assert _decode(*(stream[at : at + 1] for at in range(len(stream)))) == whole
    places = st.lists(st.integers(0, len(stream)), max_size=6).map(sorted)
    cuts = [0, *data.draw(places), len(stream)]
    assert _decode(*(stream[a:b] for a, b in itertools.pairwise(cuts))) == whole


def _encode(frame: Frame) -> bytes:
    """A block as a server may write it that uses all of the format."""
    lines = [] if frame.id is None else [f"id: {frame.id}"]
    if frame.event is not None:
        lines.append(f"event: {frame.event}")
    lines += [f"data: {line}" for line in re.split("\r\n|\r|\n", frame.data)]
    return "\n".join([*lines, "\n"]).encode()


@given(st.lists(_frames, max_size=4))
def test_what_was_encoded_decodes_to_the_same(frames: list[Frame]) -> None:
    stream = b"".join(PING + _encode(frame) for frame in frames)

    assert _decode(stream) == [
        Frame(data=re.sub("\r\n?", "\n", frame.data), event=frame.event, id=frame.id)
        for frame in frames
    ]


@given(st.lists(_json, min_size=1), st.booleans())
def test_events_come_out_of_their_frames_as_they_went_in(
    events: list[object], numbered: bool
) -> None:
    lines = [json.dumps(event, ensure_ascii=False) for event in events]
    names = [f"trn_1.{number}" if numbered else "" for number in range(len(lines))]
    frames = [frame_of(line, name.encode()) for line, name in zip(lines, names, strict=True)]

    assert [line_of(frame).decode() for frame in frames] == lines
    assert all(frame.startswith(b"data: ") for frame in frames)
    assert _decode(b"".join(frames)) == [
        Frame(data=line, id=name or None) for line, name in zip(lines, names, strict=True)
    ]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"\xef\xbb\xbfdata: x\n\n", [Frame(data="x")]),
        (b"\ndata: x\r\r", [Frame(data="x")]),
        (b"data:x\ndata:  y\n\n", [Frame(data="x\n y")]),
        (b": comment\n\nevent: e\n\nid: 1\n\n", []),  # without data nothing is dispatched
        (b"event: e\n\ndata: x\n\n", [Frame(data="x")]),
        (b"data\n\n", [Frame(data="")]),
        (b"id: a\0b\ndata: x\n\n", [Frame(data="x")]),
        (b"unknown: 1\nretry: 5\ndata: x\n\n", [Frame(data="x")]),
        (b"data: a\xe2\x80\xa8b\n\n", [Frame(data="a\u2028b")]),
        (b"data: a\xffb\n\n", [Frame(data="a\ufffdb")]),
        (b"data: unfinished\n", []),
    ],
)
def test_a_stream_is_read_as_the_standard_says(stream: bytes, expected: list[Frame]) -> None:
    assert _decode(stream) == expected


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_frame_above_the_limit_is_refused_wherever_it_is_cut(step: int) -> None:
    def feed(stream: bytes) -> list[Frame]:
        decoder = Decoder(max_frame_bytes=10)
        pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
        return [frame for piece in pieces for frame in decoder.receive(piece)]

    fits = b"data: 1234\n\n"
    assert feed(fits * 3) == [Frame(data="1234")] * 3
    for above in (b"data: 12345\n\n", b"data: 12345", fits + b"data: 12345\n", b":\n" * 6):
        with pytest.raises(FrameTooLarge, match="more than 10 bytes"):
            feed(above)
