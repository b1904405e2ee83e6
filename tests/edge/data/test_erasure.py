"""The end of all that a user has, and what the audit log keeps of it."""

from __future__ import annotations

import json
import time
from typing import Final

from app import Services
from tests.edge.data.client import EXPORT, Client
from tests.files import END, MULTIPART, PNG, part
from tests.harness import ask


async def audited(services: Services) -> list[tuple[str, str | None, str | None, str]]:
    """What is written of what was done with data, in order."""
    query = (
        "SELECT action, user_id, target_id, outcome FROM audit_log"
        " WHERE action LIKE 'data.%' ORDER BY id"
    )
    return [tuple(row) for row in await services.parts.database.fetch(query)]


async def test_erasure_leaves_nothing_of_the_user_and_all_of_the_others(
    services: Services, ada: Client, ben: Client
) -> None:
    for client in (ada, ben):
        form = part(PNG) + END
        for _ in range(2):
            answer = await client.ask("POST", "/api/chatkit/upload", form, content_type=MULTIPART)
        file_id = json.loads(answer[2])["id"]
        thread_id = await client.say("Add a new task: Buy milk", files=[file_id])
        items = await client.items(thread_id)
        await client.chat(
            "items.feedback", thread_id=thread_id, item_ids=[items[-1]["id"]], kind="positive"
        )
        assert (await client.ask("POST", "/api/chatkit/session"))[0] == 200
    before = await rows_of(services, "ben")
    for rows in (before, await rows_of(services, "ada")):
        assert {name for name, count in rows.items() if count == 0} <= SELDOM
    status, _, body = await ada.ask("DELETE", "/api/chatkit/me")
    assert (status, body) == (204, b"")
    assert set((await rows_of(services, "ada")).values()) == {0}
    after = await rows_of(services, "ben")
    assert {**after, **dict.fromkeys(SELDOM)} == {**before, **dict.fromkeys(SELDOM)}
    assert (await ada.ask("DELETE", "/api/chatkit/me"))[0] == 204
    assert await ada.threads() == []


#: Tables for what takes long, is read in other processes, or is signed.
SELDOM: Final = {"turn_followers", "turn_events", "used_signatures"}


#: The audit log stays, as long as it is kept.
KEPT: Final = {"audit_log"}


async def rows_of(services: Services, user_id: str) -> dict[str, int]:
    """How many rows of each table are the user's."""
    tables = await services.parts.database.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND column_name = 'user_id' ORDER BY 1"
    )
    return {
        row["table_name"]: await services.parts.database.fetchval(
            f"SELECT count(*) FROM {row['table_name']} WHERE user_id = $1",
            user_id,
        )
        for row in tables
        if row["table_name"] not in KEPT
    }


async def test_a_session_ends_with_the_erasure(services: Services, ada: Client) -> None:
    _, _, body = await ada.ask("POST", "/api/chatkit/session")
    secret = f"Bearer {json.loads(body)['client_secret']}"

    async def status() -> int:
        asked = ask(services.router, "GET", "/api/tasks", authorization=secret, host="localhost")
        return (await asked)[0]

    assert await status() == 200
    await ada.ask("DELETE", "/api/chatkit/me")
    assert await status() == 401


async def test_export_import_and_erasure_are_in_the_audit_log(
    services: Services, ada: Client
) -> None:
    thread_id = await ada.say("Hello")
    await ada.export()
    await ada.export(f"?thread_id={thread_id}")
    await ada.take(await ada.export())
    await ada.take(b"{")
    await ada.ask("DELETE", "/api/chatkit/me")
    for _ in range(3):
        await ada.ask("GET", f"{EXPORT}?thread_id=thr_none")
    await ada.ask("HEAD", EXPORT)
    expected = [
        ("data.export", "ada", None, "ok"),
        ("data.export", "ada", thread_id, "ok"),
        ("data.export", "ada", None, "ok"),
        ("data.import", "ada", None, "ok"),
        ("data.import", "ada", None, "invalid_json"),
        ("data.erase", "ada", None, "ok"),
        ("data.export", "ada", "thr_none", "not_found"),  # and its repetitions in a minute
    ]
    deadline = time.monotonic() + 30
    while (await audited(services)) != expected:  # written once a second
        assert time.monotonic() < deadline, await audited(services)
