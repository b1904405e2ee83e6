"""Process 1 of a container waits for the orphans of others, and leaves its own children alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has subreapers")

#: A process that orphans go to, as they do to process 1.
PROGRAM = """
import asyncio, ctypes, subprocess
from chatkit.wiring import reaping

PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
reaping.LOOK_S = 0.05

async def main():
    working = asyncio.create_task(reaping.reap_orphans())
    for _ in range(5):
        subprocess.run(["/bin/sh", "-c", "sleep 0.2 & sleep 0.1 & true"], check=True)
    assert len(reaping._children()) == 10
    async with asyncio.timeout(20):
        own = await asyncio.create_subprocess_exec("/bin/sh", "-c", "sleep 0.5; exit 7")
        assert await own.wait() == 7
        while reaping._children():
            await asyncio.sleep(0.02)
    assert not working.done()

asyncio.run(main())
"""


def test_orphans_are_waited_for_and_own_children_keep_their_exit_code() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)
