"""The rest that streams take while the process is busy."""

from __future__ import annotations

import pytest

from chatkit.models.pace import HIGH_LOAD, LOW_LOAD, PAUSE_S, Pace


class Process:
    """A process whose clocks the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.cpu = 5.0

    def spend(self, seconds: float, share: float) -> None:
        self.now += seconds
        self.cpu += seconds * share


@pytest.mark.parametrize(
    ("share", "pause_s"),
    [
        (0.0, 0.0),
        (HIGH_LOAD - 0.01, 0.0),
        (HIGH_LOAD, PAUSE_S),
        (1.9, PAUSE_S),  # a thread beside the event loop
    ],
)
def test_streams_rest_while_the_process_is_busy(share: float, pause_s: float) -> None:
    process = Process()
    pace = Pace(lambda: process.now, lambda: process.cpu)
    process.spend(1.0, share)
    assert pace.pause_s() == pause_s


def test_that_resting_makes_it_cheaper_does_not_end_the_rests() -> None:
    process = Process()
    pace = Pace(lambda: process.now, lambda: process.cpu)
    process.spend(1.0, HIGH_LOAD)
    assert pace.pause_s() == PAUSE_S
    process.spend(1.0, LOW_LOAD + 0.01)
    assert pace.pause_s() == PAUSE_S
    process.spend(1.0, LOW_LOAD - 0.01)
    assert pace.pause_s() == 0.0


def test_it_takes_part_in_what_the_process_did_lately_not_in_its_whole_life() -> None:
    process = Process()
    pace = Pace(lambda: process.now, lambda: process.cpu)
    assert pace.pause_s() == 0.0
    process.spend(1.0, 1.0)
    assert pace.pause_s() == PAUSE_S
    process.spend(0.1, 0.0)
    assert pace.pause_s() == PAUSE_S  # too short a time to tell
    process.spend(0.2, 0.0)
    assert pace.pause_s() == 0.0
