"""Converts a thread's items to model messages.

The same items always become the same messages, so that a request begins with the one before it and
providers can cache that beginning. So the date is not in the system message: each message of the
user tells its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final

from chatkit.answer import asking
from chatkit.answer.approving import is_allowed, refused
from chatkit.answer.eliciting import record_of
from chatkit.protocol.attachments import FileContent, ImageContent
from chatkit.protocol.bodies import (
    AskedCall,
    AssistantMessage,
    Body,
    ClientToolCall,
    ElicitedCall,
    Note,
    StopMark,
    StructuredInput,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.calls import CallRecord, Reasoning
from chatkit.protocol.content import InputTag, InputText
from chatkit.protocol.items import Item
from chatkit.protocol.jsontext import dumps

#: Longest output of a client tool call that the model reads, in characters.
MAX_CLIENT_OUTPUT: Final = 32_000
_ANOTHER_ANSWER: Final = "the user asked for another answer to the message above"
_CARRIED_OVER: Final = (
    f"{_ANOTHER_ANSWER}; the tool calls were made for an earlier answer, now withdrawn. What they "
    "changed still holds, so do not repeat them for that; the cards, drafts and images that they "
    "showed are gone, so make those again where they are wanted"
)
#: How a note begins among the messages.
NOTE_START: Final = "[Note from the server: "
#: Note for the model in place of trimmed messages.
TRIMMED: Final = "Earlier messages of this conversation were left out to fit."
#: Introduces the current time, where the newest message of the user is of another day.
_NOW: Final = "it is now "
#: The day in the first line of a user message, and in the note with the current time.
DAY: Final = re.compile(
    rf"^(?:\[|{re.escape(NOTE_START + _NOW)})[A-Z][a-z]+day, "
    r"(\d{4}-\d\d-\d\d) \d\d:\d\d, [^\]\n]*\]\n?",
    re.ASCII,
)
_ABOUT_DAYS: Final = (
    "Each message of the user begins with a line that the server adds: the day and time at which "
    "it was sent, in the user's time zone. The newest tells today's date. Never write such a line."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time zone of the user, its name, and the current time."""

    zone: tzinfo
    zone_name: str
    now: datetime

    def tell(self, moment: datetime) -> str:
        """A time for the model. The built-in model parses this form."""
        local = moment.astimezone(self.zone)
        return f"{local:%A}, {local:%Y-%m-%d %H:%M}, {self.zone_name}"

    def is_today(self, moment: datetime) -> bool:
        """Whether a time is on the user's current day."""
        return moment.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()


def system_message(instructions: str) -> dict[str, Any]:
    """The system message."""
    return {"role": "system", "content": f"{instructions}\n\n{_ABOUT_DAYS}"}


def to_messages(
    items: Sequence[Item],
    clock: Clock,
    files: Mapping[str, FileContent] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Convert a thread to OpenAI's chat format; each tool call is followed by its result.

    `files` holds the contents of attachments and of the images of results, by id. A result with
    images has parts as its content. Calls that the page or the user has not answered are left out.
    The reasoning of a round, and the fields of a call that go back to the provider, are in the
    private keys `reasoning` and `extra`: see `models.pure.compose`.
    """
    messages: list[dict[str, Any]] = []
    newest = next((item for item in reversed(items) if isinstance(item.body, UserMessage)), None)
    # Index of the text that the next round may belong to; notes may come between.
    spoken: int | None = None
    asked: AskedCall | None = None  # the call that the next form asks about
    elicited = False  # whether the next form is that of a tool server
    for place, item in enumerate(items):
        body = item.body
        match body:
            case UserMessage():
                first_line = f"[{clock.tell(item.created_at)}]\n"
                messages.append({"role": "user", "content": _user_content(body, files, first_line)})
                if item is newest and not clock.is_today(item.created_at):
                    messages.append(note(_NOW + clock.tell(clock.now)))
                spoken = None
            case AssistantMessage(text=text):
                messages.append({"role": "assistant", "content": text or ""})
                spoken = len(messages) - 1
            case Note(text=text) | StopMark(text):
                messages.append(note(text))
            case ToolRound():
                said = None
                if body.after_text and spoken is not None:
                    said = messages.pop(spoken)["content"]
                _add_calls(messages, said, body.calls, body.reasoning, files)
                spoken = None
            case AskedCall():
                asked = body
            case StructuredInput(status="answered" | "skipped") if asked is not None:
                if not is_allowed(body):  # a call that was allowed is in the round behind it
                    _add_calls(messages, None, [refused(asked, body)])
                asked = None
            case ElicitedCall():
                if not _goes_on(body, items[place + 1 :]):
                    _add_calls(messages, None, [record_of(body)])
                elicited = True
            case StructuredInput() if elicited:
                elicited = False
            case ClientToolCall(has_output=True):
                _add_calls(messages, None, [_client_call(body)])
            case StructuredInput(status="answered" | "skipped"):
                call = CallRecord(
                    call_id=item.id,
                    name=asking.NAME,
                    arguments=asking.call_of(body),
                    output=asking.result_of(body),
                )
                _add_calls(messages, None, [call])
            case _:  # shown to the user only; the model knows it from calls and notes
                pass
    return messages


def _goes_on(elicited: ElicitedCall, later: Sequence[Item]) -> bool:
    """Whether the user may still answer, or the call went on in another turn."""
    if not later or (isinstance(later[0].body, StructuredInput) and len(later) == 1):
        return True
    for item in later:
        match item.body:
            case UserMessage():
                return False
            case ElicitedCall(call=call) | AskedCall(call=call):
                if call.call_id == elicited.call.call_id:
                    return True
            case ToolRound(calls=calls):
                if any(call.call_id == elicited.call.call_id for call in calls):
                    return True
    return False


def note(text: str) -> dict[str, Any]:
    """A message of the server, in the place of a user's."""
    return {"role": "user", "content": f"{NOTE_START}{text}]"}


def _client_call(body: ClientToolCall) -> CallRecord:
    # The page's output is untrusted and may be any JSON.
    return CallRecord(
        call_id=body.call_id,
        name=body.name,
        arguments=dumps(body.arguments),
        output=dumps(body.output)[:MAX_CLIENT_OUTPUT],
    )


def _add_calls(
    messages: list[dict[str, Any]],
    said: str | None,
    calls: Sequence[CallRecord],
    reasoning: Reasoning | None = None,
    files: Mapping[str, FileContent] = MappingProxyType({}),
) -> None:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": said,
        "tool_calls": [_call(call) for call in calls],
    }
    if reasoning is not None:
        message["reasoning"] = reasoning.to_wire()
    messages.append(message)
    messages += [
        {"role": "tool", "tool_call_id": call.call_id, "content": _result_content(call, files)}
        for call in calls
    ]


