"""What the operator is told of models that end."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from chatkit.models.deprecations import end_of_service, warning_of

TABLE: Final[dict[str, dict[str, Any]]] = {
    "old": {"deprecation_date": "2026-10-23"},
    "alias": {},
    "alias-2025-08-07": {"deprecation_date": "2026-12-11"},
    "moved": {},
    "moved-2025-01-01": {"deprecation_date": "2026-12-11"},
    "moved-2026-01-01": {},
    "dated": {"deprecation_date": "2027-02-26"},
    "dated-2025-12-15": {},
    "living": {},
    "living-lite-2025-08-07": {"deprecation_date": "2026-12-11"},
    "groq/old": {},
    "vague": {"deprecation_date": "soon"},
}


@pytest.mark.parametrize(
    ("model", "end"),
    [
        ("old", date(2026, 10, 23)),
        ("openrouter/openai/old", date(2026, 10, 23)),
        ("groq/old", None),
        ("alias", date(2026, 12, 11)),
        ("openai/alias", date(2026, 12, 11)),
        ("moved", None),
        ("dated", date(2027, 2, 26)),
        ("living", None),
        ("vague", None),
        ("unknown", None),
        ("openai/", None),
    ],
)
def test_the_end_of_a_model_is_that_of_the_version_it_stands_for(
    model: str, end: date | None
) -> None:
    assert end_of_service(model, TABLE) == end


def test_an_end_is_told_from_thirty_days_before_it() -> None:
    today = date(2026, 12, 1)
    assert warning_of("m", None, today) is None
    assert warning_of("m", date(2027, 1, 1), today) is None
    assert warning_of("m", date(2026, 12, 31), today) == (
        "its provider will end m on 2026-12-31, says LiteLLM's table; choose another one"
    )
    assert warning_of("m", date(2026, 12, 1), today) == (
        "its provider ended m on 2026-12-01, says LiteLLM's table; choose another one"
    )
