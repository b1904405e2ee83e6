"""Agents of others at /mcp, with the MCP library's own client, and what each credential opens."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import httpx2
import jwt
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.acceptance.server import ServerProcess, delta_of, said
from tests.model_server import ModelServer

SECRET = "the secret that Better Auth and this server share"
FRIEND = "https://friend.example"


def user(name: str) -> str:
    return jwt.encode({"sub": name, "exp": time.time() + 900}, SECRET, algorithm="HS256")


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running server."""
    async with (
        ServerProcess(
            DATABASE_URL=database_url,
            BETTER_AUTH_SECRET=SECRET,
            ALLOWED_ORIGINS=FRIEND,
            MAX_BODY_BYTES="64 KiB",
        ) as server,
        httpx.AsyncClient(base_url=server.url, timeout=20, trust_env=False) as client,
    ):
        yield client


@asynccontextmanager
async def agent(
    http: httpx.AsyncClient, token: str, mode: Literal["auto", "legacy"] = "auto"
) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}) as transport,
        Client(
            streamable_http_client(f"{http.base_url}/mcp", http_client=transport), mode=mode
        ) as client,
    ):
        yield client


async def ask(client: Client, tool: str, **arguments: object) -> Any:
    result = await client.call_tool(tool, arguments)
    return json.loads(result.content[0].text)  # type: ignore[union-attr] # a tool here gives text


async def personal_token(http: httpx.AsyncClient, name: str, **body: object) -> str:
    answer = await http.post(
        "/api/chatkit/session", json={"scope": "mcp", **body}, headers=bearer(user(name))
    )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["client_secret"]
    return token


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


async def post(http: httpx.AsyncClient, body: object = LIST, **fields: str) -> httpx.Response:
    """A request by hand, with a good token unless `authorization` says otherwise."""
    headers = {
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        **bearer(user("ada")),
        **{name.replace("_", "-"): value for name, value in fields.items() if value},
    }
    for name in [name for name, value in fields.items() if not value]:
        del headers[name.replace("_", "-")]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await http.post("/mcp", content=content, headers=headers)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_agents_work_on_the_tasks_of_their_own_user(
    http: httpx.AsyncClient, mode: Literal["auto", "legacy"]
) -> None:
    ada, bob = await personal_token(http, "ada"), user("bob")
    async with agent(http, ada, mode) as of_ada, agent(http, bob, mode) as of_bob:
        tools = [tool.name for tool in (await of_ada.list_tools()).tools]
        assert tools == [
            "add_task",
            "list_tasks",
            "complete_task",
            "update_task",
            "delete_task",
            "undo",
        ]
        added = await ask(of_ada, "add_task", title="tea", user_id="bob")
        assert added["success"] is True
        answers = await asyncio.gather(
            *(ask(client, "list_tasks") for client in (of_ada, of_bob) * 10)
        )
        assert [[task["title"] for task in answer["tasks"]] for answer in answers] == [
            ["tea"],
            [],
        ] * 10
        missed = await ask(of_bob, "delete_task", task_id=added["task"]["id"])
        assert missed["success"] is False
        done = await ask(of_ada, "complete_task", task_id=added["task"]["id"][:8])
        assert done["task"]["completed"] is True
        resources = (await of_ada.list_resources()).resources
        assert [each.title for each in resources] == ["To-do list", "tea"]
    seen = await http.get("/api/tasks", headers=bearer(user("ada")))
    assert [task["title"] for task in seen.json()] == ["tea"]


async def test_only_a_user_and_a_personal_token_open_the_tools(http: httpx.AsyncClient) -> None:
    token = await personal_token(http, "ada")
    page = await http.post("/api/chatkit/session", headers=bearer(user("ada")))
    for authorization, status in (
        (f"Bearer {user('ada')}", 200),
        (f"Bearer {token}", 200),
        (f"Bearer {page.json()['client_secret']}", 403),
        (f"Bearer {token[:-1]}", 401),
        ("Bearer x", 401),
        ("", 401),
    ):
        answer = await post(http, authorization=authorization)
        assert answer.status_code == status, authorization
        if status == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"]["code"] == "unauthorized"
    revoked = await http.delete("/api/chatkit/session", headers=bearer(token))
    assert revoked.status_code == 204
    assert (await post(http, authorization=f"Bearer {token}")).status_code == 401


async def test_each_route_takes_the_sessions_that_it_should(http: httpx.AsyncClient) -> None:
    page = (await http.post("/api/chatkit/session", headers=bearer(user("ada")))).json()
    token = await personal_token(http, "ada")
    added = await http.post("/api/tasks", json={"title": "tea"}, headers=bearer(user("ada")))
    task = f"/api/tasks/{added.json()['id']}"
    thread = "/api/chatkit/threads/thr_0"
    for method, path, status in (
        ("POST", "/api/chatkit", 200),
        ("GET", f"{thread}/events", 404),
        ("POST", f"{thread}/cancel", 404),
        ("GET", "/api/tasks", 200),
        ("POST", "/api/tasks", 400),
        ("GET", task, 200),
        ("PUT", task, 400),
        ("PATCH", task, 400),
        ("PATCH", f"{task}/complete", 400),
        ("DELETE", task, 204),
        ("GET", "/api/chatkit/session", 403),
        ("POST", "/api/chatkit/session", 403),
        ("DELETE", f"/api/chatkit/session/{page['id']}", 403),
    ):
        body: object = {"type": "threads.list", "params": {}} if path == "/api/chatkit" else {}
        got = [
            (await http.request(method, path, json=body, headers=bearer(secret))).status_code
            for secret in (token, page["client_secret"])
        ]
        assert got == [403, status], f"{method} {path}"


