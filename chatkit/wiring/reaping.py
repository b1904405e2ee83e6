"""What process 1 of a container owes the others: the end of processes that lost their parent.

The children of a tool server that has ended become children of process 1. When they end, they stay
as zombies until it has waited for them.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

#: Interval between two looks, in seconds. A zombie of both is an orphan: our own children are
#: waited for as soon as they end.
LOOK_S: Final = 10.0


async def reap_orphans() -> None:
    """Wait for orphans that have ended, until cancelled. Linux only."""
    before: set[int] = set()
    while True:
        zombies = _zombies()
        for pid in zombies & before:
            _reap(pid)
        before = zombies - before
        await asyncio.sleep(LOOK_S)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _zombies() -> set[int]:
    """The children of this process that have ended and were not waited for."""
    return {pid for pid in _children() if _state(pid) == "Z"}


def _children() -> set[int]:
    pids: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread has ended
            pids.update(map(int, (task / "children").read_text().split()))
    return pids


def _state(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]
