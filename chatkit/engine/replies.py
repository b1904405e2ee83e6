"""Changes to pending items: a client tool call gets its output, a form gets its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from chatkit.protocol.bodies import Body, ClientToolCall, StructuredInput
from chatkit.protocol.errors import NotFound
from chatkit.protocol.structured import Submission, answered


def completed_with(result: Any, call_id: str | None = None) -> Callable[[Body], Body]:
    """Return a function that completes a client tool call with `result` as its output.

    The function raises NotFound for another call than `call_id`, unless that is None.
    """

    def complete(call: Body) -> Body:
        call = cast(ClientToolCall, call)
        if call_id not in (None, call.call_id):
            raise NotFound("item")
        return replace(call, status="completed", output=result, has_output=True)

    return complete


def answered_with(submission: Submission) -> Callable[[Body], Body]:
    """Return a function that marks a form as answered or skipped."""

    def answer(form: Body) -> Body:
        form = cast(StructuredInput, form)
        return StructuredInput(
            questions=answered(form.questions, submission),
            status="skipped" if submission.skipped else "answered",
        )

    return answer
