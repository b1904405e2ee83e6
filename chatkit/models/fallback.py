"""Has another model answer when the one that was asked cannot.

Only before the first delta, and never for a reason that lies in the request: what one provider
refuses for its content must not be tried at the next.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from chatkit.models.pure.deltas import (
    AnsweredBy,
    Delta,
    FaultKind,
    Lacks,
    ModelFault,
    ModelRequest,
)
from chatkit.ports.models import Model

_log = logging.getLogger(__name__)

#: Faults of the model or its provider, not of the request.
_PASSED_ON: Final = frozenset[FaultKind](
    {
        "timeout",
        "rate_limited",
        "unavailable",
        "overloaded",
        "quota",
        "credentials",
        "unknown_model",
    }
)
#: Faults that the next message would meet too, and for how long they are taken for granted.
_LASTING: Final = frozenset[FaultKind]({"quota", "credentials", "unknown_model"})
_SKIP_S: Final = 60.0


class Fallbacks:
    """The `Model` port around another one. `others` are asked in order. `now`: a clock in seconds.

    If another model answers, the first batch is an AnsweredBy.
    """

    def __init__(
        self, model: Model, others: Sequence[str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._model = model
        self._others = tuple(others)
        self._now = now
        self._skip_until: dict[str, float] = {}

    async def warm_up(self, model: str) -> None:
        """See the port."""
        await self._model.warm_up(model)

    def context_window(self, model: str) -> int | None:
        """See the port."""
        return self._model.context_window(model)

    def supports_vision(self, model: str) -> bool | None:
        """See the port."""
        return self._model.supports_vision(model)

    def supports_pdf(self, model: str) -> bool | None:
        """See the port."""
        return self._model.supports_pdf(model)

    async def complete(self, request: ModelRequest) -> str:
        """See the port. Only the model itself is asked."""
        return await self._model.complete(request)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port."""
        names = self._order(request.model)
        for place, name in enumerate(names):
            begun = False
            held: list[Sequence[Delta]] = []  # what a model lacks that may not answer after all
            try:
                batches = self._model.stream(replace(request, model=name))
                async with aclosing(batches):
                    async for batch in batches:
                        if not begun and isinstance(batch[0], Lacks):
                            held.append(batch)
                            continue
                        if not begun and name != request.model:
                            yield [AnsweredBy(name)]
                        for earlier in held:
                            yield earlier
                        begun, held = True, []
                        yield batch
            except ModelFault as fault:
                if fault.kind in _LASTING:
                    self._skip_until[name] = self._now() + _SKIP_S
                if begun or fault.kind not in _PASSED_ON or name == names[-1]:
                    raise
                _log.warning("model %s: %s; %s is asked", name, fault.kind, names[place + 1])
            else:
                return

    def _order(self, asked: str) -> list[str]:
        """Whom to ask. Models that just refused for good come last."""
        behind = self._others.index(asked) + 1 if asked in self._others else 0
        names = [asked, *(name for name in self._others[behind:] if name != asked)]
        now = self._now()
        return sorted(names, key=lambda name: self._skip_until.get(name, 0.0) > now)
