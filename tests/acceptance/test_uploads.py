"""Files through a server process: real clients, real sockets, and what it costs in memory."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from store.embedded import EmbeddedPostgres
from tests.acceptance.server import SECRET, ServerProcess
from tests.conftest import fresh_database
from tests.files import END, MULTIPART, PNG, part

pytestmark = pytest.mark.asyncio(loop_scope="module")

UPLOAD: Final = "/api/chatkit/upload"
MIB: Final = 2**20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database_url(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    async with fresh_database(postgres_server) as database_url:
        yield database_url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(database_url: str) -> AsyncIterator[ServerProcess]:
    async with ServerProcess(DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET) as server:
        yield server
        assert "Traceback" not in server.stderr, server.stderr


def lines(size: int) -> Iterator[bytes]:
    """So many bytes of text, in pieces of 64 KiB."""
    for number in range(size // 65536):
        yield b"%015d\n" % number * 4096


def memory_of(server: ServerProcess) -> int:
    """The most that the process has had in memory so far, in bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) * 1024


async def test_a_client_of_anothers_making_uploads_and_reads(server: ServerProcess) -> None:
    token = server.jwt("ada")
    files = {"file": ("größe 😀.png", PNG, "image/png")}
    answer = await server.post(UPLOAD, token, files=files)
    assert answer.status_code == 200, answer.text
    wire = answer.json()
    assert (wire["name"], wire["type"]) == ("größe 😀.png", "image")
    assert wire["preview_url"].startswith(f"{server.url}/api/chatkit/files/")
    shown = await server.http.get(wire["preview_url"])
    assert (shown.status_code, shown.content) == (200, PNG)
    again = await server.http.get(
        wire["preview_url"], headers={"if-none-match": shown.headers["etag"]}
    )
    assert again.status_code == 304


async def test_the_answer_that_is_kept_for_a_repetition_holds_no_signed_address(
    server: ServerProcess, database_url: str
) -> None:
    token = server.jwt("ada")
    body = {
        "type": "attachments.create",
        "params": {"name": "cat.png", "size": len(PNG), "mime_type": "image/png"},
    }
    given = {"json": body, "headers": {"idempotency-key": "one"}}
    first = (await server.post("/api/chatkit", token, **given)).json()
    connection = await asyncpg.connect(database_url)
    try:
        kept = await connection.fetchval(
            "SELECT answer FROM accepted_requests WHERE user_id = 'ada' AND answer IS NOT NULL"
        )
    finally:
        await connection.close()
    assert first["id"] in kept
    assert "signature" not in kept
    again = (await server.post("/api/chatkit", token, **given)).json()
    assert again == first
    url = again["upload_descriptor"]["url"]
    stored = await server.http.put(url, content=PNG, headers={"content-type": "image/png"})
    assert stored.status_code == 200, stored.text


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
async def test_memory_stays_flat_while_a_large_file_comes_and_goes(server: ServerProcess) -> None:
    token = server.jwt("ada")
    headers = {"authorization": f"Bearer {token}"}

    async def there_and_back(size: int) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield part(b"", name="log.txt", mime_type="text/plain")[:-2]
            for piece in lines(size):
                yield piece
            yield b"\r\n" + END

        sent = await server.http.post(
            server.url + UPLOAD,
            content=body(),
            headers={**headers, "content-type": MULTIPART},
        )
        assert sent.status_code == 200, sent.text
        digest = sha256()
        url = f"{server.url}/api/chatkit/files/{sent.json()['id']}"
        async with server.http.stream("GET", url, headers=headers) as answer:
            assert int(answer.headers["content-length"]) == size
            async for piece in answer.aiter_bytes():
                digest.update(piece)
        assert digest.digest() == sha256(b"".join(lines(size))).digest()

    # The tools are imported while the server is up already: this waits for them.
    assert (await server.get("/api/chatkit/options", token)).status_code == 200
    await there_and_back(2 * MIB)  # what the first of its kind brings along
    before = memory_of(server)
    await there_and_back(20 * MIB)
    assert memory_of(server) - before < 8 * MIB


class Raw:
    """A client down at the socket."""

    def __init__(self, server: ServerProcess) -> None:
        self._address = urlsplit(server.url)

    async def __aenter__(self) -> Raw:
        host, port = self._address.hostname, self._address.port
        self.reader, self.writer = await asyncio.open_connection(host, port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def head(self, token: str | None, length: int, *more: str) -> None:
        lines = [
            f"POST {UPLOAD} HTTP/1.1",
            f"Host: {self._address.netloc}",
            f"Content-Type: {MULTIPART}",
            f"Content-Length: {length}",
            *([] if token is None else [f"Authorization: Bearer {token}"]),
            *more,
        ]
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> bytes:
        """The head of the next answer."""
        async with asyncio.timeout(10):
            return await self.reader.readuntil(b"\r\n\r\n")


async def test_a_client_that_asks_first_is_told_before_it_sends(server: ServerProcess) -> None:
    body = part(PNG) + END
    async with Raw(server) as client:
        await client.head(server.jwt("ada"), len(body), "Expect: 100-continue")
        assert (await client.answer()).startswith(b"HTTP/1.1 100 ")
        await client.send(body)
        assert (await client.answer()).startswith(b"HTTP/1.1 200 ")
    for token, length, status in (
        (None, len(body), b"401"),
        (server.jwt("ada"), 26 * MIB, b"413"),
    ):
        async with Raw(server) as client:
            await client.head(token, length, "Expect: 100-continue")
            assert (await client.answer()).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("reset", [False, True])
async def test_a_connection_that_breaks_leaves_nothing_of_its_file(
    server: ServerProcess, database_url: str, reset: bool
) -> None:
    database = await asyncpg.connect(database_url)

    async def stored() -> int:
        return int(
            await database.fetchval(
                "SELECT count(*) FROM attachments LEFT JOIN attachment_pieces"
                " ON attachment_pieces.attachment_id = attachments.id"
                " WHERE attachments.user_id = $1",
                "eve",
            )
        )

    try:
        async with Raw(server) as client:
            await client.head(server.jwt("eve"), 5 * MIB)
            await client.send(part(b"", name="a.txt", mime_type="text/plain")[:-2])
            await client.send(b"x" * MIB)
            async with asyncio.timeout(10):
                while await stored() < 3:  # noqa: ASYNC110 - gives no sign
                    await asyncio.sleep(0.02)
            if reset:
                socket = client.writer.get_extra_info("socket")
                socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        async with asyncio.timeout(10):
            while await stored():  # noqa: ASYNC110 - gives no sign
                await asyncio.sleep(0.02)
    finally:
        await database.close()
