"""Calls that the user has allowed, while the server is killed: each runs once or not at all.

A kill interrupts five calls. `--schedules 800` kills forty times, a twentieth of the number.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.acceptance.server import SECRET, ServerProcess, said
from tests.model_server import ModelServer
from tests.model_steps import call

TOOLS: Final = Path(__file__).with_name("counting_tools.py")
#: Threads of one kill: as many answers as a user may have at once.
AT_ONCE: Final = 5
ALLOW: Final = {"status": "answered", "answers": {"allow": {"values": ["Once"]}}}


async def asked(server: ServerProcess, model: ModelServer, token: str, mark: str) -> dict[str, Any]:
    """The pending question of a new thread, about a call with the id `mark`."""
    model.script(call("counting_count", json.dumps({"id": mark})))
    answer = await server.chat("threads.create", {"input": said(f"Count {mark}")}, token)
    item = answer.done[-1]
    assert (item["type"], item["status"]) == ("structured_input", "pending")
    return item


async def allow(server: ServerProcess, item: dict[str, Any], token: str) -> None:
    """Answer the question, whatever becomes of the connection."""
    params = {"thread_id": item["thread_id"], "item_id": item["id"], "input": ALLOW}
    with contextlib.suppress(httpx.HTTPError):
        await server.chat("threads.add_structured_input", params, token)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("seed", range(metafunc.config.getoption("schedules") // 20))


async def test_an_allowed_call_runs_at_most_once_whenever_the_server_is_killed(
    seed: int, data_dir: Path, tmp_path: Path
) -> None:
    async with ModelServer() as model:
        await play(seed, data_dir, model, tmp_path)


async def play(seed: int, data_dir: Path, model: ModelServer, tmp_path: Path) -> None:
    chance = random.Random(seed)
    counted = tmp_path / "counted"
    counted.touch()
    entry = {"command": sys.executable, "args": [str(TOOLS), str(counted)], "account": "ours"}
    variables = {
        "DATA_DIR": str(data_dir),
        "BETTER_AUTH_SECRET": SECRET,
        "MODEL": "openai/scripted",
        "MODEL_API_BASE": model.api_base,
        "MODEL_API_KEY": "any",
        "TITLE_MODEL": "demo/tasks",
        "MCP_SERVERS": json.dumps({"mcpServers": {"counting": entry}}),
    }
    async with ServerProcess(variables) as server:
        token = server.jwt("ada")
        while "counting_count" not in (await server.get("/api/chatkit/tools", token)).text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        marks = [f"{seed}-{number}" for number in range(AT_ONCE)]
        items = [await asked(server, model, token, mark) for mark in marks]
        for _ in items:
            model.script("Counted.")
        answers = [asyncio.create_task(allow(server, item, token)) for item in items]
        await asyncio.sleep(chance.uniform(0.0, 0.4))
        await server.kill()
        await asyncio.gather(*answers)
    async with ServerProcess(variables) as server:
        token = server.jwt("ada")
        for item in items:  # a second click, after the restart
            model.script("Counted.")
            with contextlib.suppress(AssertionError):  # refused: it is not pending any more
                await allow(server, item, token)
        times = Counter(counted.read_text().split())
        assert set(times.values()) <= {1}, times
        for item in items:
            page = await server.read("items.list", token, thread_id=item["thread_id"], limit=100)
            assert "pending" not in [each.get("status") for each in page["data"]]
