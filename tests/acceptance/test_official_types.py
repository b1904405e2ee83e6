"""All that our server sends, read with the types of the official SDK and written again.

The SDK's import name is `chatkit` as ours is, so it runs in an environment of its own, which is
made once for this machine.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.server import ServerProcess, delta_of, said
from tests.model_server import ModelServer
from tests.model_steps import Status, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

_HERE: Final = Path(__file__).with_name("official")
_REQUIREMENTS: Final = _HERE / "requirements.txt"
_INSTALL: Final = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")

Sent = tuple[str, Any]


@pytest.fixture(scope="session")
def official_python() -> Path:
    """An interpreter that has the SDK. Its environment is kept beside the temporary files, and
    made anew when the pins change or an installation was broken off."""
    pins = sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"chatkit-official-{os.getuid()}-{pins}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise RuntimeError(f"{place} belongs to somebody else")
    python, complete = place / "bin" / "python", place / "complete"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers wait for the one that installs
        if not complete.exists():
            venv.create(place, with_pip=True)
            command = [str(python), *_INSTALL, "-r", str(_REQUIREMENTS)]
            subprocess.run(command, check=True, timeout=300)
            complete.touch()
    return python


def differences(python: Path, sent: Iterable[Sent]) -> list[tuple[Sent, list[str]]]:
    """What does not come back as it was sent, with the reasons."""
    given = list(sent)
    lines = "".join(json.dumps({"as": kind, "value": value}) + "\n" for kind, value in given)
    environ = {"PATH": os.environ["PATH"]}  # in particular no PYTHONPATH that leads to our package
    result = subprocess.run(
        [python, "-I", str(_HERE / "validate.py")],
        input=lines,
        capture_output=True,
        text=True,
        env=environ,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    judged = [json.loads(line) for line in result.stdout.splitlines()]
    return [(value, found) for value, found in zip(given, judged, strict=True) if found]


def sent_by(server: ServerProcess) -> list[Sent]:
    """Everything that was read from a server in this session."""
    events = [("event", json.loads(text)) for text in server.events]
    return events + [(kind, json.loads(text)) for kind, text in server.replies]


async def use_everything(server: ServerProcess, token: str) -> None:
    """Each request that is answered with a thread, an item or a page; of pages, two each."""
    first = await server.say("Show me my tasks", token)
    thread = first.thread_id
    await server.say("Add tea", token, thread)
    tag = {"type": "input_tag", "id": "t1", "text": "tea", "data": {"n": 1}, "group": "Tasks"}
    content = [{"type": "input_text", "text": "Mark this as done: "}, tag]
    given = {"content": content, "attachments": [], "quoted_text": "tea", "inference_options": {}}
    await server.chat("threads.add_user_message", {"thread_id": thread, "input": given}, token)
    await server.chat(
        "threads.retry_after_item", {"thread_id": thread, "item_id": first.message_id}, token
    )
    await server.say("Grüße 👋 世界 \u2028 <b>", token, thread)
    await server.say("Another thread", token)
    await server.read("threads.get_by_id", token, thread_id=thread)
    for order in ("asc", "desc"):
        threads = await server.read("threads.list", token, limit=1, order=order)
        await server.read("threads.list", token, limit=1, order=order, after=threads["after"])
        items = await server.read("items.list", token, thread_id=thread, limit=1, order=order)
        await server.read(
            "items.list", token, thread_id=thread, limit=1, order=order, after=items["after"]
        )
    await server.read("threads.update", token, thread_id=thread, title="Renamed")
    await server.read("threads.delete", token, thread_id=thread)


async def test_what_the_built_in_model_says_is_of_the_official_types(
    demo_server: ServerProcess, official_python: Path
) -> None:
    await use_everything(demo_server, await demo_server.guest())
    assert differences(official_python, sent_by(demo_server)) == []


async def test_what_a_provider_says_is_of_the_official_types(
    scripted_server: ServerProcess, official_python: Path, model: ModelServer
) -> None:
    server, token = scripted_server, scripted_server.jwt("typed")
    await use_everything(server, token)
    model.script("Before ", call("add_task", '{"title": "tea"}'))
    model.script("after.")
    tools = await server.say("Add tea", token)
    model.answer = lambda _: [Status(500)]
    failed = await server.say("Fail", token, tools.thread_id)
    assert failed.kinds[-1] == "error"
    model.script(call("write_draft", '{"title": "Mail", "text": "De'))
    model.script("Sorry.")
    broken = await server.say("Draft a mail", token, tools.thread_id)
    assert "thread.item.removed" in broken.kinds
    await refused_while_busy(server, model, token)
    seen = sent_by(server)
    assert {
        "thread.created",
        "thread.updated",
        "client_effect",
        "thread.item.removed",
        "error",
    } <= {value["type"] for kind, value in seen if kind == "event"}
    assert differences(official_python, seen) == []


async def refused_while_busy(server: ServerProcess, model: ModelServer, token: str) -> None:
    """A second message while an answer is read, and the thread as it is then."""
    model.answer = lambda _: ["one ", *(f"word{place} " for place in range(20))]
    model.pace_s = 0.05
    async with server.stream("threads.create", {"input": said("Slowly")}, token) as events:
        thread_id = ""
        async for event in events:
            if event["type"] == "thread.created":
                thread_id = event["thread"]["id"]
            if delta_of(event):
                break
        refused = await server.say("Quickly", token, thread_id)
        assert refused.kinds == ["error"]
        half = await server.read("threads.get_by_id", token, thread_id=thread_id)
        assert len(half["items"]["data"]) == 2
    stopped = await server.post(f"/api/chatkit/threads/{thread_id}/cancel", token)
    assert stopped.status_code == 200


async def test_a_difference_would_be_seen(official_python: Path) -> None:
    thread = {"id": "thr_1", "created_at": "2026-11-22T10:00:00Z", "status": {"type": "active"}}
    whole = {**thread, "metadata": {}, "items": {"data": [], "has_more": False}}
    cases: list[Sent] = [
        ("threads.get_by_id", whole),
        ("threads.get_by_id", {**whole, "owner": "ada"}),
        ("threads.get_by_id", thread),
        ("threads.get_by_id", {**whole, "created_at": "2026-11-22T10:00:00"}),
        ("event", {"type": "thread.made", "thread": whole}),
        ("items.list", {"data": [], "has_more": 0}),
    ]
    assert [value for value, _ in differences(official_python, cases)] == cases[1:]
