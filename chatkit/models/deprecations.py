"""When providers end their models, by LiteLLM's table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

#: How long before its end a model is reported.
WARN_BEFORE: Final = timedelta(days=30)

_DATED: Final = re.compile(r"-\d{4}-\d{2}-\d{2}")


def end_of_service(model: str, table: Mapping[str, Mapping[str, Any]]) -> date | None:
    """The day on which the provider of `model` ends it. None if `table` names none.

    A name that is not in the table is looked up without its prefixes. An entry without a date has
    the one of its newest dated version: `gpt-4o-mini` is `gpt-4o-mini-2024-07-18`.
    """
    while model not in table:
        model = model.partition("/")[2]
        if not model:
            return None
    versions = [name for name in table if _DATED.fullmatch(name.removeprefix(model))]
    for name in (model, *sorted(versions, reverse=True)[:1]):
        try:
            return date.fromisoformat(table[name]["deprecation_date"])
        except (KeyError, TypeError, ValueError):  # no date, or words
            continue
    return None


def warning_of(model: str, end: date | None, today: date) -> str | None:
    """A sentence for the operator if `model` has ended, or ends within WARN_BEFORE."""
    if end is None or end - today > WARN_BEFORE:
        return None
    verb = "ended" if end <= today else "will end"
    return f"its provider {verb} {model} on {end}, says LiteLLM's table; choose another one"
