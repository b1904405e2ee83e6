"""What requests leave in the audit log, through the router, into a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chatkit.access.audit import AuditEntry, AuditEvent
from chatkit.edge import audit
from chatkit.edge.asgi import HttpRequest, Reply
from chatkit.edge.audit import MAX_CALLERS, MAX_WAITING, Auditor
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Route, Router, answering
from chatkit.protocol.errors import (
    Forbidden,
    NotFound,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)
from chatkit.todo.changes import THE_USER, Author, TaskChange
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
    async def act(request: HttpRequest) -> Reply:
        request.trail.user_id = request.header("x-user")
        match request.params["what"]:
            case "delete":
                request.trail.events.append(AuditEvent("thread.delete", "thread", "thr_1"))
            case "guest":
                request.trail.events.append(AuditEvent("guest.issue"))
            case "missing":
                raise NotFound("thread")
            case "forbidden":
                raise Forbidden("not yours")
            case "stranger":
                raise Unauthorized("no")
            case "flood":
                raise TooMany("slow down", retry_after_s=1)
            case "hoard":
                raise TooLarge("too many files", code="storage_full")
            case "large":
                raise TooLarge("too large a file")
            case "chat":  # told in the stream, with a 200
                request.trail.events.append(AuditEvent("limit.hit"))
            case "late":
                request.trail.events.append(AuditEvent("session.open", "chat session", "s1"))
                raise Unavailable("away")
            case "turn":

                async def delete() -> None:
                    by = Author(kind="model", thread_id="thr_1", turn_id="trn_1")
                    change = TaskChange(
                        task_id="t1", before={"title": "tea"}, after=None, author=by
                    )
                    auditor.note_change("ada", change)

                await asyncio.create_task(delete())
            case "change":
                by = Author(kind="model", thread_id="thr_1", turn_id="trn_1")
                before, after = {"title": "tea"}, {"title": "milk"}
                change = TaskChange(task_id="t1", before=before, after=after, author=by)
                auditor.note_change("ada", change)
                auditor.note_change("ada", replace(change, author=THE_USER))
            case "refused":
                request.trail.events.append(AuditEvent("task.delete", "task", "x" * 5000))
                raise NotFound("task")
        return Reply(200, b"")

    handler = auditor.with_audit_origin(answering(act))
    return Router([Route("/{what}", {"POST": handler})], note=auditor.note)


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    database = await Database.connect(database_url, max_connections=2)
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
            "detail": None,
        }
    ]


async def test_a_deed_whose_answer_failed_is_told_with_the_error(site: Site) -> None:
    await site.visit("late", x_user="ada")
    (row,) = await site.rows()
    assert (row["action"], row["outcome"]) == ("session.open", "unavailable")


async def test_a_deletion_of_a_turn_is_told_with_where_its_message_came_from(site: Site) -> None:
    await site.visit("turn", x_forwarded_for="192.0.2.1")
    (row,) = await site.rows()
    assert (row["target_id"], row["client_ip"], row["request_id"]) == ("t1", "192.0.2.1", "trn_1")


async def test_deeds_that_were_refused_are_told_as_one_row_for_each_caller(site: Site) -> None:
    for user, times in (("ada", 500), ("bob", 3)):
        for _ in range(times):
            await site.visit("refused", x_user=user)
    rows = await site.rows()
    assert [(row["user_id"], row["action"], row["outcome"], row["times"]) for row in rows] == [
        ("ada", "task.delete", "not_found", 1),
        ("bob", "task.delete", "not_found", 1),
        ("ada", "task.delete", "not_found", 499),
        ("bob", "task.delete", "not_found", 2),
    ]
    assert {row["target_id"] for row in rows} == {"x" * 255}


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
        ("limit.hit", "ada", "rate_limited", 1),
        ("limit.hit", "bob", "rate_limited", 1),
        ("limit.hit", "ada", "rate_limited", 500),
        ("limit.hit", "bob", "rate_limited", 2),
    ]


async def test_a_full_storage_is_a_limit_that_was_hit_and_a_large_file_is_none(site: Site) -> None:
    await site.visit("hoard", x_user="ada")
    await site.visit("hoard", x_user="ada")
    await site.visit("large", x_user="ada")
    rows = await site.rows()
    assert {(row["user_id"], row["action"], row["outcome"], row["times"]) for row in rows} == {
        ("ada", "limit.hit", "storage_full", 1)
    }
    assert len(rows) == 2


async def test_a_flood_from_everywhere_takes_a_bounded_number_of_rows(site: Site) -> None:
    for number in range(3 * MAX_CALLERS):
        ip = f"192.0.{number // 250}.{number % 250 + 1}"
        await site.visit("stranger", authorization="Bearer x", x_forwarded_for=ip)
        await site.visit("guest", x_user=f"guest_{number}", x_forwarded_for=ip)
    rows = await site.rows()
    assert len(rows) == 2 * (MAX_CALLERS + 2)
    assert sum(row["times"] for row in rows) == 6 * MAX_CALLERS
    others = [row for row in rows if row["outcome"] == "several"]
    assert [(row["action"], row["user_id"], row["client_ip"], row["times"]) for row in others] == [
        ("sign_in.fail", None, None, 1),
        ("guest.issue", None, None, 1),
        ("sign_in.fail", None, None, 2 * MAX_CALLERS - 1),
        ("guest.issue", None, None, 2 * MAX_CALLERS - 1),
    ]


async def test_addresses_of_one_network_are_one_caller(site: Site) -> None:
    for number in range(2 * MAX_CALLERS):
        ip = f"2001:db8:1:2::{number + 1:x}"
        await site.visit("stranger", authorization="Bearer x", x_forwarded_for=ip)
    await site.visit("stranger", authorization="Bearer x", x_forwarded_for="2001:db8:1:3::1")
    rows = await site.rows()
    assert [(row["client_ip"], row["times"]) for row in rows] == [
        ("2001:db8:1:2::1", 1),
        ("2001:db8:1:3::1", 1),
        ("2001:db8:1:2::2", 2 * MAX_CALLERS - 1),
    ]


async def test_what_is_forbidden_is_told_with_its_path(site: Site) -> None:
    await site.visit("forbidden", x_user="ada")
    (row,) = await site.rows()
    assert (row["user_id"], row["action"], row["target_id"], row["outcome"]) == (
        *("ada", "access.refuse", "/forbidden", "forbidden"),
    )


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

    def read(self, **_: Any) -> AsyncIterator[dict[str, Any]]:
        raise Unavailable("away")

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
    for _ in range(MAX_WAITING + 3):
        await call(router, "POST", "/delete")
    log.back.set()
    await auditor.close()
    assert len(log.written) == MAX_WAITING
    assert "3 entries of the audit log were lost" in caplog.text


async def test_the_end_of_the_server_does_not_wait_for_a_database_that_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    auditor, _ = failing()
    await call(build(auditor), "POST", "/delete")
    await asyncio.wait_for(auditor.close(), 5)
    assert "1 entries of the audit log could not be written" in caplog.text


@asynccontextmanager
async def asking(database_url: str) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """The application, asked by one guest from 192.0.2.7; each answer's JSON. What is counted is
    written at the end."""
    async with running(database_url, GUESTS="on", TRUSTED_PROXIES="127.0.0.1") as services:
        place = {"x_forwarded_for": "192.0.2.7", "x_request_id": "req1"}
        guest = (await call(services.router, "POST", "/api/auth/guest", **place)).json()

        async def ask(method: str, path: str, body: object = b"", token: str = "") -> Any:
            fields = {
                **place,
                "authorization": f"Bearer {token or guest['token']}",
                "content_type": "application/json",
                "accept": "application/json",
            }
            answer = await call(services.router, method, path, body=body, **fields)
            assert answer.status < 500
            is_json = answer.headers.get("content-type") == "application/json"
            return answer.json() if is_json else None

        yield ask


def chat(kind: str, **params: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/api/chatkit", {"type": kind, "params": params}


def said(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"content": content, "attachments": [], "inference_options": {}}


async def written(database_url: str) -> list[dict[str, Any]]:
    """What is in the log beside the guest's coming."""
    database = await Database.connect(database_url, max_connections=1)
    rows = await database.fetch("SELECT * FROM audit_log WHERE action <> 'guest.issue' ORDER BY id")
    await database.close()
    return [dict(row) for row in rows]


