"""Signals of the task tools beside their results: cards to show, and changed tasks."""

from __future__ import annotations

from typing import Final

from chatkit.protocol.calls import Effect

#: The cards that tools offer; `tools/cards.py` draws them.
LIST_CARD: Final = "task_list"
DELETION_CARD: Final = "confirm_deletion"


def task_changed(action: str, task_id: str) -> Effect:
    """The client effect for a task that was added, changed or deleted."""
    return Effect(name="tasks/changed", data={"action": action, "task_id": task_id})
