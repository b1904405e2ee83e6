"""The README's examples do what it says."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from chatkit.protocol.jsontext import dumps
from tests.acceptance.server import ServerProcess

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    found = re.search(rf"^```{language} example\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


async def run(script: str, server: ServerProcess, directory: Path) -> bytes:
    """What a shell prints that runs it against a server."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-euc", script.replace("http://127.0.0.1:8000", server.url)),
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    return output


@pytest.mark.asyncio(loop_scope="session")
async def test_the_shell_example_adds_a_task(demo_server: ServerProcess, tmp_path: Path) -> None:
    output = await run(example("sh"), demo_server, tmp_path)
    assert b"thread.created" in output
    assert b'"name":"tasks/changed"' in output
    assert b'"title":"Buy groceries"' in output.rsplit(b"\n", 1)[-1]


@pytest.mark.asyncio(loop_scope="session")
async def test_the_example_of_taking_data_along_brings_it_back(
    demo_server: ServerProcess, tmp_path: Path
) -> None:
    output = await run(example("sh") + example("sh data"), demo_server, tmp_path)
    export = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    assert [task["title"] for task in export["tasks"]] == ["Buy groceries"]
    there = {"added": 0, "unchanged": 1}
    assert output.endswith(dumps({"threads": there, "tasks": there}).encode())


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
