"""Rates, and where a caller stands against one."""

from __future__ import annotations

import pytest

from chatkit.access.rates import Rate, RateStatus


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("60/minute", Rate(60, 60)),
        ("5/second", Rate(5, 1)),
        ("1000 / Hour", Rate(1000, 3600)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_a_rate_is_a_number_in_a_span_of_time(text: str, rate: Rate | None) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize("text", ["60", "60/day", "0/minute", "-1/minute", "1.5/second", "60/60"])
def test_any_other_text_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        Rate.parse(text)


@pytest.mark.parametrize(("count", "window_s"), [(0, 60), (1, 0)])
def test_a_rate_that_allows_nothing_cannot_be_made(count: int, window_s: int) -> None:
    with pytest.raises(ValueError, match="allows"):
        Rate(count, window_s)


def test_a_burst_of_the_whole_rate_is_allowed_and_one_more_is_refused_uncounted() -> None:
    rate = Rate(2, 60)
    first = rate.take(0)
    second = rate.take(first.full_in_s)
    third = rate.take(second.full_in_s)
    assert (first, second) == (RateStatus(rate, 30, True), RateStatus(rate, 60, True))
    assert third == RateStatus(rate, 60, False)
    assert [each.remaining for each in (first, second, third)] == [1, 0, 0]
    assert [each.reset_s for each in (first, second, third)] == [30, 60, 60]
    assert third.retry_after_s == 30


def test_a_bucket_that_has_been_full_for_long_allows_no_more_than_a_burst() -> None:
    assert Rate(2, 60).take(-1_000) == RateStatus(Rate(2, 60), 30, True)


def test_the_rounding_of_floats_takes_no_request_away() -> None:
    rate, full_in_s = Rate(10, 1), 0.0
    for left in range(9, -1, -1):
        standing = rate.take(full_in_s)
        assert (standing.allowed, standing.remaining) == (True, left)
        full_in_s = standing.full_in_s


def test_times_are_told_in_whole_seconds_and_never_as_too_early() -> None:
    assert RateStatus(Rate(1, 1), 0.2, False).reset_s == 1
    assert RateStatus(Rate(60, 60), 59.5, False).retry_after_s == 1
    assert RateStatus(Rate(1, 60), 60.0, False).retry_after_s == 60
