"""Requests that a client sends ahead of their answers, over raw sockets to a real uvicorn."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import pytest

from chatkit.edge.asgi import HttpRequest, json_reply
from chatkit.edge.asgi_types import HttpReceive, HttpScope, HttpSend
from chatkit.edge.http_protocol import GuardedProtocol
from chatkit.edge.router import Route, Router, answering
from tests.edge.raw_http import HOST, WAIT_S, Peer, serving

#: More than the server keeps behind a request that waits, so that it stops reading.
MANY_BYTES: Final = 200_000
#: More than what the kernels of both sides hold of an answer that is not read.
LARGE: Final = 32 * 2**20


class Quick(GuardedProtocol):
    """The same limits on what a client must send, sooner."""

    head_s = 0.3
    body_s = 0.3
    tick_s = 0.05
    max_waiting = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        Quick.max_waiting = max(Quick.max_waiting, len(self.pipeline))


class Site:
    """What the application was asked, and a gate that one of its routes waits at."""

    def __init__(self) -> None:
        self.port = 0
        self.started: list[str] = []
        self.gate = threading.Event()
        self.left = threading.Event()
        self._router = Router(
            [
                Route("/echo", {"GET": answering(self._echo), "POST": answering(self._echo)}),
                Route("/gate", {"GET": answering(self._wait)}),
                Route("/large", {"GET": answering(self._large)}),
                Route("/hold", {"GET": self._hold}),
                Route("/pings", {"GET": self._pings}),
            ]
        )

    async def app(self, scope: HttpScope, receive: HttpReceive, send: HttpSend) -> None:
        self.started.append(scope["path"])
        await self._router(scope, receive, send)

    async def _echo(self, request: HttpRequest) -> Any:
        body = await request.body(max_bytes=10**7)
        await asyncio.sleep(float(request.query().get("wait", "0")))
        return json_reply(json.dumps([request.query().get("n"), body.decode()]))

    async def _wait(self, request: HttpRequest) -> Any:
        assert await asyncio.to_thread(self.gate.wait, WAIT_S)
        return json_reply('"open"')

    async def _large(self, request: HttpRequest) -> Any:
        return json_reply(f'"{"x" * LARGE}"')

    async def _hold(self, request: HttpRequest, send: HttpSend) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await request.wait_for_disconnect()
        self.left.set()

    async def _pings(self, request: HttpRequest, send: HttpSend) -> None:
        holding = asyncio.create_task(self._hold(request, send))
        while not holding.done():
            await asyncio.sleep(0.05)
            await send({"type": "http.response.body", "body": b": ping\n\n", "more_body": True})


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    site = Site()
    with serving(site.app, Quick) as site.port:
        yield site


@pytest.fixture
def site(server: Site) -> Site:
    """That server, of which nothing was asked yet."""
    server.started.clear()
    server.gate.clear()
    server.left.clear()
    return server


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"


def echo(number: int, text: str, wait_s: float = 0.0) -> bytes:
    """A request with a body, chunked if its number is odd."""
    line = f"POST /echo?n={number}&wait={wait_s} HTTP/1.1\r\n".encode() + HOST
    body = text.encode()
    if number % 2 and body:
        return line + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return line + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


#: Bodies to be sent in turn: none, short, several reads long, and some that look like requests.
BODIES: Final = ("", "a", "\r\n\r\n" * 50, "b" * 3000, get("/echo").decode() * 30, "c" * 90_000)


@asynccontextmanager
async def sending(peer: Peer, data: bytes, cut: int) -> AsyncGenerator[None, None]:
    """HttpSend `data` in pieces of `cut` bytes meanwhile."""

    async def send() -> None:
        for place in range(0, len(data), cut):
            await peer.send(data[place : place + cut])

    task = asyncio.create_task(send())
    yield
    await task


@pytest.mark.parametrize(
    ("count", "wait_s", "cut"),
    [(500, 0.0, 10**9), (500, 0.002, 10**9), (500, 0.0, 1009), (12, 0.0, 19)],
)
async def test_pipelined_requests_are_all_answered_in_order(
    site: Site, count: int, wait_s: float, cut: int
) -> None:
    bodies = [BODIES[number % len(BODIES)] for number in range(count)]
    data = b"".join(echo(number, text, wait_s) for number, text in enumerate(bodies))
    async with aclosing(await Peer.connect(site.port)) as peer, sending(peer, data, cut):
        for number, text in enumerate(bodies):
            assert json.loads(await peer.body()) == [str(number), text]


async def test_few_requests_wait_however_many_arrive_at_once(site: Site) -> None:
    Quick.max_waiting = 0
    count = MANY_BYTES // len(get("/echo"))
    async with (
        aclosing(await Peer.connect(site.port)) as peer,
        sending(peer, get("/gate") + get("/echo") * count, 10**9),
    ):
        site.gate.set()
        assert await peer.body() == b'"open"'
        for _ in range(count):
            assert await peer.body() == b'[null, ""]'
    assert 1 <= Quick.max_waiting <= 8


async def test_a_client_is_not_blamed_for_bytes_that_the_server_does_not_read(site: Site) -> None:
    count = MANY_BYTES // len(get("/echo"))
    for behind in (get("/echo") + b"GET /echo HTT", get("/echo") * count + b"GET /echo HTT"):
        site.gate.clear()
        async with (
            aclosing(await Peer.connect(site.port)) as peer,
            sending(peer, get("/gate") + behind, 10**9),
        ):
            await asyncio.sleep(3 * Quick.head_s)
            site.gate.set()
            assert await peer.body() == b'"open"'
            await peer.send(b"P/1.1\r\n" + HOST + b"\r\n")
            for _ in range(behind.count(b"GET")):
                assert await peer.body() == b'[null, ""]'


async def test_a_body_behind_a_slow_answer_is_not_late(site: Site) -> None:
    async with aclosing(await Peer.connect(site.port)) as peer:
        body = "x" * MANY_BYTES
        async with sending(peer, get("/gate") + echo(2, body), 10**9):
            await asyncio.sleep(3 * Quick.body_s)
            site.gate.set()
            assert await peer.body() == b'"open"'
            assert json.loads(await peer.body()) == ["2", body]


async def test_a_request_waits_until_the_answer_before_it_is_taken(site: Site) -> None:
    async with aclosing(await Peer.connect(site.port)) as peer:
        await peer.send(get("/large"))
        await peer.until(b"\r\n\r\n")
        await peer.send(get("/echo"))  # sent ahead of the end of the answer
        for _ in range(3):
            async with aclosing(await Peer.connect(site.port)) as other:
                await other.send(get("/echo?n=other"))
                await other.body()
        assert site.started == ["/large"] + ["/echo"] * 3
        async with asyncio.timeout(WAIT_S):
            await peer.reader.readexactly(LARGE + 2)
        assert await peer.body() == b'[null, ""]'


# --- The end of a connection ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/hold", 100),
        ("/hold", 40_000),
        ("/hold", 120_000),  # not all is read, but all has arrived, and the end behind it
        ("/pings", 20 * MANY_BYTES),  # the end has not arrived: a write brings it
    ],
)
async def test_a_stream_learns_that_its_client_left_whatever_waits_behind_it(
    site: Site, path: str, size: int
) -> None:
    async with aclosing(await Peer.connect(site.port)) as peer:
        await peer.send(get(path))
        await peer.until(b"first\r\n")
        peer.writer.write(get("/echo") * (size // len(get("/echo"))))
        if size > MANY_BYTES:
            peer.writer.transport.abort()  # what the kernel has not taken is not waited for
    assert await asyncio.to_thread(site.left.wait, WAIT_S)
    assert site.started == [path]


async def test_nothing_behind_an_upgrade_is_a_request(site: Site) -> None:
    upgrade = b"GET /echo HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with aclosing(await Peer.connect(site.port)) as peer:
        await peer.send(get("/echo") * 3 + upgrade + get("/hold") * 1000)
        assert (await peer.rest()).count(b"HTTP/1.1 200 ") == 4
    assert site.started == ["/echo"] * 4


async def test_a_shutdown_does_not_answer_all_that_a_client_has_sent_ahead() -> None:
    site = Site()

    class Ending(Quick):
        def shutdown(self) -> None:
            super().shutdown()
            site.gate.set()

    with serving(site.app, Ending) as site.port:
        peer = await Peer.connect(site.port)
        await peer.send(get("/gate") + get("/echo") * (MANY_BYTES // len(get("/echo"))))
        async with asyncio.timeout(WAIT_S):
            while not site.started:  # noqa: ASYNC110 - the site is in another thread
                await asyncio.sleep(0.01)
    async with aclosing(peer):
        data = await peer.rest()
    assert data.count(b"HTTP/1.1 200 ") == 2  # one was running, and one waited
    assert data.count(b"connection: close") == 1
