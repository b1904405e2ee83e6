"""How fast the server is, beside the official parts and beside the libraries alone.

    .venv/bin/python -m tests.bench            all of it, some 15 minutes on two quiet cores
    .venv/bin/python -m tests.bench --short    a look at whether it runs, without the official parts

The official parts (FastAPI, openai-chatkit, openai-agents with its LiteLLM model, asyncpg) get an
environment of their own, made once in a cache directory from official/requirements.txt; the floor
is a throwaway of uvicorn, asyncpg, PyJWT and aiohttp. One PostgreSQL, the embedded one, holds a
database for each; one model server answers all. Every server is one process with one worker, is
warmed, and gets the same loads in turn with the others, several rounds of them, of which the
medians count.

The main figure is CPU time of the server process. Each answer is checked word by word, and a wrong
one ends the run with code 1. Results: the table, `figures.json` and `figures.png`, in --output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any, Final

import uvloop

from tests.bench import loads
from tests.bench.client import WrongAnswer
from tests.bench.loads import FULL, SHORT, Client, Sizes
from tests.bench.report import table
from tests.bench.servers import Ground, Kind, ground, kinds, official_environment

Figures = dict[str, dict[str, float]]

_HERE: Final = Path(__file__).parent


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def bench(ground_: Ground, wanted: list[Kind], sizes: Sizes, rounds: int) -> Figures:
    """All figures: for each server's name, value by the name of the figure."""
    figures: Figures = {}
    clients: list[Client] = []
    try:
        for kind in wanted:
            if sizes.memory_turns:  # so that its start is measured on a database that exists
                await (await ground_.start(kind)).stop()
            server = await ground_.start(kind)
            figures[kind.name] = {"ready s": server.ready_s, "MB at start": server.resident_mb()}
            clients.append(Client(ground_, server))
        for client in clients:
            await _warm(client, sizes)
            figures[client.server.kind.name]["MB after first turns"] = client.server.resident_mb()
        all_rounds: dict[str, list[dict[str, float]]] = {kind.name: [] for kind in wanted}
        for number in range(rounds):
            for client in clients:
                name = client.server.kind.name
                _note(f"round {number + 1} of {rounds}: {name}")
                all_rounds[name].append(await _round(client, sizes))
        for name, found in all_rounds.items():
            figures[name] |= {key: median(one[key] for one in found) for key in found[0]}
        for client in clients:
            await _at_the_limit(client, sizes, figures[client.server.kind.name])
    finally:
        for client in clients:
            client.close()
        await asyncio.gather(*(client.server.stop() for client in clients))
    return figures


async def _warm(client: Client, sizes: Sizes) -> None:
    count = sizes.low_load_turns
    await loads.turns(client, count, 4, "10 words", 10)
    if client.server.kind.has_tools:
        await loads.tool_turns(client, count, 4)


async def _round(client: Client, sizes: Sizes) -> dict[str, float]:
    figures: dict[str, float] = {}
    after_ms, behind_ms = await loads.first_delta(client, sizes.low_load_turns)
    figures |= {"first delta ms": after_ms, "behind the model ms": behind_ms}
    paced = f"{sizes.paced_deltas} paced words"
    found = {
        "short turn": await loads.turns(client, sizes.short_turns, 8, "10 words", 10),
        "200-delta burst": await loads.turns(client, sizes.burst_turns, 8, "200 words", 200),
        "paced stream": await loads.turns(client, sizes.paced_turns, 32, paced, sizes.paced_deltas),
        "read": await loads.reads(client, sizes.reads, 8),
    }
    if client.server.kind.has_tools:
        found["tool turn"] = await loads.tool_turns(client, sizes.tool_turns, 8)
    for name, measured in found.items():
        figures[f"{name}: CPU ms"] = measured.cpu_ms
        figures[f"{name}: p50 ms"] = measured.p50_ms
        figures[f"{name}: p99 ms"] = measured.p99_ms
    return figures


async def _at_the_limit(client: Client, sizes: Sizes, figures: dict[str, float]) -> None:
    """What fills a server comes last, so that it disturbs nothing."""
    name = client.server.kind.name
    if sizes.memory_turns:
        _note(f"memory: {name}")
        await loads.turns(client, sizes.memory_turns, 8, "10 words", 10)
        figures["MB after all turns"] = client.server.resident_mb()
    if sizes.streams:
        best = await loads.most_streams(
            client,
            sizes,
            lambda s: _note(
                f"{s.count} streams: {name}: 99 % within {s.p99_s * 1000:.0f} ms,"
                f" all within {s.worst_s * 1000:.0f} ms, {s.cpu_share:.2f} of a core"
            ),
        )
        figures["streams at 50 deltas/s"] = 0 if best is None else best.count
        if best is not None:
            figures["at that number: slowest delta ms"] = best.worst_s * 1000
            figures["at that number: share of a core"] = best.cpu_share


async def _run(given: argparse.Namespace, official: Path | None) -> Figures:
    wanted = [kind for kind in kinds(official) if given.only is None or kind.name in given.only]
    sizes = SHORT if given.short else FULL
    rounds = 1 if given.short else given.rounds
    async with ground([kind.name for kind in wanted]) as ground_:
        return await bench(ground_, wanted, sizes, rounds)


def main() -> int:
    """The exit code: 1 for a wrong answer."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatkit-bench"
    parser.add_argument("--short", action="store_true", help="tiny loads, without official parts")
    parser.add_argument("--rounds", type=int, default=3, help="how often each load runs (3)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of: ours official floor")
    parser.add_argument("--cache", type=Path, default=cache, help=f"for environments ({cache})")
    parser.add_argument("--output", type=Path, default=_HERE, help="for the figures (tests/bench)")
    given = parser.parse_args()
    wants_official = not given.short and (given.only is None or "official" in given.only)
    official = official_environment(given.cache) if wants_official else None
    figures: Figures = {}
    try:
        figures = uvloop.run(_run(given, official))
    except* WrongAnswer as wrong:
        _note(f"WRONG ANSWER: {_first(wrong)}")
    if not figures:
        return 1
    print(table(figures))
    if official is not None:
        given.output.mkdir(parents=True, exist_ok=True)
        data = given.output / "figures.json"
        data.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        picture = given.output / "figures.png"
        subprocess.run([official, _HERE / "official" / "draw.py", data, picture], check=True)
    return 0


def _first(wrong: BaseExceptionGroup[Any]) -> BaseException:
    inner = wrong.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


if __name__ == "__main__":
    sys.exit(main())
