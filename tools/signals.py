"""What the task tools tell beside their results: which card to show, and that a task changed."""

from __future__ import annotations

from typing import Final

from chatkit.protocol.calls import Effect

#: The cards that tools offer; `tools/cards.py` draws them.
LIST_CARD: Final = "task_list"
DELETION_CARD: Final = "confirm_deletion"


def task_changed(action: str, task_id: str) -> Effect:
    """What the page is told when a task has been added, changed or deleted."""
    return Effect(name="tasks/changed", data={"action": action, "task_id": task_id})
