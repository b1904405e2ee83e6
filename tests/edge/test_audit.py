"""What requests leave in the audit log, through the router, into a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from chatkit.edge import audit
from chatkit.edge.asgi import Reply, Request
from chatkit.edge.audit import MOST_CALLERS, MOST_WAITING, Auditor
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Route, Router, answering
from chatkit.protocol.audit import AuditEntry, Deed
from chatkit.protocol.errors import NotFound, TooLarge, TooMany, Unauthorized, Unavailable
from store.audit import AuditLog
from store.postgres import Database
from tests.edge.application import running
from tests.edge.calls import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A route that does what its path says, and the log."""

    router: Router
    auditor: Auditor
    database: Database

    async def visit(self, what: str, **fields: str) -> None:
        await call(self.router, "POST", f"/{what}", x_request_id="req1", **fields)

    async def rows(self) -> list[dict[str, Any]]:
        """What is in the log once all is written."""
        await self.auditor.close()
        found = await self.database.fetch("SELECT * FROM audit_log ORDER BY id")
        return [{name: text for name, text in row.items() if name != "id"} for row in found]


def build(auditor: Auditor) -> Router:
    async def act(request: Request) -> Reply:
        request.trail.user_id = request.header("x-user")
        match request.params["what"]:
            case "delete":
                request.trail.deeds.append(Deed("thread.delete", "thread", "thr_1"))
            case "guest":
                request.trail.deeds.append(Deed("guest.issue"))
            case "missing":
                raise NotFound("thread")
            case "stranger":
                raise Unauthorized("no")
            case "flood":
                raise TooMany("slow down", retry_after_s=1)
            case "hoard":
                raise TooLarge("too many files", code="storage_full")
            case "large":
                raise TooLarge("too large a file")
            case "chat":  # told in the stream, with a 200
                request.trail.deeds.append(Deed("limit.hit"))
            case "late":
                request.trail.deeds.append(Deed("session.open", "chat session", "s1"))
                raise Unavailable("away")
        return Reply(200, b"")

    return Router([Route("/{what}", {"POST": answering(act)})], note=auditor.note)


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    database = await Database.connect(database_url, most_connections=2)
    proxies = TrustedProxies.parse("127.0.0.1")
    auditor = Auditor(AuditLog(database), proxies=proxies, keep_days=90, now=lambda: NOW)
    yield Site(router=build(auditor), auditor=auditor, database=database)
    await database.close()


async def test_a_deed_is_told_with_who_when_and_from_where(site: Site) -> None:
    await site.visit("delete", x_user="ada", x_forwarded_for="192.0.2.1")
    assert await site.rows() == [
        {
            "at": NOW,
            "user_id": "ada",
            "action": "thread.delete",
            "target_kind": "thread",
            "target_id": "thr_1",
            "client_ip": "192.0.2.1",
            "request_id": "req1",
            "outcome": "ok",
            "times": 1,
        }
    ]


async def test_a_deed_whose_answer_failed_is_told_with_the_error(site: Site) -> None:
    await site.visit("late", x_user="ada")
    (row,) = await site.rows()
    assert (row["action"], row["outcome"]) == ("session.open", "unavailable")


async def test_what_changes_nothing_is_not_told(site: Site) -> None:
    await site.visit("read", x_user="ada")
    await site.visit("missing", x_user="ada")
    assert await site.rows() == []


@pytest.mark.parametrize(
    "credential",
    [
        {"authorization": "Bearer x"},
        {"cookie": "a=b; auth_token=x"},
        {"x_chatkit_signature": "v1=x"},
    ],
)
async def test_a_failed_sign_in_is_told_and_a_visit_without_a_credential_is_not(
    site: Site, credential: dict[str, str]
) -> None:
    await site.visit("stranger")
    await site.visit("stranger", cookie="theme=dark")
    await site.visit("stranger", **credential)
    (row,) = await site.rows()
    assert (row["action"], row["outcome"], row["client_ip"], row["times"]) == (
        "sign_in.fail",
        "unauthorized",
        "127.0.0.1",
        1,
    )


