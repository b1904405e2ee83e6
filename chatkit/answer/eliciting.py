"""Questions that a tool server asks the user in the middle of a call (MCP: elicitation).

The question is a form, which ends the turn like one of `ask_user`. Before it, a hidden item keeps
the call and what the server needs to go on. The user's answer begins another turn, which goes on
with the call. Values are checked as the server's schema has them; what does not fit is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from chatkit.answer.form_fields import Misfit, Unfit, fields_of, question_of, shown, value_of
from chatkit.protocol.bodies import Body, ElicitedCall, StructuredInput, TaskBody
from chatkit.protocol.calls import CallRecord, Elicitation, ElicitationReply, ToolCall
from chatkit.protocol.content import UrlSource
from chatkit.protocol.ids import Prefix
from chatkit.protocol.items import Item
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.structured import MAX_SENTENCE, Question
from chatkit.protocol.workflows import WebSearchTask
from chatkit.words.say import Say

#: Longest address that a user is asked to open, in characters.
_MAX_URL: Final = 2048

# MCP, "Elicitation": servers must not ask for sensitive information by a form.
_SENSITIVE: Final = r"pass[-_ ]?(?:word|phrase|code)|(?:api|private|secret|access|signing)[-_ ]?key"
_SECRET_NAME: Final = re.compile(
    rf"{_SENSITIVE}|passwd|secret|token|credential|cvv|cvc|card[-_ ]?number|mnemonic"
    r"|seed[-_ ]?phrase|(?<![a-z])(?:pin|otp)(?![a-z])",
    re.IGNORECASE,
)
#: In sentences, where words like “token” also mean other things.
_SECRET_TEXT: Final = re.compile(
    rf"{_SENSITIVE}|(?:access|bearer|auth|refresh|session) token|client secret", re.IGNORECASE
)
_NO_SECRETS: Final = "The user was not asked: secrets are never given in a form. Tell the user so."
_LEFT: Final = (
    "The tool server asked the user for something and got no answer, so what became of this call "
    "is not known. Call the tool again if it is still wanted."
)


class NotAsked(Exception):
    """The user is not asked. `action` is the reply to the server, the text is for the model."""

    def __init__(self, action: Literal["decline", "cancel"], text: str) -> None:
        super().__init__(text)
        self.action = action


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOn:
    """A call that goes on after the user's answer: with `reply`, or, if `faults` are told, with
    the same question for the fields that did not fit, by name. `elicited` holds the values so far.
    """

    elicited: ElicitedCall
    reply: ElicitationReply
    faults: Mapping[str, str]


def check(asked: Elicitation) -> None:
    """Raise NotAsked for a question that is unfit for a form, or that wants a secret."""
    if asked.url is not None:
        _check_url(asked.url)
        return
    try:
        fields = fields_of(asked.schema)
    except Unfit as unfit:
        raise NotAsked("cancel", str(unfit)) from unfit
    for field in fields:
        told = f"{field.title} {field.description}"
        if _SECRET_NAME.search(f"{field.name} {field.title}") or _SECRET_TEXT.search(told):
            wanted = f"The server asked for {dumps(field.name)}, which looks like a secret."
            raise NotAsked("decline", f"{wanted} {_NO_SECRETS}")
    if _SECRET_TEXT.search(asked.message):
        raise NotAsked("decline", f"The server asked for what looks like a secret. {_NO_SECRETS}")


def bodies_for(
    call: ToolCall,
    asked: Elicitation,
    say: Say,
    *,
    content: Mapping[str, Any] | None = None,
    faults: Mapping[str, str] | None = None,
) -> list[tuple[Prefix, Body]]:
    """The items that ask a question which `check` has accepted, the form last.

    `content`: the values so far. `faults`: ask only for these fields, each with what was wrong. An
    address is in a step of its own, as a link.
    """
    elicited = ElicitedCall(call=call, asked=asked, content=dict(content or {}))
    items: list[tuple[Prefix, Body]] = []
    if asked.url is not None:
        source = UrlSource(title=urlsplit(asked.url).netloc, url=asked.url)
        link = WebSearchTask(status="complete", title=say("elicit.page"), sources=(source,))
        items.append(("tsk", TaskBody(step=link)))
    form = StructuredInput(questions=tuple(_questions(asked, say, faults)))
    return [*items, ("hid", elicited), ("msg", form)]


def going_on(form: Item | None, stored: Sequence[Item], say: Say) -> GoingOn | None:
    """How the call goes on whose `form` was just answered; None if the form is another one."""
    for before, item in pairwise(stored):
        if form is None or item.id != form.id or not isinstance(before.body, ElicitedCall):
            continue
        assert isinstance(form.body, StructuredInput)
        return _read(before.body, form.body, say)
    return None


def left_open(closed: Sequence[Item], stored: Sequence[Item]) -> list[Elicitation]:
    """The questions whose forms another message has `closed`."""
    ids = {item.id for item in closed}
    return [
        before.body.asked
        for before, item in pairwise(stored)
        if item.id in ids and isinstance(before.body, ElicitedCall)
    ]


def record_of(elicited: ElicitedCall) -> CallRecord:
    """The call that did not go on, for the model."""
    call = elicited.call
    return CallRecord(
        call_id=call.call_id,
        name=call.name,
        arguments=call.arguments,
        output=_LEFT,
        failed=True,
        extra=call.extra,
    )


def _questions(asked: Elicitation, say: Say, faults: Mapping[str, str] | None) -> list[Question]:
    message = shown(asked.message)[:MAX_SENTENCE]
    head = say("elicit.asks", server=shown(asked.server), message=message)
    if asked.url is not None:
        head = f"{head}\n\n{say('elicit.open', url=asked.url)}"
        options = (say("elicit.opened"), say("elicit.refuse"))
        return [Question(id="agree", question=head, options=options)]
    questions = []
    for field in fields_of(asked.schema):
        question = question_of(field, say)
        if faults is None:
            questions.append(question)
        elif field.name in faults:
            told = f"{faults[field.name]}\n\n{question.question}"
            questions.append(replace(question, question=told))
    if not questions:
        options = (say("elicit.yes"), say("elicit.refuse"))
        return [Question(id="agree", question=head, options=options)]
    first = replace(questions[0], question=f"{head}\n\n{questions[0].question}")
    return [first, *questions[1:]]


def _read(elicited: ElicitedCall, form: StructuredInput, say: Say) -> GoingOn:
    asked = elicited.asked
    decline = ElicitationReply(action="decline", asked=asked)
    if form.status != "answered":
        return GoingOn(elicited=elicited, reply=decline, faults={})
    fields = fields_of(asked.schema)
    if asked.url is not None or not fields:
        (agree,) = form.questions
        given = () if agree.answer is None else agree.answer.values
        nothing: dict[str, Any] | None = {} if asked.url is None else None
        accept = ElicitationReply(action="accept", asked=asked, content=nothing)
        agreed = given == agree.options[:1]
        return GoingOn(elicited=elicited, reply=accept if agreed else decline, faults={})
    by_name = {question.id: question for question in form.questions}
    content = dict(elicited.content)
    faults: dict[str, str] = {}
    for field in fields:
        if (question := by_name.get(field.name)) is None:  # its value is in the content
            continue
        try:
            value = value_of(field, question, say)
        except Misfit as misfit:
            faults[field.name] = str(misfit)
        else:
            if value is not None:
                content[field.name] = value
    return GoingOn(
        elicited=replace(elicited, content=content),
        reply=ElicitationReply(action="accept", asked=asked, content=content),
        faults=faults,
    )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        is_web = False
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _MAX_URL
    if not is_web or not is_plain or "@" in parts.netloc:
        raise NotAsked(
            "cancel", "The server wanted the user to open what is no address of the web."
        )
