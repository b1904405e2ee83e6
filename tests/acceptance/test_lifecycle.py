"""Starting, stopping, being killed and starting again: what an operator does to the process."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.acceptance.conftest import provider
from tests.acceptance.server import COMMAND, ROOT, SECRET, ServerProcess, delta_of, said
from tests.model_server import ModelServer
from tests.model_steps import Pause, Step
from tests.store.embedded_servers import copy

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: What kill -9 may cost, in seconds of text.
LOST_S: Final = 1.0
MORE_S: Final = 1.5


def paced(words: int) -> list[Step]:
    """A long answer, a word each twentieth of a second."""
    return [step for place in range(words) for step in (f"word{place} ", Pause(0.05))]


async def test_what_was_said_survives_a_kill_a_shutdown_and_restarts(
    data_dir: Path, model: ModelServer
) -> None:
    variables = {**provider(model), "DATA_DIR": str(data_dir), "GUESTS": "on"}
    async with ServerProcess(variables) as server:
        token = await server.guest()
        await server.post("/api/tasks", token, json={"title": "Buy groceries"})
        model.script("Before.")
        thread_id = (await server.say("First", token)).thread_id
        model.script(*paced(400))
        message_id, safe = await killed_in_mid_answer(server, token, thread_id)

    async with ServerProcess(variables) as server:
        stored = await server.texts(thread_id, token)
        assert stored[:3] == ["First", "Before.", "Second"]
        (partial,) = stored[3:]
        assert partial.startswith(safe)
        assert await server.tasks(token) == [("Buy groceries", False)]

        # The answer was interrupted, which the next one is told; and the thread is usable.
        model.script("After.")
        after = await server.say("Third", token, thread_id)
        assert after.text == "After."
        told = [message["content"] for message in model.requests[-1].body["messages"]]
        assert told[-2] == partial
        assert "interrupted" in told[-1]
        assert told[-1].endswith("Third")

        # What was asked before can be asked again, in place of what was interrupted.
        model.script("Second answer.")
        retry = {"thread_id": thread_id, "item_id": message_id}
        await server.chat("threads.retry_after_item", retry, token)
        expected = ["First", "Before.", "Second", "Second answer."]
        assert await server.texts(thread_id, token) == expected

        await stopped_in_mid_answer(server, token, thread_id, model)
        assert "Traceback" not in server.stderr

    async with ServerProcess(variables) as server:  # the guest's token still holds, too
        assert await server.texts(thread_id, token) == [*expected, "Fourth", "Nearly done."]
        thread = await server.read("threads.get_by_id", token, thread_id=thread_id)
        assert thread["title"] == "First"
        assert await server.tasks(token) == [("Buy groceries", False)]
        assert await server.stop(signal.SIGINT) == 0


async def killed_in_mid_answer(
    server: ServerProcess, token: str, thread_id: str
) -> tuple[str, str]:
    """The id of the message, and the text that must have survived."""
    params = {"thread_id": thread_id, "input": said("Second")}
    received: list[tuple[float, str]] = []
    message_id = ""
    with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 - wherever the cut is noticed
        async with server.stream("threads.add_user_message", params, token) as events:
            async for event in events:
                now = time.monotonic()
                if event["type"] == "thread.item.done":
                    message_id = event["item"]["id"]
                received.append((now, delta_of(event)))
                if now - received[0][0] > LOST_S + MORE_S:
                    await server.kill()
    killed_at = received[-1][0]
    safe = "".join(text for at, text in received if at <= killed_at - LOST_S)
    assert safe
    return message_id, safe


async def stopped_in_mid_answer(
    server: ServerProcess, token: str, thread_id: str, model: ModelServer
) -> None:
    """SIGTERM: the answer may end, nothing new is begun, and the exit code is 0."""
    rest = asyncio.Event()
    model.script("Nearly ", rest, "done.")
    params = {"thread_id": thread_id, "input": said("Fourth")}
    text = ""
    async with server.stream("threads.add_user_message", params, token) as events:
        async for event in events:
            text += delta_of(event)
            if text == "Nearly " and not rest.is_set():
                stopping = asyncio.create_task(server.stop(signal.SIGTERM))
                await until_unavailable(server)
                refused = await server.ask("threads.create", {"input": said("Late")}, token)
                assert refused.status_code == 503
                assert refused.json()["error"]["code"] == "unavailable"
                rest.set()
    assert text == "Nearly done."
    assert await stopping == 0


async def until_unavailable(server: ServerProcess) -> None:
    async with asyncio.timeout(30):
        while (await server.get("/api/chatkit/health")).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    health = await server.get("/api/chatkit/health")
    assert health.status_code == 503
    assert health.json() == {"status": "unavailable", "service": "chatkit"}


async def test_messages_to_a_server_and_to_one_on_a_copy_of_its_directory_never_mix(
    data_dir: Path,
) -> None:
    original, duplicate = data_dir.with_name("my data"), data_dir.with_name("my data copy")
    async with ServerProcess(DATA_DIR=str(original)) as first:
        token = await first.guest()
        copy(original, duplicate)
        async with ServerProcess(DATA_DIR=str(duplicate)) as second:
            servers = [first, second] * 10
            # All at once, so that both servers open more connections to their databases.
            answers = await asyncio.gather(*(server.say("Hello", token) for server in servers))
            for server in (first, second):
                listed = await server.read("threads.list", token, limit=100)
                assert {thread["id"] for thread in listed["data"]} == {
                    answer.thread_id
                    for answer, asked in zip(answers, servers, strict=True)
                    if asked is server
                }
        # The end of the other server takes nothing from this one.
        answers = await asyncio.gather(*(first.say("Hello", token) for _ in range(10)))
        assert all(answer.text for answer in answers)


WRONG: Final = {
    "BETTER_AUTH_SECRET": "short",
    "PORT": "abc",
    "MCP_SERVERS": "broken",
    "DATABASE_URL": "postgresql://nobody:hidden-password@127.0.0.1:1/nothing",
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_bad_variable_stops_the_start_with_one_sentence(name: str, data_dir: Path) -> None:
    variables = {"DATA_DIR": str(data_dir), name: WRONG[name]}
    async with aclosing(ServerProcess(variables)) as server:
        assert await server.wait() == 1
        (sentence,) = server.stderr.splitlines()
        assert name in sentence
        assert sentence.endswith(".")
        assert "hidden-password" not in sentence
        assert server.stdout == ""
    assert begun_in(data_dir) == []  # nothing is begun for a start that cannot succeed


def begun_in(data_dir: Path) -> list[Path]:
    return [*data_dir.parent.iterdir()]


@pytest.fixture
async def socket_path() -> AsyncIterator[Path]:
    """Short, because a unix socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ck-") as place:
        yield Path(place) / "chat.sock"