async def test_a_limit_is_told_as_one_row_for_each_caller(site: Site) -> None:
    for user, times in (("ada", 500), ("bob", 3)):
        for _ in range(times):
            await site.visit("flood", x_user=user)
    await site.visit("chat", x_user="ada")
    rows = await site.rows()
    assert [(row["action"], row["user_id"], row["outcome"], row["times"]) for row in rows] == [
        ("limit.hit", "ada", "rate_limited", 501),
        ("limit.hit", "bob", "rate_limited", 3),
    ]


async def test_a_full_storage_is_a_limit_that_was_hit_and_a_large_file_is_none(site: Site) -> None:
    await site.visit("hoard", x_user="ada")
    await site.visit("hoard", x_user="ada")
    await site.visit("large", x_user="ada")
    (row,) = await site.rows()
    assert (row["user_id"], row["action"], row["outcome"], row["times"]) == (
        "ada",
        "limit.hit",
        "storage_full",
        2,
    )


async def test_a_flood_from_everywhere_takes_a_bounded_number_of_rows(site: Site) -> None:
    for number in range(3 * MOST_CALLERS):
        ip = f"192.0.{number // 250}.{number % 250 + 1}"
        await site.visit("stranger", authorization="Bearer x", x_forwarded_for=ip)
        await site.visit("guest", x_user=f"guest_{number}", x_forwarded_for=ip)
    rows = await site.rows()
    assert len(rows) == 2 * (MOST_CALLERS + 1)
    assert sum(row["times"] for row in rows) == 6 * MOST_CALLERS
    others = [row for row in rows if row["outcome"] == "several"]
    assert [(row["action"], row["user_id"], row["client_ip"], row["times"]) for row in others] == [
        ("sign_in.fail", None, None, 2 * MOST_CALLERS),
        ("guest.issue", None, None, 2 * MOST_CALLERS),
    ]


class FailingLog:
    """A database that is away until `back` is set."""

    def __init__(self) -> None:
        self.back = asyncio.Event()
        self.tried = asyncio.Event()
        self.written: list[AuditEntry] = []

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        self.tried.set()
        if not self.back.is_set():
            raise Unavailable("away")
        self.written += entries

    async def sweep(self, keep_days: int) -> None:
        if not self.back.is_set():
            raise Unavailable("away")


def failing() -> tuple[Auditor, FailingLog]:
    log = FailingLog()
    proxies = TrustedProxies.parse("")
    return Auditor(log, proxies=proxies, keep_days=90, now=lambda: NOW), log


