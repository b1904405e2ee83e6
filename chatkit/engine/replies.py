"""How the page's and the user's answers change the items that waited for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from chatkit.protocol.bodies import Body, ClientToolCall, StructuredInput
from chatkit.protocol.structured import Submission, answered


def completed_with(result: Any) -> Callable[[Body], Body]:
    """For a client tool call: it has this output."""

    def complete(call: Body) -> Body:
        call = cast(ClientToolCall, call)
        return replace(call, status="completed", output=result, has_output=True)

    return complete


def answered_with(submission: Submission) -> Callable[[Body], Body]:
    """For a form: it is answered, or skipped."""

    def answer(form: Body) -> Body:
        form = cast(StructuredInput, form)
        return StructuredInput(
            questions=answered(form.questions, submission),
            status="skipped" if submission.skipped else "answered",
        )

    return answer
