"""Names of the cards that the task tools offer, and the effect that reports a changed task."""

from __future__ import annotations

from typing import Final

from chatkit.protocol.calls import Effect

#: Names of cards that tools offer; `tools/cards.py` draws them.
LIST_CARD: Final = "task_list"
CHANGES_CARD: Final = "confirm_changes"


def task_changed(action: str, task_id: str) -> Effect:
    """The effect that notifies the page of an added, changed or deleted task."""
    return Effect(name="tasks/changed", data={"action": action, "task_id": task_id})
