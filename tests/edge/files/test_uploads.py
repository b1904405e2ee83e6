"""Files into the real application, in one step and in two."""

from __future__ import annotations

import asyncio
import json
import time
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from app import Services
from chatkit.access.keys import Keys
from chatkit.access.quotas import Quotas
from chatkit.edge.asgi import HttpRequest
from chatkit.edge.asgi_types import HttpReceived, HttpSent
from chatkit.edge.file_links import FileLinks
from chatkit.edge.proxies import TrustedProxies
from chatkit.engine.attachments import Attachments
from chatkit.protocol.ids import make_id
from store.files import PIECE_BYTES, Files
from tests.edge.files.calls import (
    MOST,
    SIGNING,
    UPLOAD,
    code,
    get,
    own,
    target_of,
    token,
    upload,
    uploaded,
)
from tests.edge.signed import sign
from tests.files import END, MULTIPART, PNG, SVG, part
from tests.harness import Exchange, ask, scope_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def announced(
    services: Services, size: int = 5, mime_type: str = "text/plain", user_id: str = "ada"
) -> tuple[str, str]:
    """The id of a file that `attachments.create` has announced, and where its bytes go."""
    key = await services.parts.database.fetchval(
        "SELECT value FROM server_secrets WHERE name = 'file_key'"
    )
    links = FileLinks(
        keys=Keys(current=bytes.fromhex(key)),
        proxies=TrustedProxies.parse("127.0.0.1"),
        now=time.time,
    )

    async def receive() -> HttpReceived:
        raise AssertionError("no body is needed")

    request = HttpRequest(scope_of("POST", "/", {"host": "localhost"}), receive, "id")
    attachments = Attachments(
        Files(services.parts.database, Quotas(file_bytes=4 * MOST)),
        max_bytes=MOST,
        new_id=lambda prefix: make_id(prefix, sha256(str(time.time_ns()).encode()).digest()[:16]),
    )
    wire = await attachments.create(
        user_id,
        name="a.txt",
        size=size,
        mime_type=mime_type,
    )
    url = urlsplit(links.upload_url(request, user_id)(wire["id"]))
    return wire["id"], f"{url.path}?{url.query}"


async def rows(services: Services) -> tuple[int, int]:
    """How many attachments there are, and how many pieces."""
    database = services.parts.database
    return (
        await database.fetchval("SELECT count(*) FROM attachments"),
        await database.fetchval("SELECT count(*) FROM attachment_pieces"),
    )


# --- In one step ----------------------------------------------------------------------------------


async def test_a_file_in_one_step_is_answered_with_the_attachment(services: Services) -> None:
    wire = await uploaded(services, b"a,b\n", name="t.csv", mime_type="text/csv")
    assert wire == {"id": wire["id"], "name": "t.csv", "mime_type": "text/csv", "type": "file"}
    assert (await own(services, wire))[2] == b"a,b\n"


async def test_the_preview_of_an_image_is_a_url_that_needs_nothing_else(
    services: Services,
) -> None:
    wire = await uploaded(services, PNG)
    assert set(wire) == {"id", "name", "mime_type", "type", "preview_url"}
    assert wire["type"] == "image"
    assert wire["preview_url"].startswith(f"http://localhost/api/chatkit/files/{wire['id']}?")
    status, headers, body = await get(services, target_of(wire["preview_url"]))
    assert (status, headers["content-type"], body) == (200, "image/png", PNG)


