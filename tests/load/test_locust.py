"""Twenty seconds of people who chat, against the server as a process: nothing may fail."""

from __future__ import annotations

import asyncio
import csv
import sys
from pathlib import Path

from tests.acceptance.server import SECRET, ServerProcess
from tests.model_server import ModelServer

_FILE = Path(__file__).with_name("locustfile.py")


async def test_twenty_seconds_of_load_without_a_failure(database_url: str, tmp_path: Path) -> None:
    async with (
        ModelServer(pace_s=0.01) as model,
        ServerProcess(
            DATABASE_URL=database_url,
            MODEL="openai/scripted",
            TITLE_MODEL="demo/tasks",
            MODEL_API_BASE=model.api_base,
            MODEL_API_KEY="none",
            BETTER_AUTH_SECRET=SECRET,
            MAX_TURNS_PER_USER="50",
        ) as server,
    ):
        locust = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust", "-f", str(_FILE), "--host", server.url),
            *("--headless", "-u", "12", "-r", "6", "-t", "20s", "--stop-timeout", "20"),
            *("--only-summary", "--csv", str(tmp_path / "load")),
            env={"BETTER_AUTH_SECRET": SECRET},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(90):
            output, _ = await locust.communicate()
    assert locust.returncode == 0, output.decode()[-6000:]
    with (tmp_path / "load_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert {name: row["Failure Count"] for name, row in rows.items()} == dict.fromkeys(rows, "0")
    for name in ("threads.create", "threads.add_user_message", "threads.list", "items.list"):
        assert int(rows[name]["Request Count"]) > 0, name
    for name in (
        "left early",
        "come back",
        "follow again",
        "first delta",
        "longest stall",
        "complete",
    ):
        assert int(rows[name]["Request Count"]) > 0, name