async def test_an_answer_that_has_begun_outlives_the_session_that_asked_for_it(
    database_url: str,
) -> None:
    async with (
        ModelServer() as model,
        ServerProcess(
            DATABASE_URL=database_url,
            BETTER_AUTH_SECRET=SECRET,
            MODEL="openai/scripted",
            TITLE_MODEL="demo/tasks",
            MODEL_API_BASE=model.api_base,
            MODEL_API_KEY="x",
        ) as server,
    ):
        rest = asyncio.Event()
        model.script("Hel", rest, "lo")
        page = (await server.post("/api/chatkit/session", user("ada"))).json()
        secret = page["client_secret"]
        said_so_far = ""
        async with server.stream("threads.create", {"input": said("Hi")}, secret) as events:
            async for event in events:
                said_so_far += delta_of(event)
                if said_so_far and not rest.is_set():
                    ended = await server.request("DELETE", "/api/chatkit/session", secret)
                    assert ended.status_code == 204
                    assert (await server.get("/api/tasks", secret)).status_code == 401
                    rest.set()
        assert said_so_far == "Hello"


async def test_the_transport_keeps_to_its_rules(http: httpx.AsyncClient) -> None:
    for method in ("GET", "DELETE", "PUT"):
        answer = await http.request(method, "/mcp", headers=bearer(user("ada")))
        assert answer.status_code == 405
        assert answer.headers["allow"] == "OPTIONS, POST"
    greeting = await post(http, INITIALIZE)
    assert greeting.status_code == 200
    assert greeting.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in greeting.headers
    noted = await post(http, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (noted.status_code, noted.content) == (202, b"")
    assert (await post(http, content_type="text/plain")).status_code == 415
    assert (await post(http, accept="text/html")).status_code == 406
    assert (await post(http, b" " * 65_537)).status_code == 413


async def test_a_body_that_is_no_message_is_refused(http: httpx.AsyncClient) -> None:
    for body in (
        b"",
        b"{",
        b"\xff",
        b"[" * 60_000,
        [],
        [LIST],
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 1, "method": 7},
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "\\u0000"}}',
    ):
        for version in ("2025-06-18", "2026-07-28"):
            answer = await post(http, body, mcp_protocol_version=version)
            assert answer.status_code == 400, body
            assert answer.json()["error"]["code"] in ("invalid_json", "invalid_request")


async def test_no_answer_holds_the_text_of_an_exception(http: httpx.AsyncClient) -> None:
    for method, params in (
        ("tools/call", {"name": 7}),
        ("tools/call", {"name": "no_such_tool", "arguments": {}}),
        ("tools/call", {"name": "add_task", "arguments": "text"}),
        ("tools/call", {"name": "add_task", "arguments": {"title": {"a": 1}}}),
        ("tools/call", {"name": "list_tasks", "arguments": {"limit": 10**400}}),
        ("tools/list", {"cursor": 7}),
        ("no/such/method", {}),
        ("initialize", {}),
        ("subscriptions/listen", {}),
    ):
        for version in ("2025-06-18", "2026-07-28", "1999-01-01", ""):
            answer = await post(
                http,
                {"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
                mcp_protocol_version=version or "2025-03-26",
            )
            assert answer.status_code < 500
            told = answer.text.lower()
            for sign in ("traceback", "pydantic", "validation error", "input_value", ".py"):
                assert sign not in told


async def test_a_page_of_another_site_is_refused_whatever_it_holds(
    http: httpx.AsyncClient,
) -> None:
    own = http.base_url.netloc.decode()
    for origin, host, status in (
        (FRIEND, own, 200),
        (f"http://{own}", own, 200),
        ("http://localhost:6274", own, 200),
        ("http://127.0.0.1:1", "localhost", 200),
        ("https://evil.example", own, 403),
        ("http://rebound.example:8000", "rebound.example:8000", 403),
        ("http://localhost:6274", "rebound.example:8000", 403),
        ("null", own, 403),
        (f"{FRIEND}, {FRIEND}", own, 403),
    ):
        assert (await post(http, origin=origin, host=host)).status_code == status, origin
    # A proxy that ends TLS has vouched for the name.
    answer = await post(
        http,
        origin="https://chat.example",
        x_forwarded_for="203.0.113.7",
        x_forwarded_proto="https",
        x_forwarded_host="chat.example",
    )
    assert answer.status_code == 200
