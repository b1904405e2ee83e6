"""One case on the wire: what is sent, how it is sent, and what an answer must be like."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

#: How long anything that must happen may take on a busy machine, in seconds.
BOUND_S: Final = 30.0
#: How long a request that has no end is given for an answer, in seconds.
QUIET_S: Final = 0.1

#: How the client leaves: after the answers that must come; by closing its side once all is quiet;
#: at once; or never, so that the server has to.
Ending = Literal["answered", "half-closed", "dropped", "waited for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Bytes for one connection. With a `body`, the head gets its length and its end when it is
    sent, so that both can be shortened."""

    kind: str
    head: bytes
    body: bytes | None = None
    ending: Ending = "half-closed"
    answers: int = 0
    """How many whole answers must come; only where `ending` is "answered"."""
    cuts: tuple[int, ...] = ()
    """Where the bytes are split into writes."""

    @property
    def sent(self) -> bytes:
        """All of it."""
        if self.body is None:
            return self.head
        return b"%bcontent-length: %d\r\n\r\n%b" % (self.head, len(self.body), self.body)

    @property
    def maybe_head(self) -> bool:
        """Whether an answer may come without the body that its head tells of."""
        if self.answers == 1:
            return self.sent.startswith(b"HEAD ")
        return b"HEAD" in self.sent

    def pieces(self) -> Iterator[bytes]:
        """One write each."""
        sent = self.sent
        places = sorted({0, len(sent), *(cut % (len(sent) + 1) for cut in self.cuts)})
        for begin, end in pairwise(places):
            yield sent[begin:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came of a case. `late`: the server neither answered nor closed in time."""

    answers: list[Answer]
    rest: bytes = b""
    late: bool = False


class Fault(Exception):
    """What no server may do; the first argument says it in words that do not vary."""


_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*\r\n")
_HEADER: Final = re.compile(r"([a-z0-9-]+): ?([\x20-\x7e]*)")
_EXCEPTION_TEXT: Final = re.compile(
    rb"Traceback|\w(?:Error|Exception)\b|asyncpg|pydantic|[Vv]alidation error|0x[0-9a-f]{6,}"
    rb"|\.py\b|line \d+ column|<class|object at"
)
_FRAME: Final = re.compile(rb"(?::[^\n]*\n)*data: (?P<json>[^\n]*)(?:\nid: [\w.-]+)?")


async def exchange(port: int, case: Case) -> Exchange:
    """Send a case, and read what comes. Fault where that is no HTTP."""
    received = bytearray()
    late = False
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in case.pieces():
            if writer.transport.is_closing():
                break
            writer.write(piece)
            await asyncio.sleep(0)
        if case.ending != "dropped":
            late = await _read(reader, writer, case, received)
    except ConnectionError:
        pass  # the server closed while something was still on its way
    finally:
        writer.transport.abort()
    answers, rest = read_answers(bytes(received), heads=case.maybe_head)
    return Exchange(answers=answers, rest=rest, late=late)


async def _read(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, case: Case, received: bytearray
) -> bool:
    """Into `received`, until the end that the case asks for; whether that did not come."""
    patience_s = QUIET_S if case.ending == "half-closed" else BOUND_S
    while True:
        try:
            async with asyncio.timeout(patience_s):
                data = await reader.read(2**16)
        except TimeoutError:
            if patience_s == BOUND_S:
                return True
            patience_s = BOUND_S
            if not writer.transport.is_closing():
                writer.write_eof()
            continue
        if not data:
            return False
        received += data
        if case.ending == "answered":
            answers, rest = read_answers(bytes(received), heads=case.maybe_head)
            if len(answers) >= case.answers and not rest:
                return False


def read_answers(received: bytes, *, heads: bool) -> tuple[list[Answer], bytes]:
    """The whole answers, and the bytes that are left. `heads`: some may be to a HEAD."""
    answers = []
    while received:
        head, found, rest = received.partition(b"\r\n\r\n")
        if not found:
            break
        line = _STATUS_LINE.match(head + b"\r\n")
        if line is None:
            raise Fault("the answer is no HTTP", received[:200])
        status = int(line[1])
        headers = _headers(head[line.end() :])
        body: bytes | None = b""
        if status >= 200 and status not in (204, 304):
            bodiless = heads and (not rest or rest.startswith(b"HTTP/1.1 "))
            if not bodiless:
                body, rest = _body(headers, rest)
        if body is None:
            break
        received = rest
        if status >= 200:
            answers.append(Answer(status=status, headers=headers, body=body))
    return answers, received


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n") if head else ():
        match = _HEADER.fullmatch(line)
        if match is None or match[1] in headers:
            raise Fault("the answer has a bad or a double header", line)
        headers[match[1]] = match[2]
    return headers


def _body(headers: dict[str, str], rest: bytes) -> tuple[bytes | None, bytes]:
    """The body and what follows it; None while it is not whole."""
    if "content-length" in headers:
        size = int(headers["content-length"])
        return (rest[:size], rest[size:]) if len(rest) >= size else (None, rest)
    if headers.get("transfer-encoding") != "chunked":
        raise Fault("the answer has no length", headers)
    body = b""
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None, rest
        size = int(line, 16)
        if len(rest) < size + 2:
            return None, rest
        if rest[size : size + 2] != b"\r\n":
            raise Fault("a chunk is longer than it says", rest[:200])
        body += rest[:size]
        rest = rest[size + 2 :]
        if size == 0:
            return body, rest


def judge(case: Case, found: Exchange) -> None:
    """Raise Fault where an answer is not as it must be."""
    for answer in found.answers:
        _judge_answer(answer)
    if found.late:
        raise Fault("no answer and no end in time")
    if case.ending in ("answered", "waited for") and found.rest:
        raise Fault("an answer was cut short", found.rest[:200])
    if case.ending == "answered" and len(found.answers) < case.answers:
        statuses = [answer.status for answer in found.answers]
        raise Fault("closed without all answers", statuses)
    if case.ending == "answered" and len(found.answers) > case.answers:
        raise Fault("more answers than requests")


def _judge_answer(answer: Answer) -> None:
    status, headers, body = answer.status, answer.headers, answer.body
    if status >= 500:
        raise Fault(f"status {status}", body[:500])
    if "x-request-id" not in headers:
        raise Fault("an answer without x-request-id", status)
    if "smuggled" in headers["x-request-id"]:
        raise Fault("a request was smuggled", status)
    if "x-injected" in headers:
        raise Fault("a header was injected", headers)
    kind = headers.get("content-type", "").partition(";")[0]
    if kind == "text/event-stream":
        _judge_stream(body)
    elif kind == "application/json":
        if body:  # none to a HEAD
            _judge_json(status, body)
    elif status >= 400:
        raise Fault("an error that is no JSON", kind, body[:200])


def _judge_json(status: int, body: bytes) -> None:
    value = _json(body)
    if status < 400:
        return
    if _EXCEPTION_TEXT.search(body):
        raise Fault("exception text in an error", body[:500])
    match value:
        case {"message": str(told), "error": {"code": str(), "message": str(again)}}:
            if told != again:
                raise Fault("an error with two messages", body[:200])
        case {"jsonrpc": "2.0", "error": {"code": int(), "message": str()}}:
            pass
        case _:
            raise Fault("an error of another shape", body[:200])


def _judge_stream(body: bytes) -> None:
    *frames, rest = body.split(b"\n\n")
    if rest.replace(b": ping\n", b""):
        raise Fault("the last frame is not whole", rest[:200])
    for frame in frames:
        match = _FRAME.fullmatch(frame)
        if match is None:
            raise Fault("a frame of another shape", frame[:200])
        if match["json"] is not None and "type" not in _json(match["json"]):
            raise Fault("an event without a type", frame[:200])


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Fault("an answer that is no JSON", text[:200]) from None
