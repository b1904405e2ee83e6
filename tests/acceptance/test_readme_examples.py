"""The README's examples do what it says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server import ServerProcess

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    found = re.search(rf"^```{language} example\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.asyncio(loop_scope="session")
async def test_the_shell_example_adds_a_task(demo_server: ServerProcess) -> None:
    script = example("sh").replace("http://127.0.0.1:8000", demo_server.url)
    process = await asyncio.create_subprocess_exec(
        "sh", "-euc", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert b"thread.created" in output
    assert b'"name":"tasks/changed"' in output
    assert b'"title":"Buy groceries"' in output.rsplit(b"\n", 1)[-1]


async def test_the_signing_example_is_accepted(data_dir: Path) -> None:
    secret = "a-secret-of-forty-characters-for-signing"
    names: dict[str, Any] = {}
    exec(example("python"), names)
    async with ServerProcess(DATA_DIR=str(data_dir), SIGNING_SECRET=secret) as server:
        body = b'{"title": "Signed"}'
        headers = names["sign"](secret, "ada", "POST", "/api/tasks", body)
        added = await server.http.post(f"{server.url}/api/tasks", content=body, headers=headers)
        assert (added.status_code, added.json()["title"]) == (201, "Signed")
        again = await server.http.post(f"{server.url}/api/tasks", content=body, headers=headers)
        assert again.status_code == 401
        headers = names["sign"](secret, "ada", "GET", "/api/tasks?limit=5")
        listed = await server.http.get(f"{server.url}/api/tasks?limit=5", headers=headers)
        assert [task["title"] for task in listed.json()] == ["Signed"]
