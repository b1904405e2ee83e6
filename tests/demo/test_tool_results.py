"""What the results of tools are told as."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.demo.conversation import answer
from tests.demo.desk import LATER, SAY, TODAY, TOOLS


def tool_turn(content: object) -> list[dict[str, Any]]:
    call = {"id": "c1", "type": "function", "function": {"name": "add_task", "arguments": "{}"}}
    return [
        *LATER,
        {"role": "user", "content": "add milk"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": content},
    ]


def test_the_result_of_another_tool_is_not_taken_for_that_of_a_call() -> None:
    messages = tool_turn('{"success": true, "message": "Listed."}')
    messages[3]["tool_calls"][0]["function"]["name"] = "list_tasks"
    step = answer(messages, TOOLS, TODAY, SAY)
    assert isinstance(step, str)
    assert step.startswith("Sorry, the task list did not answer")


def test_a_failed_look_up_ends_in_a_plain_sentence() -> None:
    for sentence in ("complete milk", "delete all", "complete bob and rent"):
        messages = tool_turn("no")
        messages[2]["content"] = sentence
        messages[3]["tool_calls"][0]["function"]["name"] = "list_tasks"
        step = answer(messages, TOOLS, TODAY, SAY)
        assert isinstance(step, str)
        assert step.startswith("Sorry, the task list did not answer")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            '{"success": false, "message": "title: at most 255 characters"}',
            "That did not work for **Milk**: title: at most 255 characters",
        ),
        (
            '{"success": false}',
            "That did not work for **Milk**: the task list refused it, without a reason.",
        ),
        (
            '{"success": false, "message": "There is no such task; list_tasks shows them."}',
            "I can't find **Milk**; it may be gone. Say “show me my tasks” to see what there is.",
        ),
        (
            '{"success": false, "message": "Call list_tasks first."}',
            "That did not work for **Milk**: the task list refused it, without a reason.",
        ),
        ("Traceback: postgres://secret", None),
        ('{"tasks": 1}', None),
        ("[" * 100_000, None),
        (None, None),
    ],
)
def test_what_failed_is_told_as_failed_and_nothing_internal(content: object, told: str) -> None:
    trouble = "Sorry, the task list did not answer properly just now. Please try again in a moment."
    assert answer(tool_turn(content), TOOLS, TODAY, SAY) == (told or trouble)
