"""DATA_DIR copied, moved and reached by other paths: each database keeps to its own server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from store.embedded import EmbeddedError, start_embedded
from tests.store.embedded_servers import (
    copy,
    first_line,
    other_server,
    output,
    query,
    running,
    unheard,
)

#: Ordinary, split by shells and by connection strings, and longer than a socket's address.
NAMES = ("data", "my data", "a,b c%d", "l" * 120)


def _address(dsn: str) -> Path:
    """The directory of the socket, without any link."""
    return Path(parse_qs(urlsplit(dsn).query)["host"][0]).resolve()


@pytest.mark.parametrize("name", NAMES)
async def test_rows_written_to_a_live_database_and_to_its_copy_never_mix(
    made_once: Path, data_dir: Path, name: str
) -> None:
    original, duplicate = data_dir.with_name(name), data_dir.with_name(f"{name}2")
    copy(made_once, original)
    with other_server(original) as server:
        pid, dsn = first_line(server)
        copy(original, duplicate)
        async with running(duplicate) as second:
            # Each over a connection of its own, as after a failure of the network.
            for value in range(100, 105):
                await query(dsn, f"INSERT INTO kept VALUES ({value})")
                await query(second.dsn, f"INSERT INTO kept VALUES ({value + 100})")
            for reader, rows in (
                (dsn, "7 100 101 102 103 104"),
                (second.dsn, "7 200 201 202 203 204"),
            ):
                listed = "SELECT string_agg(value::text, ' ' ORDER BY value) FROM kept"
                assert await query(reader, listed) == rows
        pid_file = original / "cluster" / "data" / "postmaster.pid"
        assert pid_file.read_text().startswith(f"{pid}\n")
        assert await query(dsn, "SELECT count(*) FROM kept") == 6


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_of_a_database_lies_outside_its_directory(
    made_once: Path, data_dir: Path, name: str
) -> None:
    made = data_dir.with_name(name)
    copy(made_once, made)
    async with running(made) as postgres:
        assert _address(postgres.dsn).is_relative_to(made)


def _move(directory: Path, name: str) -> Path:
    return directory.rename(directory.with_name(name))


async def test_a_directory_that_was_moved_is_used_at_its_new_place(made: Path) -> None:
    for name in NAMES:
        made = _move(made, name)
        async with running(made) as postgres:
            assert await query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_a_directory_that_moves_under_its_server_still_takes_connections(made: Path) -> None:
    async with running(made) as postgres:
        moved = _move(made, "moved")
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7
        with pytest.raises(EmbeddedError, match="another server uses the database in"):
            await start_embedded(moved, note=unheard)


@pytest.fixture
def mounted(made: Path) -> Iterator[Path]:
    """The directory `made`, mounted at a second place."""
    place = made.with_name("mounted")
    place.mkdir()
    if subprocess.run(["mount", "--bind", made, place], check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield place
    output("umount", place)


def _same_directory(made: Path, way: str) -> Path:
    place = made.with_name(way)
    if way == "linked":
        place.symlink_to(made)
    else:
        output("cp", "-al", made, place)
    return place


@pytest.mark.parametrize("way", ["linked", "hard links"])
async def test_a_second_server_is_refused_whatever_path_leads_to_the_same_files(
    made: Path, way: str
) -> None:
    async with running(made) as postgres:
        with pytest.raises(EmbeddedError, match="another server uses the database in"):
            await start_embedded(_same_directory(made, way), note=unheard)
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7


async def test_a_second_server_is_refused_where_the_directory_is_mounted_once_more(
    made: Path, mounted: Path
) -> None:
    async with running(made) as postgres:
        with pytest.raises(EmbeddedError, match="another server uses the database in"):
            await start_embedded(mounted, note=unheard)
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7
