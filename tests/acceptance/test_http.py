"""What every caller of the HTTP API sees: health, request ids, methods, and JSON for each error."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from tests.acceptance.server import ServerProcess, body_of, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

A_THREAD: Final = f"/api/chatkit/threads/thr_{'0' * 32}"
ALLOWED: Final = {
    "/": "GET, HEAD, OPTIONS",
    "/page/page.js": "GET, HEAD, OPTIONS",
    "/api/chatkit": "OPTIONS, POST",
    "/api/chatkit/": "OPTIONS, POST",
    "/api/chatkit/session": "DELETE, GET, HEAD, OPTIONS, POST",
    "/api/chatkit/health": "GET, HEAD, OPTIONS",
    f"{A_THREAD}/events": "GET, HEAD, OPTIONS",
    f"{A_THREAD}/cancel": "OPTIONS, POST",
    "/api/auth/guest": "OPTIONS, POST",
    "/api/tasks": "GET, HEAD, OPTIONS, POST",
    "/api/tasks/1": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
    "/api/tasks/1/complete": "OPTIONS, PATCH",
}


async def test_health_says_that_the_server_is_ready(demo_server: ServerProcess) -> None:
    answer = await demo_server.get("/api/chatkit/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "service": "chatkit"}
    head = await demo_server.request("HEAD", "/api/chatkit/health")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize("path", ALLOWED)
async def test_a_path_says_which_methods_it_answers(demo_server: ServerProcess, path: str) -> None:
    options = await demo_server.request("OPTIONS", path)
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == ALLOWED[path]
    for method in {"PATCH", "PUT", "DELETE", "TRACE"} - set(ALLOWED[path].split(", ")):
        refused = await demo_server.request(method, path)
        assert refused.status_code == 405, method
        assert refused.headers["allow"] == ALLOWED[path]
        assert refused.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api", "/api/chatkit/nothing", "/page/..%2f..%2fapp.py", "/page/", "//", "/%00"],
)
async def test_an_unknown_path_is_404_in_json(demo_server: ServerProcess, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await demo_server.request(method, path)
        assert answer.status_code == 404
        told = "no such path"
        assert answer.json() == {"message": told, "error": {"code": "not_found", "message": told}}


async def test_every_answer_has_an_id_and_a_callers_own_is_kept(
    demo_server: ServerProcess,
) -> None:
    server = demo_server
    token = await server.guest()
    given = [
        await server.get("/"),
        await server.get("/nothing"),
        await server.get("/api/tasks"),
        await server.post("/api/chatkit", token, json=body_of("threads.list", {})),
        await server.post(
            "/api/chatkit", token, json=body_of("threads.create", {"input": said("hello")})
        ),
    ]
    ids = [answer.headers["x-request-id"] for answer in given]
    assert all(ids)
    assert len(set(ids)) == len(ids)

    own = await server.get("/nothing", headers={"x-request-id": "mine-1.a_B"})
    assert own.headers["x-request-id"] == "mine-1.a_B"
    for other in ("with space", "x" * 65, "<script>"):
        answer = await server.get("/nothing", headers={"x-request-id": other})
        assert answer.headers["x-request-id"] not in (other, "")


async def test_the_log_has_the_id_of_a_request_and_no_secret(demo_server: ServerProcess) -> None:
    token = await demo_server.guest()
    await demo_server.get("/api/tasks?q=hidden", token, headers={"x-request-id": "find-me-7"})
    async with asyncio.timeout(10):  # it is written once the answer is out
        while "find-me-7" not in demo_server.stderr:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    (line,) = [line for line in demo_server.stderr.splitlines() if "find-me-7" in line]
    assert "GET /api/tasks 200" in line
    assert "hidden" not in demo_server.stderr
    assert token not in demo_server.stderr + demo_server.stdout


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"type": "threads.fly"}',
        b'{"type": "threads.get_by_id"}',
        b'{"type": "threads.get_by_id", "params": {"thread_id": 5}}',
        b'{"type": "threads.list", "params": {"limit": -1}}',
        b'{"type": "threads.create", "params": {}}',
        b"[" * 50_000,
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_a_request_that_cannot_be_read_is_400_in_json(
    demo_server: ServerProcess, body: bytes
) -> None:
    token = await demo_server.guest()
    answer = await demo_server.post("/api/chatkit", token, content=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"]
    assert error["message"]
    assert "Traceback" not in answer.text


async def test_a_body_above_the_limit_is_413(demo_server: ServerProcess) -> None:
    token = await demo_server.guest()
    answer = await demo_server.post("/api/chatkit", token, content=b" " * (2**20 + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
