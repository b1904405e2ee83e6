"""Fuzz the server's HTTP side, for as long as you like.

    .venv/bin/python -m tests.fuzz --cases 100000 --seed 1

Starts a server of its own on an empty embedded database. Prints how many cases were tried, what
was answered, each failure in its shortest form found, and the server's memory before and after.
A case follows from the seed and its number, but for the ids and credentials that it names. The
exit code is 1 when something failed.
"""

from __future__ import annotations

import argparse
import sys
import time

import uvloop

from tests.conftest import reachable_directory
from tests.fuzz.runner import Report, fuzz, fuzzed_server

#: What a server keeps for good once it is used (imports, pools, caches) is there after these.
_WARM_UP = 2000


async def _run(cases: int, seed: int) -> Report:
    with reachable_directory() as place:
        async with fuzzed_server(place / "data") as server:
            return await fuzz(
                server,
                cases=cases,
                seed=seed,
                warm_up=_WARM_UP if cases > 2 * _WARM_UP else 0,
                tell=lambda report: print(f"{report.tried.total()} cases", file=sys.stderr),
            )


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    report = uvloop.run(_run(given.cases, given.seed))
    seconds = time.monotonic() - began
    print(f"cases tried  {report.tried.total()} in {seconds:.0f} s, seed {given.seed}")
    for name, number in report.tried.most_common():
        print(f"  {name:<10} {number}")
    print("answers      " + ", ".join(f"{s}: {n}" for s, n in sorted(report.statuses.items())))
    print(f"memory       {report.mb_before:.1f} MB before, {report.mb_after:.1f} MB after")
    lines = report.log.splitlines()
    print(f"log          {len(lines)} lines")
    for line in lines[:20]:
        print(f"  {line}")
    print(f"failures     {len(report.failures)}")
    for failure in report.failures:
        print(f"  {failure}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
