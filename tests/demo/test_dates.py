from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.demo.dates import find_day
from tests.demo.desk import TODAY  # a Wednesday, 25 November 2026

DAYS = [
    ("today", "2026-11-25"),
    ("tomorrow", "2026-11-26"),
    ("the day after tomorrow", "2026-11-27"),
    ("by Friday", "2026-11-27"),
    ("Friday", "2026-11-27"),
    ("on Wednesday", "2026-12-02"),  # today is one: the next is meant
    ("this Friday", "2026-11-27"),
    ("next Friday", "2026-12-04"),
    ("next Monday", "2026-11-30"),
    ("next week", "2026-11-30"),
    ("in 3 days", "2026-11-28"),
    ("in a week", "2026-12-02"),
    ("in two weeks", "2026-12-09"),
    ("on 30 November", "2026-11-30"),
    ("on the 30th of November", "2026-11-30"),
    ("Nov 30", "2026-11-30"),
    ("November 30th, 2027", "2027-11-30"),
    ("3 March", "2027-03-03"),  # past in this year
    ("2026-11-30", "2026-11-30"),
]


@pytest.mark.parametrize(("words", "day"), DAYS)
def test_words_name_a_day(words: str, day: str) -> None:
    found = find_day(f"pay rent {words}", TODAY)
    assert found is not None
    assert found.day.isoformat() == day
    assert found.start >= len("pay rent")
    assert found.end == len(f"pay rent {words}")


@pytest.mark.parametrize(
    "title",
    [
        "read the Monday report",
        "read today's paper",
        "enjoy the sun",
        "buy 1.5 l milk",
        "meet on the 2nd floor",
        "use 1/2 cup of sugar",
        "learn about 2026",
        "february 31",
        "2026-02-30",
        "march with the band",
        "by 30/11",
        "on the 1st",
        "next month",
        "in 99999999 days",
        "",
    ],
)
def test_other_words_name_none(title: str) -> None:
    assert find_day(title, TODAY) is None


@given(st.text(max_size=60), st.dates())
def test_any_text_on_any_day_is_read_without_error(text: str, today: date) -> None:
    found = find_day(text, today)
    assert found is None or 0 <= found.start < found.end <= len(text)


@given(st.sampled_from([words for words, _ in DAYS]), st.dates())
def test_every_expression_works_on_every_day_of_the_calendar(words: str, today: date) -> None:
    found = find_day(f"x {words}", today)
    assert found is None or isinstance(found.day, date)
