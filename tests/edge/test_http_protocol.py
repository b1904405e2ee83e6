"""A real uvicorn over raw sockets, with time limits short enough to wait for."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, ClassVar

import pytest

from chatkit.edge.asgi import HttpRequest, json_reply
from chatkit.edge.asgi_types import HttpReceive, HttpScope, HttpSend
from chatkit.edge.http_protocol import GuardedProtocol
from chatkit.edge.router import Route, Router, answering
from tests.edge.raw_http import HOST, WAIT_S, Peer, serving


class Quick(GuardedProtocol):
    """The same limits, sooner."""

    head_s = 0.4
    body_s = 0.4
    unwanted_body_s = 0.2
    stuck_s = 0.4
    tick_s = 0.05
    linger_s = 5.0
    user_timeout_ms: ClassVar[int] = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if option is not None:
            peer = transport.get_extra_info("socket")
            type(self).user_timeout_ms = peer.getsockopt(socket.IPPROTO_TCP, option)


class Site:
    """The server, and what its application met."""

    def __init__(self) -> None:
        self.port = 0
        self.left = threading.Event()
        self.writing_stopped = threading.Event()

    async def app(self, scope: HttpScope, receive: HttpReceive, send: HttpSend) -> None:
        """`/size` reads the body, `/early` does not, `/flood` writes for ever, the rest is here."""
        await self._router(scope, receive, send)

    @property
    def _router(self) -> Router:
        async def here(request: HttpRequest) -> Any:
            return json_reply(json.dumps({"path": request.path}))

        async def size(request: HttpRequest) -> Any:
            try:
                return json_reply(str(len(await request.body(max_bytes=10**7))))
            finally:
                self.left.set()

        async def flood(request: HttpRequest, send: HttpSend) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            watch = asyncio.create_task(request.wait_for_disconnect())
            try:
                while not watch.done():
                    await send(
                        {"type": "http.response.body", "body": bytes(60_000), "more_body": True}
                    )
                    await asyncio.sleep(0)
            finally:
                watch.cancel()
                self.writing_stopped.set()

        async def hold(request: HttpRequest, send: HttpSend) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            await request.wait_for_disconnect()
            self.left.set()

        async def sent(request: HttpRequest) -> Any:
            await request.body(max_bytes=10**7)
            names = [name.decode() for name, _ in request.scope["headers"]]
            return json_reply(json.dumps(names))

        async def two(request: HttpRequest, send: HttpSend) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"first,", "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            await send({"type": "http.response.body", "body": b"second"})

        return Router(
            [
                Route("/sent", {"POST": answering(sent)}),
                Route("/two", {"GET": two}),
                Route("/", {"GET": answering(here), "POST": answering(here)}),
                Route("/early", {"POST": answering(here)}),
                Route("/size", {"POST": answering(size)}),
                Route("/flood", {"GET": flood}),
                Route("/hold", {"GET": hold}),
            ]
        )

    async def connect(self) -> Peer:
        return await Peer.connect(self.port)


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    """With the limits of `Quick`."""
    site = Site()
    with serving(site.app, Quick) as site.port:
        yield site


@pytest.fixture
def site(server: Site) -> Site:
    """That server, of which nothing was asked yet."""
    server.left.clear()
    server.writing_stopped.clear()
    return server


async def refused(peer: Peer, status: int, code: str) -> None:
    """The answer is one JSON error with the headers of every other, and the connection ends."""
    head, _, body = (await peer.rest()).partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    assert line.split()[:2] == ["HTTP/1.1", str(status)]
    headers = dict(field.split(": ") for field in fields)
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "close"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]
    assert int(headers["content-length"]) == len(body)
    assert json.loads(body)["error"]["code"] == code


async def answers(site: Site) -> bool:
    """Whether the next good request is served."""
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        return (await peer.rest()).endswith(b'{"path": "/"}')


@pytest.mark.parametrize("cut", [1, 7, 10_000])
async def test_a_good_request_is_served_however_it_arrives(site: Site, cut: int) -> None:
    request = b"POST /size HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
    async with aclosing(await site.connect()) as peer:
        for _ in range(2):
            for place in range(0, len(request), cut):
                await peer.send(request[place : place + cut])
            head = await peer.until(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await peer.reader.readexactly(1) == b"5"


async def test_pipelined_requests_are_answered_in_turn(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        one = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
        last = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        await peer.send(one * 3 + last)
        data = await peer.rest()
    assert data.count(b"HTTP/1.1 404") == 3
    assert data.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        b"Content-Length: 3\r\n\r\nabc",
    ],
)
async def test_what_is_no_http_gets_a_json_400(site: Site, data: bytes) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(data)
        await refused(peer, 400, "invalid_request")
    assert await answers(site)


@pytest.mark.parametrize("cut", [1, 10_000])
async def test_trailers_do_not_become_headers(site: Site, cut: int) -> None:
    request = (
        b"POST /sent HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"
        b"Trailer: x-forwarded-for\r\n\r\n"
        b"2\r\nab\r\n0\r\nX-Forwarded-For: 10.0.0.1\r\nAuthorization: Bearer forged\r\n\r\n"
    )
    async with aclosing(await site.connect()) as peer:
        for _ in range(2):
            for place in range(0, len(request), cut):
                await peer.send(request[place : place + cut])
            assert json.loads(await peer.body()) == ["host", "transfer-encoding", "trailer"]


async def test_trailers_count_towards_the_limit_of_the_head(site: Site) -> None:
    head = b"POST /size HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    async with aclosing(await site.connect()) as peer:
        await peer.send(head + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 900) for n in range(60)))
        assert b" 431 " in (await peer.rest()).partition(b"\r\n")[0]


async def test_http_1_0_gets_a_body_without_chunks(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET /two HTTP/1.0\r\n" + HOST + b"\r\n")
        head, _, body = (await peer.rest()).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body == b"first,second"


async def test_http_1_0_gets_the_length_of_a_body_that_has_one(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET / HTTP/1.0\r\n" + HOST + b"\r\n")
        head, _, body = (await peer.rest()).partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(body) in head.lower()
    assert json.loads(body) == {"path": "/"}


async def test_what_follows_an_upgrade_is_not_taken_for_a_request(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(
            b"GET /one HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        await peer.send(b"GET /two HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await peer.rest()).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nA: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n" * 1000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200,
        b"GET / HTTP/1.1\r\nA: " + b"a" * 3_000_000,
        b"GET /" + b"a" * 3_000_000,
    ],
)
async def test_a_large_head_gets_431_even_while_it_is_sent(site: Site, head: bytes) -> None:
    async with aclosing(await site.connect()) as peer:
        sending = asyncio.create_task(peer.send(head))
        await refused(peer, 431, "too_large")
        sending.cancel()
    assert await answers(site)


async def test_a_head_below_the_limit_is_read(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        for _ in range(3):  # each head has the limit to itself
            await peer.send(b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"a" * 30_000)
            await peer.send(b"\r\n" + b"B: c\r\n" * 100 + b"\r\n")
            assert (await peer.until(b'"/"}')).startswith(b"HTTP/1.1 200 ")


async def test_a_large_body_behind_a_small_head_is_no_large_head(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        body = b"x" * 1_000_000
        await peer.send(
            b"POST /size HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n" + body
        )
        assert (await peer.until(b"1000000")).startswith(b"HTTP/1.1 200 ")


async def test_what_follows_an_upgrade_does_not_disturb_its_answer(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(
            b"GET /hold HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        )
        await peer.until(b"first\r\n")
        await peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await peer.reader.read(100)


async def test_a_stream_learns_that_its_client_left_though_a_request_waits_behind_it(
    site: Site,
) -> None:
    async with aclosing(await site.connect()) as peer:
        one, two = (b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path in (b"/hold", b"/"))
        await peer.send(one + two)
        await peer.until(b"first\r\n")
    assert await asyncio.to_thread(site.left.wait, WAIT_S)


# --- Slow clients ---------------------------------------------------------------------------------


async def test_a_head_that_does_not_end_gets_408(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET / HTTP/1.1\r\nA")
        await refused(peer, 408, "timeout")


async def test_a_head_that_trickles_in_gets_408(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:

        async def trickle() -> None:
            await peer.send(b"GET / HTTP/1.1\r\n")
            while True:
                await peer.send(b"A: b\r\n")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        await refused(peer, 408, "timeout")
        trickling.cancel()


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"])
async def test_a_connection_on_which_no_request_begins_is_closed(site: Site, first: bytes) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(first)
        if first:
            await peer.until(b'"/"}')
            await peer.send(b"\r\n")  # would end uvicorn's own timer
        assert await peer.rest() == b""


async def test_a_body_that_does_not_come_gets_408_and_the_application_is_told(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"POST /size HTTP/1.1\r\n" + HOST + b"Content-Length: 500\r\n\r\nabc")
        await refused(peer, 408, "timeout")
        assert await asyncio.to_thread(site.left.wait, Quick.linger_s / 2)


async def test_what_was_sent_fast_does_not_pay_for_a_body_that_trickles_then(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"POST /size HTTP/1.1\r\n" + HOST + b"Content-Length: 900000\r\n\r\n")
        await peer.send(b"x" * 800_000)

        async def trickle() -> None:
            while True:
                await peer.send(b"x" * 100)
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        await refused(peer, 408, "timeout")
        trickling.cancel()


async def test_a_body_at_a_fair_rate_may_take_longer(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"POST /size HTTP/1.1\r\n" + HOST + b"Content-Length: 3000\r\n\r\n")
        for _ in range(10):
            await peer.send(b"x" * 300)
            await asyncio.sleep(0.1)
        assert (await peer.until(b"3000")).startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_nobody_wants_is_not_read_for_ever(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000000\r\n\r\n")

        async def pour() -> None:
            while True:
                await peer.send(b"x" * 10_000)
                await asyncio.sleep(0.01)

        pouring = asyncio.create_task(pour())
        assert b"HTTP/1.1 200 " in await peer.rest()
        pouring.cancel()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has the option")
async def test_a_client_whose_network_is_gone_is_noticed_by_the_system(site: Site) -> None:
    """Its system neither acknowledges nor closes; the kernel gives such a connection up."""
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        await peer.body()
    assert Quick.user_timeout_ms == int(Quick.stuck_s * 1000)


async def test_a_client_that_takes_nothing_is_dropped(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET /flood HTTP/1.1\r\n" + HOST + b"\r\n")
        assert await asyncio.to_thread(site.writing_stopped.wait, WAIT_S)  # never read
    assert await answers(site)


async def test_a_client_that_takes_a_little_now_and_then_is_kept(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET /flood HTTP/1.1\r\n" + HOST + b"\r\n")
        for _ in range(20):
            await peer.reader.readexactly(500_000)
            await asyncio.sleep(0.05)
        assert not site.writing_stopped.is_set()


async def test_a_silent_stream_stays_open(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET /hold HTTP/1.1\r\n" + HOST + b"\r\n")
        await peer.until(b"first\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):  # longer than every limit
                await peer.reader.read(100)


async def test_nothing_is_written_into_a_stream_that_runs(site: Site) -> None:
    async with aclosing(await site.connect()) as peer:
        await peer.send(b"GET /hold HTTP/1.1\r\n" + HOST + b"\r\n")
        await peer.until(b"first")
        await peer.send(b"garbage\r\n\r\n")
        assert b"HTTP/1.1" not in await peer.rest()
