"""`phrases.txt`: what people say to the demo, the calls that it makes, and what it answers.

Conversations are separated by empty lines, and each begins over the same shown list of four tasks.
A line `> …` is said, `= …` a call (look-ups are left out, tasks stand by their titles); the others
are the answer without its empty lines, or its beginning where they end in `…`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.demo.desk import Desk

_TEXT = Path(__file__).with_name("phrases.txt").read_text(encoding="utf-8")
CONVERSATIONS = [block for block in _TEXT.split("\n\n") if block.startswith("> ")]


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_the_conversation_goes_as_written(conversation: str) -> None:
    desk = Desk("Buy milk", "Call Bob", "Write report", "Pay rent")
    desk.task("Write report")["due_date"] = "2026-11-27"
    desk.task("Pay rent")["due_date"] = "2026-12-02"
    desk.say("hello")
    desk.say("show my tasks")
    titles = {task["id"]: task["title"] for task in desk.tasks}

    wanted = conversation.strip().split("\n")
    told: list[str] = []
    for line in wanted:
        if line.startswith("> "):
            answer = desk.say(line.removeprefix("> "))
            told += [line, *_calls(desk, titles), *filter(str.strip, answer.split("\n"))]

    if wanted[-1] == "…":
        wanted.pop()
        del told[len(wanted) :]
    assert told == wanted
    assert desk.refused == []


def _calls(desk: Desk, titles: dict[str, str]) -> list[str]:
    calls = [call for calls in desk.rounds for call in calls if call[1].get("show", True)]
    return [" ".join(["=", name, *_arguments(given, titles)]) for name, given in calls]


def _arguments(given: dict[str, Any], titles: dict[str, str]) -> list[str]:
    said = {name: ",".join(v) if isinstance(v, list) else str(v) for name, v in given.items()}
    task_id = said.pop("task_id", None)
    named = [titles.get(task_id, task_id)] if task_id is not None else []
    return [*named, *(f"{name}={value}" for name, value in said.items())]
