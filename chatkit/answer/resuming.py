"""What a turn does before it asks the model, after the user has answered a form about a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatkit.answer.approving import Approvals
from chatkit.answer.eliciting import GoingOn, going_on
from chatkit.protocol.bodies import ToolRound
from chatkit.protocol.calls import ElicitationReply, ToolCall
from chatkit.protocol.items import Item
from chatkit.words.say import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """At most one of: `call` to run, with the `reply` to its server, if that asked; `refused`, a
    call that must not run after all; `again`, a form with values that did not fit."""

    call: ToolCall | None = None
    reply: ElicitationReply | None = None
    refused: tuple[ToolRound, ...] = ()
    again: GoingOn | None = None


def resumption(
    approvals: Approvals, form: Item | None, stored: Sequence[Item], say: Say
) -> Resumption:
    """What follows from the just answered `form`. `stored` are the items of the thread."""
    allowed = approvals.answered(form, stored)
    if allowed is not None:
        refusal = approvals.refusal_of(allowed)
        if refusal is not None:
            return Resumption(refused=(ToolRound(calls=(refusal,)),))
        return Resumption(call=allowed.call)
    asked = going_on(form, stored, say)
    if asked is None:
        return Resumption()
    if asked.faults:
        return Resumption(again=asked)
    return Resumption(call=asked.elicited.call, reply=asked.reply)