async def test_plain_uvicorn_serves_the_same_application_on_a_socket_below_a_prefix(
    socket_path: Path, model: ModelServer, database_url: str
) -> None:
    options = ("--uds", str(socket_path), "--root-path", "/assistant", "--app-dir", str(ROOT))
    async with ServerProcess(
        provider(model),
        command=(sys.executable, "-m", "uvicorn", "app:app", *options),
        ready=re.compile("Uvicorn running on unix socket"),
        uds=socket_path,
        DATABASE_URL=database_url,
        BETTER_AUTH_SECRET=SECRET,
    ) as server:
        assert (await server.get("/api/chatkit/health")).json()["status"] == "ok"
        token = server.jwt("ada")
        answer = await server.say("3 words", token)
        assert answer.text == "word0 word1 word2 "
        page = await server.get("/")
        assert page.status_code == 200
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert not path.startswith("/")  # relative, so that it works below the prefix
            assert (await server.get(f"/{path}")).status_code == 200
        assert (await server.post("/api/auth/guest")).status_code == 403
        assert (await server.get("/nothing")).status_code == 404
        await server.stop()
        assert "Traceback" not in server.stderr


async def test_a_low_soft_limit_of_open_files_keeps_no_client_out(data_dir: Path) -> None:
    command = ("sh", "-c", 'ulimit -S -n 128; exec "$0" "$@"', *COMMAND)
    async with ServerProcess({"DATA_DIR": str(data_dir)}, command=command) as server:
        url = httpx.URL(server.url)
        idle = [await asyncio.open_connection(url.host, url.port) for _ in range(200)]
        try:
            answer = await server.request("GET", "/api/chatkit/health")
        finally:
            for _, writer in idle:
                writer.close()
    assert answer.status_code == 200
