"""The short form of the fuzzing; `python -m tests.fuzz` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.runner import fuzz, fuzzed_server

CASES = 2000


async def test_nothing_on_the_socket_makes_the_server_fail(data_dir: Path) -> None:
    async with fuzzed_server(data_dir) as server:
        report = await fuzz(server, cases=CASES, seed=1)
    assert report.tried.total() == CASES
    assert report.failures == [], "\n".join(map(str, report.failures))
    assert report.statuses[200] > CASES // 20, report.statuses
