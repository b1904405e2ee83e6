"""Items of a thread as the messages that a model reads, cut to a token budget by whole turns."""

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
    CallRecord,
    ClientToolCall,
    Note,
    StopMark,
    StructuredInput,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.content import InputTag, InputText
from chatkit.protocol.jsontext import dumps

#: One token is about four characters of English; other scripts take more, so three is assumed.
CHARS_PER_TOKEN: Final = 3
#: What a file of a message is taken for, in tokens: an image, or a page of text.
TOKENS_PER_FILE: Final = 1000
#: Longest answer of a page to a client tool call that the model reads, in characters.
MAX_CLIENT_OUTPUT: Final = 32_000
_ANOTHER_ANSWER: Final = "the user asked for another answer to the message above"
_CARRIED_OVER: Final = (
    f"{_ANOTHER_ANSWER}; the tool calls were made for an earlier answer, now withdrawn. What they "
    "changed still holds, so do not repeat them for that; the cards, drafts and images that they "
    "showed are gone, so make those again where they are wanted"
)
#: How a note begins among the messages.
NOTE_START: Final = "[Note from the server: "
#: Told to the model in place of what the budget left out.
TRIMMED: Final = "Earlier messages of this conversation were left out to fit."


def system_message(instructions: str, moment: datetime, time_zone: str) -> dict[str, Any]:
    """The first message. `moment` is in the user's zone; the built-in model reads this form too."""
    today = f"Today is {moment:%A}, {moment:%Y-%m-%d} ({time_zone})."
    return {"role": "system", "content": f"{instructions}\n\n{today}"}


def to_messages(
    bodies: Sequence[Body], files: Mapping[str, FileContent] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """The thread in OpenAI's chat format; each tool call is followed by its result.

    `files` are the contents of attachments by their ids. A call that the page or the user has not
    answered is left out.
    """
    messages: list[dict[str, Any]] = []
    spoken: int | None = None  # the place of a text that a round may belong to, past notes
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
            case _:  # what is shown besides: the model knows it from calls and notes
                pass
    return messages


def _client_call(body: ClientToolCall) -> CallRecord:
    # What a page answers is data, and may be anything.
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
    # The data of a tag comes from the page: it is shown as JSON, never as words of the user.
    return f"@{tag.text} {dumps({'id': tag.id, **({'data': tag.data} if tag.data else {})})}"


def carried_over(
    withdrawn: Sequence[ToolRound | ClientToolCall | Note],
) -> list[ToolRound | Note]:
    """What a retry keeps of the answer that it replaces: the tool calls that worked, and what the
    user did on its cards.

    All of that still holds, so a model that reads it does not do it twice.
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
    """How often the model has called tools since the user had a say: a turn that goes on from a
    page's output is not the first."""
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
    """About how many tokens a body takes, rounded up; none for what the model is not told of."""
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
    """Whether `fit` has left something out."""
    return len(fitted) > 0 and isinstance(fitted[0], Note) and fitted[0].text == TRIMMED


def fit(bodies: Sequence[Body], budget: int) -> list[Body]:
    """The newest whole turns within `budget` tokens, the last turn always whole.

    A turn begins with a user message, so no tool result is ever cut from its call. Where
    something was left out, a note stands in its place.
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
