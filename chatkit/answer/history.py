"""Converts a thread's items to model messages, and trims them to a token budget by whole turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from chatkit.answer import asking
from chatkit.protocol.attachments import FileContent
from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    ClientToolCall,
    Note,
    StopMark,
    StructuredInput,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.calls import CallRecord
from chatkit.protocol.content import InputTag, InputText
from chatkit.protocol.jsontext import dumps

#: Assumed characters per token. English has about four; other scripts have fewer.
CHARS_PER_TOKEN: Final = 3
#: Assumed size of an attached file, in tokens: an image, or a page of text.
TOKENS_PER_FILE: Final = 1000
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


def system_message(instructions: str, moment: datetime, time_zone: str) -> dict[str, Any]:
    """The system message. `moment` is in the user's zone. The built-in model parses this form."""
    today = f"Today is {moment:%A}, {moment:%Y-%m-%d} ({time_zone})."
    return {"role": "system", "content": f"{instructions}\n\n{today}"}


def to_messages(
    bodies: Sequence[Body], files: Mapping[str, FileContent] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Convert a thread to OpenAI's chat format; each tool call is followed by its result.

    `files` holds the contents of attachments, by attachment id. Calls that the page or the user
    has not answered are left out.
    """
    messages: list[dict[str, Any]] = []
    # Index of the text that the next round may belong to; notes may come between.
    spoken: int | None = None
    for place, body in enumerate(bodies):
        match body:
            case UserMessage():
                messages.append({"role": "user", "content": _user_content(body, files)})
                spoken = None
            case AssistantMessage(text=text):
                messages.append({"role": "assistant", "content": text or ""})
                spoken = len(messages) - 1
            case Note(text=text) | StopMark(text):
                messages.append({"role": "user", "content": f"{NOTE_START}{text}]"})
            case ToolRound():
                said = None
                if body.after_text and spoken is not None:
                    said = messages.pop(spoken)["content"]
                _add_calls(messages, said, body.calls)
                spoken = None
            case ClientToolCall(has_output=True):
                _add_calls(messages, None, [_client_call(body)])
            case StructuredInput(status="answered" | "skipped"):
                call = CallRecord(
                    call_id=f"{asking.NAME}_{place}",
                    name=asking.NAME,
                    arguments=asking.call_of(body),
                    output=asking.result_of(body),
                )
                _add_calls(messages, None, [call])
            case _:  # shown to the user only; the model knows it from calls and notes
                pass
    return messages


def _client_call(body: ClientToolCall) -> CallRecord:
    # The page's output is untrusted and may be any JSON.
    return CallRecord(
        call_id=body.call_id,
        name=body.name,
        arguments=dumps(body.arguments),
        output=dumps(body.output)[:MAX_CLIENT_OUTPUT],
    )


def _add_calls(
    messages: list[dict[str, Any]], said: str | None, calls: Sequence[CallRecord]
) -> None:
    messages.append(
        {
            "role": "assistant",
            "content": said,
            "tool_calls": [
                {
                    "id": call.call_id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in calls
            ],
        }
    )
    messages += [
        {"role": "tool", "tool_call_id": call.call_id, "content": call.output} for call in calls
    ]


def _user_content(
    message: UserMessage, files: Mapping[str, FileContent]
) -> str | list[dict[str, Any]]:
    text = _user_text(message)
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
            kept.append(ToolRound(calls=calls, carried=True))
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


def tokens_of(body: Body) -> int:
    """Estimated tokens of a body, rounded up; 0 for bodies that the model does not read."""
    match body:
        case UserMessage(attachments=attachments):
            files = TOKENS_PER_FILE * len(attachments)
        case AssistantMessage() | ToolRound() | ClientToolCall() | StructuredInput():
            files = 0
        case Note() | StopMark():
            files = 0
        case _:
            return 0
    return len(dumps(body.to_wire())) // CHARS_PER_TOKEN + 1 + files


def is_trimmed(fitted: Sequence[Body]) -> bool:
    """Whether `fit` left out messages."""
    return len(fitted) > 0 and isinstance(fitted[0], Note) and fitted[0].text == TRIMMED


def fit(bodies: Sequence[Body], budget: int) -> list[Body]:
    """The newest whole turns within `budget` tokens. The last turn is always kept whole.

    A turn begins with a user message, so a tool result is never separated from its call. A note
    replaces the turns that were left out.
    """
    starts = [place for place, body in enumerate(bodies) if isinstance(body, UserMessage)]
    kept_from = starts[-1] if starts else 0
    spent = sum(map(tokens_of, bodies[kept_from:]))
    for start in reversed(starts[:-1]):
        spent += sum(map(tokens_of, bodies[start:kept_from]))
        if spent > budget:
            break
        kept_from = start
    kept = list(bodies[kept_from:])
    return kept if kept_from <= (starts[0] if starts else 0) else [Note(text=TRIMMED), *kept]
