"""`python app.py COMMAND`, beside a running server and alone."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from store.migrate import MIGRATIONS, VERSION
from store.postgres import Database
from tests.acceptance.server import COMMAND, SECRET, ServerProcess

_FIRST: Final = Path(__file__).parents[1] / "store" / "schema_1_0.sql"


async def run(*words: str, **variables: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command, in an empty environment."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *words,
        env={"PATH": os.environ["PATH"], **variables},
        cwd=variables.get("DATA_DIR", "/"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert b"Traceback" not in errors, errors.decode()
    return process.returncode or 0, output.decode(), errors.decode()


async def test_help_and_version_need_no_configuration() -> None:
    code, output, _ = await run("--help", PORT="nonsense")
    assert code == 0
    for word in ("audit", "migrate", "Without a command the server starts"):
        assert word in " ".join(output.split())
    code, output, _ = await run("--version")
    assert (code, output.split()[0]) == (0, "chatkit")


@pytest.mark.parametrize("words", [("nonsense",), ("audit", "--since", "soon"), ("--nonsense",)])
async def test_an_unknown_word_is_refused_with_code_2(words: tuple[str, ...]) -> None:
    code, output, errors = await run(*words)
    assert (code, output) == (2, "")
    assert "usage: app.py" in errors


async def test_what_cannot_be_done_is_one_sentence() -> None:
    code, output, errors = await run("audit", DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert (code, output, errors.count("\n")) == (1, "", 1)
    code, _, errors = await run("audit", PORT="nonsense")
    assert code == 1
    assert "PORT" in errors


async def test_the_log_of_the_embedded_database_is_read_beside_its_server_and_without(
    data_dir: Path,
) -> None:
    place = {"DATA_DIR": str(data_dir)}
    async with ServerProcess(place) as server:
        guest = await server.guest()
        added = await server.post("/api/tasks", guest, json={"title": "tea"})
        await server.request("DELETE", f"/api/tasks/{added.json()['id']}", guest)
        rows: list[dict[str, object]] = []
        async with asyncio.timeout(20):
            while len(rows) < 2:  # it is written within a second
                _, output, _ = await run("audit", "--json", **place)
                rows = [json.loads(line) for line in output.splitlines()]
        assert [row["action"] for row in rows] == ["guest.issue", "task.delete"]
        assert rows[1]["user_id"] == rows[0]["user_id"]
        assert rows[1]["target_id"] == added.json()["id"]
    code, alone, _ = await run("audit", "--json", **place)
    assert (code, [json.loads(line) for line in alone.splitlines()]) == (0, rows)


async def test_the_log_is_read_by_time_user_and_kind(database_url: str) -> None:
    where = {"DATABASE_URL": database_url}
    async with ServerProcess(where, BETTER_AUTH_SECRET=SECRET) as server:
        for user in ("ada", "bob\x1b[2J"):
            token = server.jwt(user) if user == "ada" else server.jwt("bob")
            await server.post("/api/chatkit/session", token)
        await server.get("/api/tasks", "nonsense")
    for words, count in (
        ((), 3),
        (("--user", "ada"), 1),
        (("--action", "session.open"), 2),
        (("--since", "1h"), 3),
        (("--since", "2020-01-01"), 3),
        (("--until", "1h"), 0),
        (("--since", "2999-01-01T00:00Z"), 0),
    ):
        code, output, _ = await run("audit", *words, **where)
        assert (code, len(output.splitlines())) == (0, count), words
    database = await Database.connect(database_url, max_connections=1)
    await database.execute(
        "INSERT INTO audit_log (at, user_id, action, outcome, times)"
        " VALUES (now(), E'evil\\x1b[2J\\n', 'sign_in.fail', 'x', 3)"
    )
    await database.close()
    _, output, _ = await run("audit", **where)
    line = output.splitlines()[-1]
    assert "\x1b" not in line
    assert "sign_in.fail (3 times)" in line


async def test_a_migration_is_listed_and_then_done(database_url: str) -> None:
    where = {"DATABASE_URL": database_url}
    database = await Database.connect(database_url, max_connections=1)
    await database.execute("DROP SCHEMA public CASCADE")
    await database.execute("CREATE SCHEMA public")
    await database.execute(_FIRST.read_text(encoding="utf-8"))
    await database.execute("INSERT INTO schema_version (version) VALUES (1)")
    code, output, _ = await run("migrate", "--dry-run", **where)
    assert code == 0
    assert output.count("to do: ") == len(MIGRATIONS)
    assert "nothing was changed" in output
    version = "SELECT version FROM schema_version"
    assert await database.fetchval(version) == 1
    code, output, _ = await run("migrate", **where)
    assert (code, await database.fetchval(version)) == (0, VERSION)
    assert f"the database has schema {VERSION} now" in output
    _, output, _ = await run("migrate", **where)
    assert output == f"the database has schema {VERSION} already\n"
    await database.execute("UPDATE schema_version SET version = 999")
    code, output, errors = await run("migrate", "--dry-run", **where)
    assert (code, output) == (1, "")
    assert "made by a newer release" in errors
    await database.close()


async def test_a_reader_that_has_seen_enough_is_no_fault(data_dir: Path) -> None:
    async with ServerProcess(DATA_DIR=str(data_dir)) as server:
        await server.guest()
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} {COMMAND[1]} audit | true",
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir)},
        stderr=subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert errors == b""


async def test_rotated_keys_are_used_without_a_restart(database_url: str) -> None:
    where = {"DATABASE_URL": database_url, "SECRETS_KEY": "k" * 40}
    async with ServerProcess(where, GUESTS="on") as server:
        former = await server.guest()
        await server.post("/api/tasks", former, json={"title": "tea"})
        code, output, _ = await run("rotate-keys", **where)
        assert (code, "accepted until it ends" in output) == (0, True)
        await until_rotated(server, times=1)
        renewed = (await server.post("/api/auth/guest", former)).json()["token"]
        assert await server.tasks(renewed) == [("tea", False)]
        code, _, _ = await run("rotate-keys", "--now", **where)
        assert code == 0
        await until_rotated(server, times=2)
        async with asyncio.timeout(20):  # a verified token is remembered for some seconds
            for token in (former, renewed):
                while (await server.get("/api/tasks", token)).status_code != 401:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.2)
        assert (await server.get("/api/tasks", await server.guest())).status_code == 200
    code, _, errors = await run("rotate-keys", DATABASE_URL=database_url)
    assert code == 1
    assert "SECRETS_KEY is not set" in errors


async def until_rotated(server: ServerProcess, *, times: int) -> None:
    async with asyncio.timeout(40):
        while server.stderr.count("the guest key was rotated") < times:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_an_empty_database_is_said_to_be_one(database_url: str) -> None:
    database = await Database.connect(database_url, max_connections=1)
    await database.execute("DROP SCHEMA public CASCADE")
    await database.execute("CREATE SCHEMA public")
    await database.close()
    for command in ("audit", "rotate-keys"):
        code, _, errors = await run(command, DATABASE_URL=database_url)
        assert code == 1
        assert "does not have the schema of this release" in errors
