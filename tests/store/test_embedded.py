"""The embedded PostgreSQL with real processes: who ends, who is killed, and what is there after."""

from __future__ import annotations

import logging
import os
import signal
import stat
from pathlib import Path

import asyncpg
import pytest

from store import _postmaster
from store.embedded import EmbeddedError, start_embedded
from tests.store.embedded_servers import first_line, other_server, query, running, unheard, until


def _lives(pid: int) -> bool:
    """Whether a process lives; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


async def test_the_server_connects_as_an_ordinary_role_with_a_password_over_a_socket(
    made: Path,
) -> None:
    async with running(made) as postgres:
        row = await query(
            postgres.dsn,
            """SELECT concat_ws(' ', current_user, rolsuper, current_database(),
                      current_setting('listen_addresses') = '', inet_server_addr() IS NULL,
                      current_setting('data_checksums'), current_setting('server_encoding'),
                      datlocprovider, datlocale, current_setting('synchronous_commit'))
                 FROM pg_roles, pg_database
                WHERE rolname = current_user AND datname = current_database()""",
        )
        assert row == "chatkit f chatkit t t on UTF8 b C.UTF-8 on"
        password = (made / "cluster" / "password").read_text()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(postgres.dsn.replace(password, "x" * len(password)), "SELECT 1")
        hba = (made / "cluster" / "data" / "pg_hba.conf").read_text().splitlines()
        rules = [line.split() for line in hba if line and not line.startswith("#")]
        assert {rule[-1] for rule in rules} == {"scram-sha-256"}


async def test_nobody_else_can_read_the_password_or_enter_the_socket_directory(
    made: Path,
) -> None:
    async with running(made):
        modes = {
            name: stat.S_IMODE((made / name).stat().st_mode)
            for name in ("cluster/password", "cluster/data", "postgres.log")
        }
        assert modes == {
            "cluster/password": 0o600,
            "cluster/data": 0o700,
            "postgres.log": 0o600,
        }


async def test_rows_outlive_a_stop_and_a_start(made: Path) -> None:
    async with running(made) as postgres:
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_stop_ends_postgres_under_an_open_transaction_and_may_be_called_twice(
    made: Path,
) -> None:
    postgres = await start_embedded(made, note=unheard)
    pid = postgres.pid
    assert pid is not None
    connection = await asyncpg.connect(postgres.dsn)
    await connection.execute("BEGIN; INSERT INTO kept VALUES (8)")
    await postgres.stop()
    await postgres.stop()
    assert not _lives(pid)
    assert postgres.pid is None
    assert not (made / "cluster" / "data" / "postmaster.pid").exists()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    connection.terminate()


async def test_stop_ends_a_postgres_that_does_not_listen_to_polite_signals(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres = await start_embedded(made, note=unheard)
    pid = postgres.pid
    assert pid is not None
    monkeypatch.setattr("store.embedded._STOP_S", (0.05, 0.05, 5.0))
    os.kill(pid, signal.SIGSTOP)
    await postgres.stop()
    assert not _lives(pid)


async def test_a_second_server_on_the_same_directory_is_refused(made: Path) -> None:
    async with running(made) as postgres:
        with pytest.raises(EmbeddedError, match="another server uses the database in"):
            await start_embedded(made, note=unheard)
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_postgres_ends_with_a_server_that_is_killed_and_the_next_start_has_its_rows(
    made: Path,
) -> None:
    with other_server(made) as server:
        pid, dsn = first_line(server)
        await query(dsn, "INSERT INTO kept VALUES (8)")
        server.kill()
        async with running(made) as postgres:  # while the old one is still ending
            assert await query(postgres.dsn, "SELECT sum(value) FROM kept") == 15
        assert not _lives(int(pid))


async def test_committed_rows_outlive_a_kill_of_server_and_postgres_both(made: Path) -> None:
    with other_server(made) as server:
        pid, dsn = first_line(server)
        await query(dsn, "INSERT INTO kept VALUES (8)")
        os.kill(int(pid), signal.SIGKILL)
        server.kill()
        async with running(made) as postgres:
            assert await query(postgres.dsn, "SELECT sum(value) FROM kept") == 15


async def test_a_postgres_that_dies_is_started_again(
    made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(made) as postgres:
        first = postgres.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: "PostgreSQL runs again" in caplog.messages)
        assert postgres.pid not in (None, first)
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7
    levels = [record.levelno for record in caplog.records if record.name == "store.embedded"]
    assert levels == [logging.ERROR, logging.WARNING]


async def test_a_restart_that_fails_is_told_and_tried_again(
    made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = made / "cluster" / "data" / "PG_VERSION"
    async with running(made) as postgres:
        assert postgres.pid is not None
        aside = version.rename(made / "PG_VERSION")
        os.kill(postgres.pid, signal.SIGKILL)
        await until(lambda: any("did not start" in message for message in caplog.messages))
        aside.rename(version)
        await until(lambda: "PostgreSQL runs again" in caplog.messages)


@pytest.mark.parametrize("first_line", [str(os.getppid()), "4194305", ""])
async def test_pid_files_left_by_a_power_loss_do_not_stop_a_start(
    made: Path, first_line: str
) -> None:
    for name in ("cluster/data/postmaster.pid", "cluster/data/.s.PGSQL.5432.lock"):
        stale = made / name
        stale.write_text(f"{first_line}\n{made}/cluster/data\n1700000000\n5432\n\n\n\nready\n")
        stale.chmod(0o600)
        owner = stale.parent.stat()
        os.chown(stale, owner.st_uid, owner.st_gid)
    async with running(made) as postgres:
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_a_postgres_that_was_started_by_hand_is_left_alone(made: Path) -> None:
    async with running(made) as by_hand:
        # What is known of it is its pid file alone: take both of our locks away from it.
        for name in ("lock", "postgres.lock"):
            (made / name).unlink()
        with pytest.raises(EmbeddedError, match=r'did not start: .*"postmaster.pid" already'):
            await start_embedded(made, note=unheard)
        assert await query(by_hand.dsn, "SELECT value FROM kept") == 7


async def test_a_log_that_grew_is_emptied_at_the_start(made: Path) -> None:
    log = made / "postgres.log"
    with log.open("a") as file:
        file.truncate(9 * 1024 * 1024)
    async with running(made):
        assert log.stat().st_size < 100_000


async def test_what_users_wrote_does_not_reach_the_log(made: Path) -> None:
    async with running(made) as postgres:
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await query(postgres.dsn, "SELECT 'a secret wish'::int")
    assert "secret wish" not in (made / "postgres.log").read_text()


async def test_where_the_system_has_no_parent_death_signal_a_watcher_ends_the_program() -> None:
    launcher = f"""
        import os, subprocess, sys, time
        lifeline = os.pipe()[0]
        code = "import runpy, sys; sys.platform = 'darwin'; runpy.run_path("
        code += "{_postmaster.__file__!r}, run_name='__main__')"
        child = [sys.executable, "-c", code, str(os.getpid()), str(lifeline), "-1", "-1"]
        child += ["/bin/sleep", "60"]
        print(subprocess.Popen(child, pass_fds=[lifeline]).pid, flush=True)
        time.sleep(60)
    """
    with other_server(Path(), launcher) as server:
        pid = int(first_line(server)[0])
        await until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        server.kill()
        await until(lambda: not _lives(pid))