async def test_the_application_writes_what_its_routes_do(database_url: str) -> None:
    async with asking(database_url) as ask:
        task = await ask("POST", "/api/tasks", {"title": "tea"})
        await ask("DELETE", f"/api/tasks/{task['id'].upper()}")
        first, second = [await ask("POST", "/api/chatkit/session") for _ in range(2)]
        await ask("DELETE", f"/api/chatkit/session/{first['id']}")
        await ask("DELETE", "/api/chatkit/session", token=second["client_secret"])
        await ask("DELETE", "/api/chatkit/session")
        await ask(*chat("threads.create", input=said("hi")))
        thread_id = (await ask(*chat("threads.list")))["data"][0]["id"]
        await ask(*chat("threads.delete", thread_id=thread_id))
        file = {"name": "a.txt", "size": 5, "mime_type": "text/plain"}
        file_id = (await ask(*chat("attachments.create", **file)))["id"]
        await ask(*chat("attachments.delete", attachment_id=file_id))
        await ask("GET", "/api/tasks", token="garbage")
    rows = await written(database_url)
    assert [(row["action"], row["target_kind"], row["target_id"]) for row in rows] == [
        ("task.delete", "task", task["id"]),
        ("session.open", "chat session", first["id"]),
        ("session.open", "chat session", second["id"]),
        ("session.revoke", "session", first["id"]),
        ("session.revoke", "session", second["id"]),
        ("session.revoke", "every chat session", None),
        ("thread.delete", "thread", thread_id),
        ("attachment.delete", "attachment", file_id),
        ("sign_in.fail", None, None),
    ]
    *events, failure = rows
    assert {row["user_id"] for row in events} == {first["user_id"]}
    assert {row["outcome"] for row in events} == {"ok"}
    assert (failure["user_id"], failure["outcome"]) == (None, "unauthorized")
    assert {row["client_ip"] for row in rows} == {"192.0.2.7"}


