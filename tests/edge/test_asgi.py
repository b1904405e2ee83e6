"""Requests, replies and event streams at the edge, through the router."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator

import pytest

from chatkit.edge import asgi
from chatkit.edge.asgi import EventStream, HttpRequest, PieceReply, Reply, json_reply
from chatkit.edge.asgi_types import HttpSend
from chatkit.edge.router import Route, Router, answering
from chatkit.engine.turn_log import LogFollower, TurnLog
from chatkit.protocol.errors import (
    ChatKitError,
    Conflict,
    NotFound,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chatkit.protocol.events import PartDelta
from tests.harness import Exchange, ask
from tests.wording import SAY


async def echo(request: HttpRequest) -> Reply:
    body = await request.body(max_bytes=10)
    told = {
        "path": request.path,
        "params": request.params,
        "query": request.query(),
        "body": body.decode(),
    }
    return json_reply(json.dumps(told))


ECHO = Router([Route("/echo/{name}", {"GET": answering(echo), "POST": answering(echo)})])


def failing(error: Exception) -> Router:
    async def handler(request: HttpRequest, send: HttpSend) -> None:
        raise error

    return Router([Route("/", {"GET": handler})])


async def test_path_query_and_body_reach_the_handler() -> None:
    status, headers, body = await ask(ECHO, "POST", "/echo/a?x=1&y=", body=b"hello")
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert json.loads(body) == {
        "path": "/echo/a",
        "params": {"name": "a"},
        "query": {"x": "1", "y": ""},
        "body": "hello",
    }


async def test_the_prefix_of_a_root_path_is_taken_off() -> None:
    scope = {"root_path": "/chat"}
    async with Exchange(ECHO, "GET", "/chat/echo/b", scope=scope) as exchange:
        _, _, body = await exchange.whole()
    assert json.loads(body)["path"] == "/echo/b"


async def test_a_body_in_pieces_is_put_together_and_one_that_grows_too_large_is_refused() -> None:
    async with Exchange(ECHO, "POST", "/echo/a", body=[b"one ", b"two"]) as exchange:
        _, _, body = await exchange.whole()
    assert json.loads(body)["body"] == "one two"
    async with Exchange(ECHO, "POST", "/echo/a", body=[b"123456", b"789012"]) as exchange:
        status, _, body = await exchange.whole()
    assert status == 413
    assert json.loads(body)["error"]["code"] == "too_large"


async def test_a_body_that_is_declared_too_large_is_not_read() -> None:
    status, _, _ = await ask(ECHO, "POST", "/echo/a", body=b"", content_length="11")
    assert status == 413


async def test_a_head_request_gets_the_headers_alone() -> None:
    async with Exchange(ECHO, "HEAD", "/echo/a") as exchange:
        status, headers, body = await exchange.whole()
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


async def test_other_methods_are_refused_with_those_that_are_allowed() -> None:
    status, headers, body = await ask(ECHO, "DELETE", "/echo/a")
    assert status == 405
    assert headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert json.loads(body)["error"]["code"] == "method_not_allowed"
    status, headers, body = await ask(ECHO, "OPTIONS", "/echo/a")
    assert (status, headers["allow"], body) == (204, "GET, HEAD, OPTIONS, POST", b"")


@pytest.mark.parametrize(
    "target", ["/", "/echo", "/echo/", "/echo/a/b", "/echo/\0", "/echo/a?%ff", "/echo/a?b=%00"]
)
async def test_an_unknown_path_or_a_broken_query_is_a_plain_error(target: str) -> None:
    status, _, body = await ask(ECHO, "GET", target)
    assert status == (400 if "?" in target else 404)
    assert set(json.loads(body)["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (Unauthorized("no"), 401, ("www-authenticate", "Bearer")),
        (NotFound("thread"), 404, None),
        (Conflict("busy"), 409, None),
        (TooMany("slow down", retry_after_s=7), 429, ("retry-after", "7")),
        (Unavailable("away"), 503, None),
    ],
)
async def test_an_error_is_json_with_the_headers_of_its_status(
    error: ChatKitError, status: int, header: tuple[str, str] | None
) -> None:
    got, headers, body = await ask(failing(error), "GET", "/")
    assert got == status
    told = error.in_words(SAY)
    assert json.loads(body) == {"message": told, "error": {"code": error.code, "message": told}}
    assert header is None or headers[header[0]] == header[1]


async def test_a_fault_of_our_own_is_500_and_only_the_log_knows_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    status, headers, body = await ask(failing(RuntimeError("secret detail")), "GET", "/")
    assert status == 500
    assert b"secret detail" not in body
    assert any(headers["x-request-id"] in record.getMessage() for record in caplog.records)
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)]
)
async def test_a_request_id_is_taken_over_only_where_it_is_a_plain_word(
    given: str, kept: bool
) -> None:
    _, headers, _ = await ask(ECHO, "GET", "/echo/a", x_request_id=given)
    assert (headers["x-request-id"] == given) is kept


async def test_each_request_leaves_one_line_without_its_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "chatkit.http")
    await ask(ECHO, "GET", "/echo/line%0Abreak?token=secret", x_request_id="id1")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert lines[0].startswith("GET /echo/line")
    assert lines[0].endswith("id1")
    assert "secret" not in lines[0]
    assert "\n" not in lines[0]


def in_pieces(*pieces: bytes | Exception, length: int | None = None) -> Router:
    async def made() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def handle(_: HttpRequest) -> PieceReply:
        return PieceReply(made(), [(b"content-type", b"text/plain")], length=length)

    return Router([Route("/", {"GET": answering(handle)})])


@pytest.mark.parametrize("length", [None, 4])
async def test_an_answer_in_pieces_is_whole(length: int | None) -> None:
    status, headers, body = await ask(in_pieces(b"one", b"2", length=length), "GET", "/")
    assert (status, body) == (200, b"one2")
    assert headers.get("content-length") == (None if length is None else "4")


async def test_what_fails_before_the_first_piece_is_a_plain_error() -> None:
    status, _, body = await ask(in_pieces(Unavailable("away")), "GET", "/")
    assert (status, json.loads(body)["error"]["code"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("pieces", "length"), [((b"one", Unavailable("away")), None), ((b"one",), 4)]
)
async def test_an_answer_that_breaks_off_has_no_end(
    pieces: tuple[bytes | Exception, ...], length: int | None
) -> None:
    """The server cuts the connection then, so that nobody takes a part for the whole."""
    async with Exchange(in_pieces(*pieces, length=length), "GET", "/") as exchange:
        await exchange.message()
        assert (await exchange.message())["more_body"] is True
    assert exchange._sent.empty()


def streaming(log: TurnLog) -> Router:
    async def handler(request: HttpRequest, send: HttpSend) -> None:
        await request.body(max_bytes=10)
        await EventStream(LogFollower(log)).send(request, send)

    return Router([Route("/", {"POST": handler})])


async def test_the_first_frame_is_sent_before_the_second_exists() -> None:
    log = TurnLog()
    async with Exchange(streaming(log), "POST", "/") as exchange:
        start = await exchange.message()
        headers = dict(start["headers"])
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert headers[b"x-accel-buffering"] == b"no"
        assert headers[b"cache-control"] == b"no-cache, no-transform"
        log.append([PartDelta("msg_1", "one")])
        assert b'"delta":"one"' in await exchange.chunk()
        log.append([PartDelta("msg_1", "two"), PartDelta("msg_1", "three")])
        both = await exchange.chunk()
        assert both.count(b"data: ") == 2
        log.close()
        assert await exchange.chunk() == b""


async def test_a_silent_stream_gets_pings_and_a_busy_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asgi, "PING_S", 0.02)
    log = TurnLog()
    async with Exchange(streaming(log), "POST", "/") as exchange:
        await exchange.message()
        assert await exchange.chunk() == b": ping\n"
        assert await exchange.chunk() == b": ping\n"
        log.append([PartDelta("msg_1", "one")])
        while (chunk := await exchange.chunk()) == b": ping\n":
            pass
        assert b'"delta":"one"' in chunk


async def test_a_client_that_leaves_ends_its_stream_and_leaves_no_task() -> None:
    log = TurnLog()
    before = len(asyncio.all_tasks())
    async with Exchange(streaming(log), "POST", "/") as exchange:
        await exchange.message()
        exchange.leave()
    assert not log.closed
    assert len(asyncio.all_tasks()) == before


async def test_a_client_that_leaves_while_it_sends_its_body_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = Exchange(ECHO, "POST", "/echo/a", body=[])
    async with exchange:
        exchange.leave()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
