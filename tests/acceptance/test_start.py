"""A fresh start: what is loaded when."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import provider
from tests.acceptance.server import ServerProcess
from tests.model_server import ModelServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

#: Memory of a process without LiteLLM and of one with it, in MiB; it adds about 180.
_WITHOUT = 120
_WITH = 180


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


async def test_opening_the_page_and_a_chat_with_the_demo_load_no_litellm(data_dir: Path) -> None:
    async with ServerProcess(DATA_DIR=str(data_dir)) as server:
        await server.get("/")
        answer = await server.say("Add a new task: Buy groceries", await server.guest())
        assert "Buy groceries" in answer.text
        assert resident_mib(server.pid) < _WITHOUT


async def test_with_a_real_model_litellm_is_loaded_before_anybody_asks(data_dir: Path) -> None:
    async with ModelServer() as model, ServerProcess(provider(model), DATA_DIR=str(data_dir)) as up:
        async with asyncio.timeout(120):
            while resident_mib(up.pid) < _WITH:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
