"""Items of a thread as the messages that a model reads, cut to a token budget by whole turns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from chatkit.protocol.items import (
    AssistantMessage,
    Body,
    InputTag,
    InputText,
    Note,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.jsontext import dumps

#: One token is about four characters of English; other scripts take more, so three is assumed.
CHARS_PER_TOKEN: Final = 3
_CARRIED_OVER: Final = (
    "the user asked for another answer to the message above; the tool calls were made for an "
    "earlier answer, now withdrawn, and what they did still holds, so do not repeat them"
)
#: How a note begins among the messages.
NOTE_START: Final = "[Note from the server: "
#: Told to the model in place of what the budget left out.
TRIMMED: Final = "Earlier messages of this conversation were left out to fit."


def system_message(instructions: str, moment: datetime, time_zone: str) -> dict[str, Any]:
    """The first message. `moment` is in the user's zone; the built-in model reads this form too."""
    today = f"Today is {moment:%A}, {moment:%Y-%m-%d} ({time_zone})."
    return {"role": "system", "content": f"{instructions}\n\n{today}"}


def to_messages(bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """The thread in OpenAI's chat format; each tool call is followed by its result."""
    messages: list[dict[str, Any]] = []
    for body in bodies:
        match body:
            case UserMessage():
                messages.append({"role": "user", "content": _user_text(body)})
            case AssistantMessage(text=text):
                messages.append({"role": "assistant", "content": text or ""})
            case Note(text=text):
                messages.append({"role": "user", "content": f"{NOTE_START}{text}]"})
            case ToolRound():
                _add_round(messages, body)
    return messages


def _add_round(messages: list[dict[str, Any]], body: ToolRound) -> None:
    said = messages.pop()["content"] if body.after_text else None
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
                for call in body.calls
            ],
        }
    )
    messages += [
        {"role": "tool", "tool_call_id": call.call_id, "content": call.output}
        for call in body.calls
    ]


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


def carried_over(withdrawn: Sequence[ToolRound]) -> list[ToolRound | Note]:
    """What a retry keeps of the answer that it replaces: the tool calls that worked.

    What they did still holds, so a model that reads them does not do it twice.
    """
    rounds: list[ToolRound | Note] = []
    for entry in withdrawn:
        calls = tuple(call for call in entry.calls if not call.failed)
        if calls:
            rounds.append(ToolRound(calls=calls, carried=True))
    return [*rounds, Note(text=_CARRIED_OVER, carried=True)] if rounds else []


def tokens_of(body: Body) -> int:
    """About how many tokens a body takes, rounded up."""
    return len(dumps(body.to_wire())) // CHARS_PER_TOKEN + 1


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
