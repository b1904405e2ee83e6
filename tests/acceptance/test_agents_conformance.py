"""The MCP project's own conformance suite against /mcp: the scenarios that want no tools, resources
or prompts of its own.

Not run: `logging-set-level` and `completion-complete`, capabilities that the server does not
declare. The suite sends no credentials, so a proxy adds a user's.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import jwt
import pytest

from tests.acceptance.server import SECRET, ServerProcess

_HERE: Final = Path(__file__).with_name("mcp_conformance")
_BIN: Final = _HERE / "node_modules" / ".bin"

SCENARIOS: Final = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
)


@pytest.fixture(scope="session", autouse=True)
def packages() -> None:
    """The suite and the Node.js that it wants, installed once beside their lock file."""
    if shutil.which("npm") is None:
        pytest.skip("the suite wants npm")
    if not (_BIN / "conformance").exists():
        # With scripts: that of the package `node` puts its program in place.
        command = ["npm", "ci", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=_HERE, check=True, timeout=600)


@pytest.fixture
async def url(database_url: str) -> AsyncIterator[str]:
    """The address of /mcp, where every request is ada's."""
    async with ServerProcess(DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET) as server:
        port = int(server.url.rpartition(":")[2])
        token = jwt.encode({"sub": "ada", "exp": time.time() + 900}, SECRET, algorithm="HS256")

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
            fields = {
                name.lower(): value for name, _, value in (f.partition(b":") for f in head[1:])
            }
            body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
            fields |= {b"authorization": b"Bearer " + token.encode(), b"connection": b"close"}
            answer, request = await asyncio.open_connection("127.0.0.1", port)
            lines = [head[0], *(name + b": " + value.strip() for name, value in fields.items())]
            request.write(b"\r\n".join([*lines, b"", b""]) + body)
            writer.write(await answer.read())
            request.close()
            writer.close()

        proxy = await asyncio.start_server(forward, "127.0.0.1", 0)
        async with proxy:
            yield f"http://localhost:{proxy.sockets[0].getsockname()[1]}/mcp"


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_scenario_of_the_conformance_suite_holds(url: str, scenario: str) -> None:
    process = await asyncio.create_subprocess_exec(
        _BIN / "node",
        _BIN / "conformance",
        *("server", "--url", url, "--scenario", scenario),
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert b"0 failed" in said