async def test_entries_wait_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "WRITE_S", 0.01)
    auditor, log = failing()
    router = build(auditor)
    running = asyncio.create_task(auditor.run())
    await call(router, "POST", "/delete", x_user="first")
    await asyncio.wait_for(log.tried.wait(), 5)
    await call(router, "POST", "/delete", x_user="second")
    log.back.set()
    async with asyncio.timeout(30):
        while len(log.written) < 2:  # noqa: ASYNC110 - what it waits for gives no sign
            await asyncio.sleep(0)
    assert [entry.user_id for entry in log.written] == ["first", "second"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_what_waits_is_bounded_and_what_is_lost_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    auditor, log = failing()
    router = build(auditor)
    for _ in range(MOST_WAITING + 3):
        await call(router, "POST", "/delete")
    log.back.set()
    await auditor.close()
    assert len(log.written) == MOST_WAITING
    assert "3 entries of the audit log were lost" in caplog.text


async def test_the_end_of_the_server_does_not_wait_for_a_database_that_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    auditor, _ = failing()
    await call(build(auditor), "POST", "/delete")
    await asyncio.wait_for(auditor.close(), 5)
    assert "1 entries of the audit log could not be written" in caplog.text


async def test_the_application_writes_what_its_routes_do(database_url: str) -> None:
    async with running(database_url) as services:

        async def ask(method: str, path: str, token: str = "", body: object = b"") -> Any:
            fields = {"authorization": f"Bearer {token}"} if token else {}
            answer = await call(services.router, method, path, body=body, **fields)
            assert answer.status != 500
            return answer.json() if answer.body else None

        guest = await ask("POST", "/api/auth/guest")
        token = guest["token"]
        task = await ask("POST", "/api/tasks", token, {"title": "tea"})
        await ask("DELETE", f"/api/tasks/{task['id']}", token)
        await ask("DELETE", f"/api/tasks/{task['id']}", token)  # it is gone: nothing was done
        first, second = [await ask("POST", "/api/chatkit/session", token) for _ in range(2)]
        await ask("DELETE", f"/api/chatkit/session/{first['id']}", token)
        await ask("DELETE", "/api/chatkit/session", second["client_secret"])
        await ask("DELETE", "/api/chatkit/session", token)
        said = {"content": [{"type": "input_text", "text": "hi"}], "attachments": []}
        create = {"type": "threads.create", "params": {"input": {**said, "inference_options": {}}}}
        await call(
            services.router, "POST", "/api/chatkit", body=create, authorization=f"Bearer {token}"
        )
        listed = await ask("POST", "/api/chatkit", token, {"type": "threads.list", "params": {}})
        thread_id = listed["data"][0]["id"]
        delete = {"type": "threads.delete", "params": {"thread_id": thread_id}}
        await ask("POST", "/api/chatkit", token, delete)
        await ask("GET", "/api/tasks", "garbage")
        await ask("GET", "/api/tasks")  # a visitor
    # The counts are written at the end, which is over.
    database = await Database.connect(database_url, most_connections=1)
    rows = await database.fetch("SELECT * FROM audit_log ORDER BY at, id")
    await database.close()
    assert [(row["action"], row["target_kind"], row["target_id"]) for row in rows] == [
        ("guest.issue", None, None),
        ("task.delete", "task", task["id"]),
        ("session.open", "chat session", first["id"]),
        ("session.open", "chat session", second["id"]),
        ("session.revoke", "session", first["id"]),
        ("session.revoke", "session", second["id"]),
        ("session.revoke", "every chat session", None),
        ("thread.delete", "thread", thread_id),
        ("sign_in.fail", None, None),
    ]
    assert [row["user_id"] for row in rows] == [guest["user_id"]] * 8 + [None]
    assert {row["client_ip"] for row in rows} == {"127.0.0.1"}


async def test_deletions_by_agents_and_by_cards_are_told(database_url: str) -> None:
    async with running(database_url) as services:
        guest = (await call(services.router, "POST", "/api/auth/guest")).json()
        bearer = {"authorization": f"Bearer {guest['token']}"}

        async def ask(path: str, body: object) -> Any:
            fields = {**bearer, "content_type": "application/json", "accept": "application/json"}
            answer = await call(services.router, "POST", path, body=body, **fields)
            assert answer.status < 300, answer.body
            return answer

        first, second = [
            (await ask("/api/tasks", {"title": title})).json()["id"] for title in ("tea", "milk")
        ]
        named = {"name": "delete_task", "arguments": {"task_id": first}}
        await ask("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": named})
        said = {"content": [{"type": "input_text", "text": "hi"}], "attachments": []}
        await ask("/api/chatkit", {"type": "threads.create", "params": {"input": said}})
        listed = await ask("/api/chatkit", {"type": "threads.list", "params": {}})
        action = {"type": "task.delete", "payload": {"task_id": second}}
        params = {"thread_id": listed.json()["data"][0]["id"], "action": action}
        await ask("/api/chatkit", {"type": "threads.custom_action", "params": params})
    database = await Database.connect(database_url, most_connections=1)
    rows = await database.fetch("SELECT * FROM audit_log WHERE action = 'task.delete' ORDER BY id")
    await database.close()
    assert [(row["target_id"], row["user_id"], row["outcome"]) for row in rows] == [
        (first, guest["user_id"], "ok"),
        (second, guest["user_id"], "ok"),
    ]
