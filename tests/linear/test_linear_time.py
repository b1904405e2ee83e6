"""No input costs more than its length: every pure function that takes text from outside."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.linear.scan import EXEMPT, functions_with_text
from tests.linear.seeds import FEW, PIECES, SHAPES, SHORT, SHORT_OF_DEMO, repeated, wide
from tests.linear.table import TEXTS, VALUES

#: What four times the input may cost, as a multiple; what is cheaper than this at the longer input,
#: in nanoseconds, is not judged; and how often it is measured before it counts as slow.
MOST = 6.0
QUICK_NS = 2_000_000
TRIES = 5


def is_exempt(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in EXEMPT)


def cost_ns(use: Callable[[Any], object], value: Any) -> int:
    began = time.process_time_ns()
    with suppress(Exception):  # what bad input raises is tested elsewhere
        use(value)
    return time.process_time_ns() - began


def is_linear(use: Callable[[Any], object], short: Any, long: Any) -> bool:
    for _ in range(TRIES):
        longer = cost_ns(use, long)
        if longer < QUICK_NS or longer < MOST * cost_ns(use, short):
            return True
    return False


@pytest.mark.parametrize("name", [*TEXTS, *VALUES])
def test_each_entry_calls_its_function_as_it_is_to_be_called(name: str) -> None:
    """Else nothing would be measured. Bad input may be refused, by an error that says so."""
    use: Callable[[Any], object] = TEXTS[name] if name in TEXTS else VALUES[name]
    for value in ("a text", '{"a": "b"}') if name in TEXTS else wide(3)[-2:]:
        try:
            use(value)
        except (TypeError, AttributeError, LookupError, AssertionError) as error:
            pytest.fail(f"{value!r}: {error!r}")
        except Exception:
            continue


@pytest.mark.parametrize("name", TEXTS)
def test_four_times_the_text_costs_about_four_times_as_much(name: str) -> None:
    size = SHORT_OF_DEMO if name.startswith("demo.") else SHORT
    slow = [
        (piece, shape)
        for piece in PIECES
        for shape, whole in SHAPES.items()
        if not is_linear(
            TEXTS[name], whole(repeated(piece, size)), whole(repeated(piece, 4 * size))
        )
    ]
    assert slow == []


@pytest.mark.parametrize("name", VALUES)
def test_four_times_the_members_cost_about_four_times_as_much(name: str) -> None:
    values = zip(wide(FEW), wide(4 * FEW), strict=True)
    assert [few for few, many in values if not is_linear(VALUES[name], few, many)] == []


def test_every_function_that_takes_text_is_in_the_table_or_exempt_with_a_reason() -> None:
    missing = functions_with_text() - {*TEXTS, *VALUES}
    assert {name for name in missing if not is_exempt(name)} == set()


def test_every_exemption_is_needed() -> None:
    missing = functions_with_text() - {*TEXTS, *VALUES}
    assert [pattern for pattern in EXEMPT if not fnmatch.filter(missing, pattern)] == []


def test_a_function_that_is_quadratic_is_found() -> None:
    def quadratic(text: str) -> None:
        for place in range(len(text)):
            text[place:].count("b")

    assert not is_linear(quadratic, "a" * SHORT, "a" * 4 * SHORT)
