"""What the user is told of the model itself: who answers, and what it cannot do."""

from __future__ import annotations

from typing import Literal

from chatkit.protocol.events import Notice
from chatkit.protocol.workflows import CustomTask
from chatkit.words.say import Say


def answered_by_step(model: str, say: Say) -> CustomTask:
    """The step that names the model that answers in the place of the usual one."""
    return CustomTask(
        title=say("step.answered_by", model=model),
        icon="info",
        status="complete",
        content=say("step.answered_by_why"),
    )


def lacks_notice(ability: Literal["tools", "images"], say: Say) -> Notice:
    """The notice that a model answers without tools, or without seeing images and files."""
    if ability == "tools":
        title, message = say("notice.no_tools_title"), say("notice.no_tools")
    else:
        title, message = say("notice.no_images_title"), say("notice.no_images")
    return Notice(level="warning", title=title, message=message)