@pytest.mark.parametrize(
    ("content", "mime_type", "name", "expected"),
    [
        (b"x" * (MOST + 1), "text/plain", "a.txt", (413, "too_large")),
        (b"x" * (MOST + 100_000), "text/plain", "a.txt", (413, "too_large")),
        (b"", "text/plain", "a.txt", (400, "invalid_request")),
        (b"words", "text/plain", "..", (400, "invalid_request")),
        (b"words", "text", "a.txt", (400, "invalid_request")),
        (b"words", "image/png", "a.png", (415, "unsupported_media")),
        (SVG, "image/png", "a.png", (415, "unsupported_media")),
        (b"\x7fELF\0", "application/octet-stream", "a", (415, "unsupported_media")),
        (b"\0\0\0\x18ftypmp42", "video/mp4", "a.mp4", (415, "unsupported_media")),
    ],
)
async def test_what_is_refused_is_told_and_leaves_nothing(
    services: Services, content: bytes, mime_type: str, name: str, expected: tuple[int, str]
) -> None:
    status, _, body = await upload(services, content, mime_type=mime_type, name=name)
    assert (status, code(body)) == expected
    assert await rows(services) == (0, 0)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (part(PNG) + part(PNG) + END, MULTIPART, 400),
        (part(PNG, field="other") + END, MULTIPART, 400),
        (part(PNG), MULTIPART, 400),
        (b"", MULTIPART, 400),
        (b"nonsense", MULTIPART, 400),
        (PNG, "image/png", 415),
        (b"{}", "application/json", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_that_is_not_one_file_is_refused_and_leaves_nothing(
    services: Services, body: bytes, content_type: str, expected: int
) -> None:
    status, _, answer = await ask(
        services.router, "POST", UPLOAD, body=body, content_type=content_type, **token()
    )
    assert status == expected, answer
    assert await rows(services) == (0, 0)


async def test_a_body_without_a_length_is_held_to_the_limit_too(services: Services) -> None:
    pieces = [part(b"")[:-2], *[b"x" * 65536] * 40]
    headers = {**token(), "content-type": MULTIPART}
    async with Exchange(services.router, "POST", UPLOAD, headers, pieces) as exchange:
        status, _, body = await exchange.whole()
    assert (status, code(body)) == (413, "too_large")
    assert await rows(services) == (0, 0)


async def test_a_declared_length_above_the_limit_is_refused_before_the_body(
    services: Services,
) -> None:
    headers = {**token(), "content-type": MULTIPART, "content-length": str(MOST + 10**6)}
    async with Exchange(services.router, "POST", UPLOAD, headers, []) as exchange:
        status, _, _ = await exchange.whole()
    assert status == 413


async def test_an_upload_that_is_broken_off_leaves_nothing(services: Services) -> None:
    pieces = [part(b"")[:-2] + b"x" * PIECE_BYTES, b"x" * PIECE_BYTES]
    taken, left = asyncio.Event(), asyncio.Event()

    async def receive() -> HttpReceived:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        taken.set()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: HttpSent) -> None:
        raise AssertionError(f"nobody is there: {message}")

    scope = scope_of("POST", UPLOAD, {**token(), "content-type": MULTIPART})
    upload = asyncio.create_task(services.router(scope, receive, send))
    async with asyncio.timeout(10):
        await taken.wait()
        assert await rows(services) == (1, 2)
        left.set()
        await upload
    assert await rows(services) == (0, 0)


async def test_what_all_files_of_a_user_may_take_is_limited(
    services: Services,
) -> None:
    for _ in range(4):
        await uploaded(services, b"x" * (MOST - 1000), mime_type="text/plain")
    status, _, body = await upload(services, b"x" * 5000, mime_type="text/plain")
    assert (status, code(body)) == (413, "storage_full")
    status, _, _ = await upload(services, b"x" * 5000, "bob", mime_type="text/plain")
    assert status == 200


# --- In two steps ---------------------------------------------------------------------------------


async def test_announced_bytes_come_by_put_as_they_are(services: Services) -> None:
    file_id, target = await announced(services)
    status, _, body = await ask(services.router, "PUT", target, body=b"words", host="localhost")
    assert status == 200
    assert json.loads(body) == {
        "id": file_id,
        "name": "a.txt",
        "mime_type": "text/plain",
        "type": "file",
    }
    assert (await own(services, {"id": file_id}))[2] == b"words"


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_announced_bytes_come_as_multipart_too(services: Services, method: str) -> None:
    file_id, target = await announced(services)
    body = part(b"words", name="ignored", mime_type="image/png") + END
    status, _, answer = await ask(
        services.router, method, target, body=body, content_type=MULTIPART, host="localhost"
    )
    assert status == 200, answer
    assert json.loads(answer)["name"] == "a.txt"
    assert (await own(services, {"id": file_id}))[2] == b"words"


async def test_an_upload_needs_no_header_and_is_disturbed_by_none(services: Services) -> None:
    _, target = await announced(services)
    status, _, _ = await ask(
        services.router,
        "PUT",
        target,
        body=b"words",
        host="localhost",
        authorization="Bearer something of the host page's own",
        content_type="text/plain",
    )
    assert status == 200


