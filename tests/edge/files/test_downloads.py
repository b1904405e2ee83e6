"""Files out of the real application."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

import pytest

from app import Services
from store.files import PIECE_BYTES
from tests.edge.files.calls import code, get, own, target_of, token, uploaded
from tests.files import GIF, JPEG, PDF, PNG, SVG, WEBP, ZIP
from tests.harness import Exchange, ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY: Final = "atc_" + "0" * 32


@pytest.mark.parametrize(
    ("content", "mime_type", "served", "disposition"),
    [
        (PNG, "image/png", "image/png", "inline"),
        (JPEG, "image/jpeg", "image/jpeg", "inline"),
        (GIF, "image/gif", "image/gif", "inline"),
        (WEBP, "image/webp", "image/webp", "inline"),
        (PDF, "application/pdf", "application/pdf", "attachment"),
        (ZIP, "application/zip", "application/octet-stream", "attachment"),
        (SVG, "image/svg+xml", "text/plain; charset=utf-8", "attachment"),
        (b"<script>", "text/html", "text/plain; charset=utf-8", "attachment"),
        (b"<a/>", "application/xml", "text/plain; charset=utf-8", "attachment"),
        (b"alert(1)", "text/javascript", "text/plain; charset=utf-8", "attachment"),
    ],
)
async def test_nothing_is_served_in_a_way_that_it_could_run(
    services: Services, content: bytes, mime_type: str, served: str, disposition: str
) -> None:
    wire = await uploaded(services, content, mime_type=mime_type, name="a.bin")
    status, headers, body = await own(services, wire)
    assert (status, body) == (200, content)
    assert headers["content-type"] == served
    assert headers["content-disposition"].split(";")[0] == disposition
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_name_is_spelled_for_every_browser(services: Services) -> None:
    wire = await uploaded(services, b"x", mime_type="text/plain", name="größe %22a%22; x=y%.txt")
    _, headers, _ = await own(services, wire)
    assert headers["content-disposition"] == (
        'attachment; filename="gr__e _a_; x=y_.txt"; '
        "filename*=UTF-8''gr%C3%B6%C3%9Fe%20%22a%22%3B%20x%3Dy%25.txt"
    )


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=5-", range(5, 600_000)),
        ("bytes=-5", range(599_995, 600_000)),
        ("bytes=-9999999", range(600_000)),
        (f"bytes={PIECE_BYTES - 3}-{PIECE_BYTES + 3}", range(PIECE_BYTES - 3, PIECE_BYTES + 4)),
        ("bytes=599999-999999999", range(599_999, 600_000)),
    ],
)
async def test_a_range_is_what_was_asked_for(services: Services, asked: str, span: range) -> None:
    content = b"".join(b"%05d\n" % number for number in range(100_000))
    wire = await uploaded(services, content, mime_type="text/plain")
    status, headers, body = await own(services, wire, range=asked)
    assert (status, body) == (206, content[span.start : span.stop])
    assert headers["content-range"] == f"bytes {span.start}-{span.stop - 1}/600000"
    assert headers["content-length"] == str(len(span))


@pytest.mark.parametrize(
    "asked", ["bytes=2-1", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes", ""]
)
async def test_a_range_that_is_none_or_many_gets_all(services: Services, asked: str) -> None:
    wire = await uploaded(services, b"words", mime_type="text/plain")
    status, headers, body = await own(services, wire, range=asked)
    assert (status, body) == (200, b"words")
    assert headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=99999999999999999-", "bytes=-0"])
async def test_a_range_outside_of_the_file_is_told(services: Services, asked: str) -> None:
    wire = await uploaded(services, b"words", mime_type="text/plain")
    status, headers, body = await own(services, wire, range=asked)
    assert (status, code(body)) == (416, "invalid_range")
    assert headers["content-range"] == "bytes */5"


async def test_what_a_browser_has_already_is_not_sent_again(services: Services) -> None:
    wire = await uploaded(services, b"words", mime_type="text/plain")
    _, headers, _ = await own(services, wire)
    etag = headers["etag"]
    for value in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        status, again, body = await own(services, wire, if_none_match=value)
        assert (status, again["etag"], body) == (304, etag, b"")
    assert (await own(services, wire, if_none_match='"x"'))[0] == 200
    assert (await own(services, wire, range="bytes=0-0", if_range=etag))[0] == 206
    assert (await own(services, wire, range="bytes=0-0", if_range='"x"'))[0] == 200


async def test_a_head_request_gets_the_headers_of_the_whole_file(services: Services) -> None:
    wire = await uploaded(services, b"words", mime_type="text/plain")
    target = f"/api/chatkit/files/{wire['id']}"
    status, headers, body = await ask(
        services.router, "HEAD", target, range="bytes=0-0", body=b"", **token()
    )
    assert (status, headers["content-length"], body) == (200, "5", b"")


async def test_a_file_is_its_owners_alone(services: Services) -> None:
    wire = await uploaded(services, PNG)
    path = f"/api/chatkit/files/{wire['id']}"
    foreign = await ask(services.router, "GET", path, x_request_id="a", body=b"", **token("bob"))
    missing = await ask(
        services.router,
        "GET",
        f"/api/chatkit/files/{NOBODY}",
        x_request_id="a",
        body=b"",
        **token("bob"),
    )
    assert foreign == missing
    assert foreign[0] == 404
    assert (await get(services, path))[0] == 401
    query = urlsplit(wire["preview_url"]).query
    assert (await get(services, f"{path}?{query.replace('user=ada', 'user=bob')}"))[0] == 403


async def test_a_url_outlives_neither_the_file_nor_its_time(services: Services) -> None:
    wire = await uploaded(services, PNG)
    target = target_of(wire["preview_url"])
    await services.parts.database.execute("DELETE FROM attachments WHERE id = $1", wire["id"])
    assert (await get(services, target))[0] == 404


async def test_images_may_be_shown_in_a_frame_of_another_origin(services: Services) -> None:
    wire = await uploaded(services, PNG)
    _, headers, _ = await get(
        services, target_of(wire["preview_url"]), origin="https://friend.example"
    )
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["access-control-allow-origin"] == "https://friend.example"
    assert headers["vary"] == "origin"


async def test_a_reader_that_leaves_ends_the_reading(services: Services) -> None:
    wire = await uploaded(services, b"x" * (6 * PIECE_BYTES), mime_type="text/plain")
    before = len(asyncio.all_tasks())
    target = f"/api/chatkit/files/{wire['id']}"
    async with Exchange(services.router, "GET", target, token()) as exchange:
        await exchange.message()
        await exchange.message()
        exchange.leave()
    assert len(asyncio.all_tasks()) == before