async def test_the_application_writes_what_it_refused(database_url: str) -> None:
    async with asking(database_url) as ask:
        for missing in ("thr_x", "00000000-0000-4000-8000-000000000000"):
            await ask("DELETE", f"/api/tasks/{missing}")
            await ask("DELETE", f"/api/chatkit/session/{missing}")
            await ask(*chat("threads.delete", thread_id=missing))
            await ask(*chat("attachments.delete", attachment_id=missing))
    rows = await written(database_url)
    second = "00000000-0000-4000-8000-000000000000"
    deeds = ("attachment.delete", "session.revoke", "task.delete", "thread.delete")
    told = sorted((row["action"], row["target_id"], row["times"]) for row in rows)
    assert told == sorted((deed, target, 1) for deed in deeds for target in ("thr_x", second))
    assert {row["outcome"] for row in rows} == {"not_found"}


async def test_deletions_by_agents_and_by_cards_are_told(database_url: str) -> None:
    async with asking(database_url) as ask:
        first, second = [
            (await ask("POST", "/api/tasks", {"title": title}))["id"] for title in ("tea", "milk")
        ]
        named = {"name": "delete_task", "arguments": {"task_id": first}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": named}
        await ask("POST", "/mcp", body)
        await ask(*chat("threads.create", input=said("hi")))
        thread_id = (await ask(*chat("threads.list")))["data"][0]["id"]
        action = {"type": "task.delete", "payload": {"task_id": second}}
        await ask(*chat("threads.custom_action", thread_id=thread_id, action=action))
    by_agent, by_card = await written(database_url)
    for row, target in ((by_agent, first), (by_card, second)):
        assert (row["action"], row["target_id"], row["outcome"]) == ("task.delete", target, "ok")
        assert (row["client_ip"], row["request_id"]) == ("192.0.2.7", "req1")


async def test_what_a_model_changed_is_told_with_before_and_after(site: Site) -> None:
    await site.visit("change", x_user="ada")
    await site.auditor.close()
    (row,) = await site.database.fetch(
        "SELECT user_id, action, target_id, request_id, detail FROM audit_log"
    )
    assert dict(row) == {
        "user_id": "ada",
        "action": "task.change",
        "target_id": "t1",
        "request_id": "trn_1",
        "detail": '{"by": "model", "after": {"title": "milk"}, "before": {"title": "tea"}}',
    }
