"""The benchmarks run, and every answer under load is right. Times are printed, never judged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


async def test_the_short_form_gets_right_answers_from_the_server_and_the_floor() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench", "--short"),
        cwd=_ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(150):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    print(out.decode())
    for load in ("short turn", "200-delta burst", "paced stream", "read", "tool turn"):
        assert f"{load}: CPU ms" in out.decode()
