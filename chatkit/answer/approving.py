"""Asks the user before a tool of another server runs.

The question is a form, which ends the turn like one of `ask_user`. Before it, a hidden item keeps
the call. The user's answer begins another turn, and that runs the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final, Literal, Self, get_args

from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.bodies import AskedCall, Body, StructuredInput
from chatkit.protocol.calls import BadArguments, CallRecord, ToolCall, read_arguments
from chatkit.protocol.items import Item
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.structured import Question
from chatkit.words.say import Say

When = Literal["never", "destructive", "always"]

#: The tool that calls another one by its name: the user is asked about that one.
CALL_TOOL: Final = "call_tool"

_ENTRY: Final = re.compile(r"(?:(?P<server>[^:/]+)(?:/(?P<tool>[^:]+))?:)?(?P<when>[a-z]+)")
_CHANGED: Final = (
    "The call was not run: the tool has changed since the user was asked. Call it again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """Which tools of other servers ask first: (server pattern, tool pattern, when), the last wins.

    A tool that its server declares to only read, or to destroy nothing, is not `destructive`.
    """

    rules: tuple[tuple[str, str, When], ...] = (("*", "*", "destructive"),)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `destructive,files:always,memory/read_*:never`. Raises ValueError."""
        rules: list[tuple[str, str, When]] = [("*", "*", "destructive")]
        for entry in text.split(","):
            match = _ENTRY.fullmatch(entry.strip())
            when = next((each for each in get_args(When) if match and each == match["when"]), None)
            if match is None or when is None:
                raise ValueError(
                    "must be never, destructive or always, or a list like files:always"
                )
            rules.append((match["server"] or "*", match["tool"] or "*", when))
        return cls(rules=tuple(rules))

    def asks_about(self, tool: ToolSpec) -> bool:
        """Whether the user is asked before a call of `tool`."""
        when = [
            when
            for server, pattern, when in self.rules
            if fnmatchcase(tool.server, server) and fnmatchcase(tool.own_name, pattern)
        ][-1]
        return bool(tool.server) and (
            when == "always" or (when == "destructive" and tool.destructive)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """The approvals of a thread. `always` holds the digests of tools that the user has allowed."""

    policy: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    tools: Mapping[str, ToolSpec] = field(default_factory=dict)
    always: frozenset[str] = frozenset()

    @classmethod
    def of(cls, policy: ApprovalPolicy, tools: Iterable[ToolSpec], bodies: Sequence[Body]) -> Self:
        """Those that the `bodies` of a thread hold. `tools` are all tools of the servers."""
        return cls(
            policy=policy,
            tools={tool.name: tool for tool in tools},
            always=frozenset(
                asked.digest
                for asked, form in pairwise(bodies)
                if isinstance(asked, AskedCall)
                and isinstance(form, StructuredInput)
                and _choice(form) == 1
            ),
        )

    def asks_about(self, call: ToolCall) -> ToolSpec | None:
        """The tool that the user has to allow before `call` is run; None if nobody is asked."""
        tool = self._tool_of(call)
        if tool is None or tool.digest in self.always or not self.policy.asks_about(tool):
            return None
        return tool

    @staticmethod
    def answered(form: Item | None, stored: Sequence[Item]) -> AskedCall | None:
        """The call that the user has just allowed by the answered `form`; None if there is none."""
        for before, item in pairwise(stored):
            if form is not None and item.id == form.id and isinstance(before.body, AskedCall):
                allowed = isinstance(form.body, StructuredInput) and is_allowed(form.body)
                return before.body if allowed else None
        return None

    def refusal_of(self, asked: AskedCall) -> CallRecord | None:
        """The result of an allowed call that must not run; None if it may."""
        tool = self._tool_of(asked.call)
        if tool is not None and tool.digest == asked.digest:
            return None
        return _record(asked, _CHANGED)

    def _tool_of(self, call: ToolCall) -> ToolSpec | None:
        name: object = call.name
        if name == CALL_TOOL:
            try:
                name = read_arguments(call.arguments).get("name")
            except BadArguments:
                return None
        return self.tools.get(name) if isinstance(name, str) else None


def form_for(call: ToolCall, tool: ToolSpec, say: Say) -> StructuredInput:
    """The question about a call: the tool, its server, and the arguments in full."""
    try:
        arguments = dumps(read_arguments(call.arguments))
    except BadArguments:
        arguments = dumps(call.arguments)
    question = say(
        "approval.question",
        tool=_visible(dumps(tool.own_name)[1:-1]),
        server=tool.server,
        arguments=_visible(arguments),
    )
    options = (say("approval.once"), say("approval.always"), say("approval.no"))
    return StructuredInput(questions=(Question(id="allow", question=question, options=options),))


def _visible(text: str) -> str:
    """JSON with the characters escaped that could make it look like another text."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def is_allowed(form: StructuredInput) -> bool:
    """Whether the user has allowed the call."""
    return _choice(form) in (0, 1)


def refused(asked: AskedCall, form: StructuredInput) -> CallRecord:
    """The call that the user did not allow, with the user's words, for the model."""
    answer = form.questions[0].answer
    is_own = answer is not None and answer.values and _choice(form) is None
    words = answer.values[0] if answer is not None and is_own else ""
    said = f" The user wrote: {dumps(words)}" if words else ""
    return _record(asked, f"The user did not allow this call, and it was not run.{said}")


def _choice(form: StructuredInput) -> int | None:
    """The place of the chosen option; None if another text, or nothing, was answered."""
    question = form.questions[0]
    answer = question.answer
    if form.status != "answered" or answer is None or len(answer.values) != 1:
        return None
    chosen = answer.values[0]
    return question.options.index(chosen) if chosen in question.options else None


def _record(asked: AskedCall, output: str) -> CallRecord:
    call = asked.call
    return CallRecord(
        call_id=call.call_id,
        name=call.name,
        arguments=call.arguments,
        output=output,
        failed=True,
        extra=call.extra,
    )
