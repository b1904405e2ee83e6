"""How the socket is reached where the system has no /proc, as on macOS: by a link in /tmp."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from store import _embedded_socket
from tests.store.embedded_servers import copy, query, running


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Path:
    """The directory that the links are made in."""
    place = data_dir.with_name("links")
    place.mkdir()
    monkeypatch.setattr(_embedded_socket, "_PROC_SELF", place / "no proc")
    monkeypatch.setattr(_embedded_socket, "_LINKS", place)
    return place


def _host(dsn: str) -> Path:
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


def _names(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir()}


@pytest.mark.parametrize("name", ["data", "my data", "a,b c%d", "l" * 120])
async def test_a_short_link_leads_to_any_directory_until_the_stop(
    made_once: Path, data_dir: Path, links: Path, name: str
) -> None:
    made = data_dir.with_name(name)
    copy(made_once, made)
    async with running(made) as postgres:
        (name_of_link,) = _names(links)
        assert _host(postgres.dsn) == links / name_of_link
        assert (links / name_of_link).readlink() == made / "cluster" / "data"
        assert await query(postgres.dsn, "SELECT value FROM kept") == 7
    assert _names(links) == set()


async def test_links_that_killed_servers_left_are_removed_and_no_others(
    made: Path, links: Path
) -> None:
    other = made.with_name("other")
    (other / "inside").mkdir(parents=True)
    (links / "chatkit-stale").symlink_to(made / "cluster" / "data")
    (links / "chatkit-dangling").symlink_to(made.with_name("deleted") / "cluster" / "data")
    (links / "chatkit-live").symlink_to(other)
    (links / "somebody").symlink_to(made.with_name("deleted"))
    (links / "chatkit-directory").mkdir()
    (links / "chatkit-file").touch()
    kept = {"chatkit-live", "somebody", "chatkit-directory", "chatkit-file"}
    async with running(made) as postgres:
        assert _names(links) == {*kept, _host(postgres.dsn).name}
    assert (other / "inside").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes links for others")
async def test_links_of_other_users_are_left_alone(made: Path, links: Path) -> None:
    foreign = links / "chatkit-foreign"
    foreign.symlink_to(made / "cluster" / "data")
    os.chown(foreign, 12345, 12345, follow_symlinks=False)
    async with running(made):
        assert foreign.is_symlink()
