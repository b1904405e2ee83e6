"""Remembers what models turned out to lack, so that each is asked in a way that it accepts.

A refusal counts for an hour, for one model at one address: a server may be started anew with other
options. It is only in this process.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from chatkit.models.pure.fault_kinds import Ability

_log = logging.getLogger(__name__)

_KEEP_S: Final = 3600.0

#: A model and the address of its server.
Place = tuple[str, str | None]


class Abilities:
    """What models lack. `now` is a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._missing: dict[Place, dict[Ability, float]] = {}
        #: How models call tools: in the structure of the API, or in their text.
        self._calls: dict[Place, str] = {}

    def missing(self, place: Place) -> frozenset[Ability]:
        """What the model lacks."""
        if place not in self._missing:
            return frozenset()
        now = self._now()
        return frozenset(ability for ability, until in self._missing[place].items() if until > now)

    def learn(self, place: Place, ability: Ability) -> bool:
        """Record a refusal. False if it was known."""
        if ability in self.missing(place):
            return False
        _log.warning("model %s has no %s; it is asked without", place[0], ability)
        self._missing.setdefault(place, {})[ability] = self._now() + _KEEP_S
        return True

    def saw_call(self, place: Place) -> None:
        """The model has called a tool as the API has it."""
        self._calls[place] = "structured"

    def saw_written_call(self, place: Place) -> None:
        """The whole answer of the model was the text of a call."""
        self._calls.setdefault(place, "written")

    def writes_calls(self, place: Place) -> bool:
        """Whether the model is known to write its calls as text, and never to make structured ones:
        only then is such a text a call. From any other model it may be a quotation."""
        return self._calls.get(place) == "written"