async def test_the_owner_may_send_the_bytes_without_a_signed_url(services: Services) -> None:
    _, target = await announced(services)
    path = target.partition("?")[0]
    assert (await ask(services.router, "PUT", path, body=b"words", host="x"))[0] == 401
    assert (await ask(services.router, "PUT", path, body=b"words", **token("bob")))[0] == 404
    assert (await ask(services.router, "PUT", path, body=b"words", **token()))[0] == 200


async def test_raw_bytes_by_post_are_refused(services: Services) -> None:
    _, target = await announced(services)
    status, _, _ = await ask(services.router, "POST", target, body=b"words", host="localhost")
    assert status == 415


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x" * 1001, 413),
        (b"x" * 999, 400),
        (b"", 400),
        (PNG[:4] + b"\0" * 996, 415),
        (b"x" * (MOST + 1), 413),
    ],
)
async def test_bytes_that_are_not_as_announced_leave_nothing(
    services: Services, content: bytes, expected: int
) -> None:
    file_id, target = await announced(services, size=1000)
    status, _, _ = await ask(services.router, "PUT", target, body=content, host="localhost")
    assert status == expected
    assert await rows(services) == (1, 0)
    assert (await own(services, {"id": file_id}))[0] == 404


async def test_after_too_few_bytes_the_right_ones_are_taken(services: Services) -> None:
    file_id, target = await announced(services, size=5)
    status, _, body = await ask(services.router, "PUT", target, body=b"wor", host="localhost")
    message = json.loads(body)["error"]["message"]
    assert (status, message) == (400, "the file has 3 bytes and was declared with 5")
    assert (await ask(services.router, "PUT", target, body=b"words", host="localhost"))[0] == 200
    assert (await own(services, {"id": file_id}))[2] == b"words"


async def test_a_url_for_one_file_fills_no_other(services: Services) -> None:
    first, _ = await announced(services)
    _, target = await announced(services)
    forged = f"{UPLOAD}/{first}?{target.partition('?')[2]}"
    status, _, body = await ask(services.router, "PUT", forged, body=b"words", host="localhost")
    assert (status, code(body)) == (403, "forbidden")
    read = f"/api/chatkit/files/{first}?{target.partition('?')[2]}"
    assert (await get(services, read))[0] == 403


async def test_many_uploads_of_one_file_at_once_leave_one_whole_file(services: Services) -> None:
    size = PIECE_BYTES + 10
    file_id, target = await announced(services, size=size)
    contents = [bytes([48 + number]) * size for number in range(50)]
    answers = await asyncio.gather(
        *(
            ask(services.router, "PUT", target, body=content, host="localhost")
            for content in contents
        )
    )
    statuses = {status for status, _, _ in answers}
    assert 200 in statuses
    assert statuses <= {200, 409, 503}  # 503: more at once than one user may have
    assert (await own(services, {"id": file_id}))[2] in contents
    assert await rows(services) == (1, 2)


async def test_a_signed_body_that_was_exchanged_is_not_stored(services: Services) -> None:
    file_id, target = await announced(services)
    path = target.partition("?")[0]

    def signed(body: bytes) -> dict[str, str]:
        headers = sign(
            SIGNING,
            user_id="ada",
            timestamp=f"{time.time():.6f}",
            method="PUT",
            target=path,
            body=body,
        )
        return {name.lower().replace("-", "_"): text for name, text in headers.items()}

    answer = await ask(services.router, "PUT", path, body=b"other", host="x", **signed(b"words"))
    assert answer[0] == 401
    assert await rows(services) == (1, 0)
    answer = await ask(services.router, "PUT", path, body=b"words", host="x", **signed(b"words"))
    assert answer[0] == 200
    assert (await own(services, {"id": file_id}))[2] == b"words"


async def test_other_pages_may_upload_as_the_settings_have_it(services: Services) -> None:
    for origin, allowed in (("https://friend.example", True), ("https://evil.example", False)):
        _, headers, _ = await ask(
            services.router,
            "OPTIONS",
            UPLOAD,
            host="localhost",
            origin=origin,
            access_control_request_method="PUT",
            access_control_request_headers="content-type",
        )
        assert ("access-control-allow-origin" in headers) is allowed
        if allowed:
            assert "PUT" in headers["access-control-allow-methods"]
