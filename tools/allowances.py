"""How much a model may change without a question, for each message of the user's.

The calls of one answer are judged together: if they ask for more than is allowed, none of their
deletions and overwrites is done, and all of them wait on one card.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from dataclasses import replace
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.ports.task_history import TaskHistory
from chatkit.todo.changes import OVERWRITING, Author

#: Turns whose last round is remembered.
_MAX_TURNS: Final = 4096


def author_of(who: Caller) -> Author:
    """Who makes the changes of a call: the model of a turn, or an agent at /mcp."""
    if who.thread_id is None:
        return Author(kind="agent", turn_id=f"call_{secrets.token_hex(12)}")
    return Author(kind="model", thread_id=who.thread_id, turn_id=who.turn_id)


class Allowances:
    """Judges each round as a whole at its first deletion or overwrite, and each call by itself."""

    def __init__(self, history: TaskHistory) -> None:
        self._history = history
        #: The last round of each turn, by identity, and whether it may change anything.
        self._rounds: OrderedDict[str, tuple[Any, bool]] = OrderedDict()

    async def find(
        self, who: Caller, by: Author, *, deletions: int = 0, overwrites: int = 0
    ) -> Author | None:
        """The author for a call that deletes or overwrites; None if the user is to be asked first.

        The store counts what an agent does, which is not asked about but refused.
        """
        if by.thread_id is None:
            return by
        turn_id = by.turn_id or ""
        last, may_change = self._rounds.get(turn_id, (None, True))
        began = bool(who.round) and last is who.round
        if began and not may_change:
            return None
        spent = await self._history.spent(who.user_id, thread_id=by.thread_id, turn_id=turn_id)
        asked = (0, 0) if began else _asked_for(who.round)
        # Without a message, as in a thread that is being deleted, nothing could be counted.
        allowed = spent.message_id is not None and spent.allows(
            deletions=max(deletions, asked[0]), overwrites=max(overwrites, asked[1])
        )
        self._rounds[turn_id] = (who.round, allowed)
        self._rounds.move_to_end(turn_id)
        if len(self._rounds) > _MAX_TURNS:
            self._rounds.popitem(last=False)
        return replace(by, message_id=spent.message_id) if allowed else None


def _asked_for(calls: tuple[tuple[str, str], ...]) -> tuple[int, int]:
    """How many deletions and overwrites the calls of a round are."""
    deletions = sum(name == "delete_task" for name, _ in calls)
    return deletions, sum(name == "update_task" and _overwrites(text) for name, text in calls)


def _overwrites(arguments: str) -> bool:
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return False  # refused as bad arguments
    return isinstance(given, dict) and any(given.get(name) is not None for name in OVERWRITING)
