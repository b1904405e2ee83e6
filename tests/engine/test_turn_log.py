"""The log of a turn: what a reader gets from it, however long it is and wherever they begin."""

from __future__ import annotations

import asyncio
import sys

import pytest

from chatkit.engine import journal
from chatkit.engine.turn_log import MAX_BYTES_READ, MAX_FRAMES_READ, LogFollower, TurnLog
from tests.engine.conftest import NewEngine
from tests.engine.test_elsewhere import read_all
from tests.engine.two_processes import HELLO, ended, pair, slow


def a_log(count: int, *, chars: int = 200) -> TurnLog:
    log = TurnLog("trn_1")
    log.append_lines(f'{{"number":{number},"text":"{"x" * chars}"}}' for number in range(count))
    log.close()
    return log


async def read_on(log: TurnLog, after: int) -> list[bytes]:
    follower = LogFollower(log, after=after)
    pieces = []
    while (piece := await follower.read()) is not None:
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize("after", [0, 1, 511, 512, 4095, 4096, 5000, 9999])
async def test_a_reader_of_a_long_log_gets_every_frame_once_from_any_place(after: int) -> None:
    log = a_log(10_000)
    frames = b"".join(await read_on(log, after)).split(b"\n\n")[:-1]
    assert [frame.rpartition(b"id: ")[2] for frame in frames] == [
        b"trn_1.%d" % number for number in range(after + 1, 10_001)
    ]
    assert log.lines(after).count("\n") + 1 == 10_000 - after


def test_the_beginning_of_a_very_long_log_takes_little_memory() -> None:
    log = a_log(50_000)
    assert sum(map(sys.getsizeof, (*log._packed, *log._frames))) < 50_000 * 200 / 5


async def test_one_read_takes_a_bounded_part_of_the_log() -> None:
    pieces = await read_on(a_log(2_000, chars=1_000), 0)
    assert max(map(len, pieces)) <= MAX_BYTES_READ
    small = await read_on(a_log(2_000, chars=10), 0)
    assert len(small) == 2_000 // MAX_FRAMES_READ + 1
    [one] = await read_on(a_log(1, chars=2 * MAX_BYTES_READ), 0)
    assert len(one) > 2 * MAX_BYTES_READ


async def test_what_is_too_much_for_one_write_is_written_by_the_next_ones(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_TURN_BYTES", 1)
    monkeypatch.setattr(journal, "MAX_WRITE_BYTES", 1)
    monkeypatch.setattr(journal, "WRITE_S", 0.01)
    hold = asyncio.Event()
    one, two = await pair(new_engine, slow(hold), slow(hold))
    turns = [await one.begin(HELLO), await one.begin(HELLO)]
    hold.set()
    for turn in turns:
        await ended(turn)
    for turn in turns:
        found = await two.turns.find_turn(turn.caller, turn.lease.turn_id)
        assert found is not None
        assert await read_all(two, found) == b"".join(turn.log.read(0))