def _result_content(
    call: CallRecord, files: Mapping[str, FileContent]
) -> str | list[dict[str, Any]]:
    contents = [files[image.id] for image in call.images if image.id in files]
    seen = [content.to_part() for content in contents if isinstance(content, ImageContent)]
    return [{"type": "text", "text": call.output}, *seen] if seen else call.output


def _call(call: CallRecord) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    return wire if call.extra is None else {**wire, "extra": call.extra}


def _user_content(
    message: UserMessage, files: Mapping[str, FileContent], first_line: str
) -> str | list[dict[str, Any]]:
    text = first_line + _user_text(message)
    parts = [
        files[attachment.id].to_part()
        for attachment in message.attachments
        if attachment.id in files
    ]
    return [{"type": "text", "text": text}, *parts] if parts else text


def _user_text(message: UserMessage) -> str:
    text = "".join(
        part.text if isinstance(part, InputText) else _tag_text(part) for part in message.content
    )
    if message.quoted_text is not None:
        quoted = "\n".join(f"> {line}" for line in message.quoted_text.split("\n"))
        return f"{quoted}\n\n{text}"
    return text


def _tag_text(tag: InputTag) -> str:
    # The data of a tag comes from the page. As JSON, it cannot pass for words of the user.
    return f"@{tag.text} {dumps({'id': tag.id, **({'data': tag.data} if tag.data else {})})}"


def carried_over(
    withdrawn: Sequence[ToolRound | ClientToolCall | Note],
) -> list[ToolRound | Note]:
    """The tool calls and notes that a retry keeps from the answer it replaces.

    Keeps successful calls and the user's actions on cards. Their effects still hold, so the model
    must read them in order not to repeat them.
    """
    kept: list[ToolRound | Note] = []
    calls: tuple[CallRecord, ...]
    for entry in withdrawn:
        match entry:
            case Note(text=text):
                if not text.startswith(_ANOTHER_ANSWER):
                    kept.append(Note(text=text, carried=True))
                continue
            case ClientToolCall():
                calls = (_client_call(entry),) if entry.has_output else ()
            case _:
                calls = tuple(call for call in entry.calls if not call.failed)
        if calls:
            reasoning = entry.reasoning if isinstance(entry, ToolRound) else None
            kept.append(ToolRound(calls=calls, carried=True, reasoning=reasoning))
    made_calls = any(isinstance(entry, ToolRound) for entry in kept)
    return [*kept, Note(text=_CARRIED_OVER, carried=True)] if made_calls else kept


def rounds_since_the_user(bodies: Sequence[Body]) -> int:
    """The number of tool rounds since the user's last message or form answer.

    A turn that continues after a client tool call counts the rounds of the turns before it.
    """
    rounds = 0
    for body in reversed(bodies):
        match body:
            case UserMessage() | StructuredInput():
                break
            case ToolRound(carried=False) | ClientToolCall():
                rounds += 1
            case _:
                pass
    return rounds
