"""A turn of a user whose page names a time zone that does not exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatkit.access.caller import Caller
from chatkit.models.pure.deltas import TextDelta
from chatkit.protocol.params import CreateThread
from tests.engine.conftest import NewEngine, said
from tests.time_zones import install_tzdata


async def test_a_region_in_place_of_a_time_zone_does_not_fail_the_turn(
    new_engine: NewEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_tzdata(tmp_path, monkeypatch)
    engine = await new_engine([[TextDelta("Hi")]])
    caller = Caller(user_id="alice", time_zone="America")
    await engine.chat(CreateThread(input=said("Hello")), caller)
    assert await engine.states() == ["done"]
