"""Time zones by name: every text gives a zone or none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.access.caller import Caller
from chatkit.access.zones import day_of, find_zone, zone_of
from tests.time_zones import install_tzdata

NO_ZONES = [
    "",
    ".",
    "America",
    "America/",
    "Mars/Base",
    "../etc/passwd",
    "/etc/passwd",
    "zone.tab",
    "Europe/Berlin\0",
    "\0",
    "\ud800",
    "é" * 64,
    "a" * 10_000,
    "Europe/" * 2_000,
]


@pytest.mark.parametrize("name", NO_ZONES, ids=range(len(NO_ZONES)))
def test_a_text_that_names_no_zone_gives_none(name: str) -> None:
    assert find_zone(name) is None


@pytest.mark.parametrize("name", NO_ZONES, ids=range(len(NO_ZONES)))
def test_neither_does_it_with_the_tzdata_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_tzdata(tmp_path, monkeypatch)
    assert find_zone(name) is None


@given(st.text())
def test_no_text_is_an_error(name: str) -> None:
    zone = find_zone(name)
    assert zone is None or datetime(2026, 11, 30, tzinfo=zone).utcoffset() is not None


def test_a_zone_is_read_once() -> None:
    assert find_zone("Asia/Tokyo") is find_zone("Asia/Tokyo")


def test_utc_needs_no_database() -> None:
    assert find_zone("UTC") is UTC


def test_a_caller_whose_zone_is_none_lives_in_utc() -> None:
    assert zone_of(Caller(user_id="anna", time_zone="America")) is UTC


def test_the_day_is_that_of_the_callers_zone() -> None:
    moment = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert day_of(Caller(user_id="anna", time_zone="Asia/Tokyo"), moment) == date(2026, 12, 1)
    assert day_of(Caller(user_id="anna"), moment) == date(2026, 11, 30)
