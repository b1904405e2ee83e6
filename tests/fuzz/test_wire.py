"""What the fuzzing would call a fault."""

from __future__ import annotations

import pytest

from tests.fuzz.wire import Case, Exchange, Fault, judge, read_answers

HEAD = b"HTTP/1.1 %d X\r\nx-request-id: a\r\ncontent-type: application/json\r\n"
REFUSED = b'{"message":"b","error":{"code":"a","message":"b"}}'
STREAM = b"HTTP/1.1 200 OK\r\nx-request-id: a\r\ncontent-type: text/event-stream\r\n"
CHUNKED = STREAM + b"transfer-encoding: chunked\r\n\r\n"


def answer(status: int, body: bytes, extra: bytes = b"") -> bytes:
    return HEAD % status + extra + b"content-length: %d\r\n\r\n" % len(body) + body


def judged(received: bytes, *, answers: int = 1, late: bool = False) -> None:
    case = Case(kind="", head=b"GET / HTTP/1.1\r\n\r\n", ending="answered", answers=answers)
    found, rest = read_answers(received, heads=False)
    judge(case, Exchange(answers=found, rest=rest, late=late))


@pytest.mark.parametrize(
    "received",
    [
        answer(200, b"[]"),
        answer(404, REFUSED),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(400, REFUSED),
        b"HTTP/1.1 204 No Content\r\nx-request-id: a\r\n\r\n",
        CHUNKED + b'1c\r\ndata: {"type":"a"}\nid: t.1\n\n\r\n7\r\n: ping\n\r\n0\r\n\r\n',
    ],
)
def test_a_good_answer_is_no_fault(received: bytes) -> None:
    judged(received)


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (answer(500, REFUSED), "status 500"),
        (answer(400, b"Bad Request"), "no JSON"),
        (answer(400, b'{"detail":"x"}'), "another shape"),
        (answer(400, REFUSED.replace(b"b", b"ValueError: x")), "exception text"),
        (answer(200, b"[]").replace(b": a", b": smuggled-1"), "smuggled"),
        (answer(200, b"[]", b"x-injected: 1\r\n"), "injected"),
        (answer(200, b"[]", b"date: 1\r\ndate: 2\r\n"), "double header"),
        (answer(200, b"[]").replace(b"x-request-id: a\r\n", b""), "without x-request-id"),
        (answer(200, b"[]")[:-1], "cut short"),
        (answer(200, b"[]") * 2, "more answers"),
        (b"", "without all answers"),
        (b"SSH-2.0\r\n\r\n", "no HTTP"),
        (CHUNKED + b'14\r\ndata: {"type":"a"}\n\n\r\n', "cut short"),
        (CHUNKED + b'13\r\ndata: {"type":"a"}\n\r\n0\r\n\r\n', "not whole"),
        (CHUNKED + b"d\r\ndata: {type\n\n\r\n0\r\n\r\n", "no JSON"),
    ],
)
def test_a_bad_answer_is_a_fault(received: bytes, words: str) -> None:
    with pytest.raises(Fault) as caught:
        judged(received)
    assert words in caught.value.args[0]


def test_an_answer_that_does_not_come_is_a_fault() -> None:
    with pytest.raises(Fault, match="in time"):
        judged(b"", late=True)


def test_a_shortened_body_gets_its_own_length() -> None:
    case = Case(kind="", head=b"POST / HTTP/1.1\r\n", body=b"ab", cuts=(3, 3, 99))
    assert case.sent == b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab"
    assert b"".join(case.pieces()) == case.sent
