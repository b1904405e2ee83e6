"""Reads OpenAI chat messages as turns with tool calls and results. Accepts any input.

A turn contains only the user's own words: the text of files and quotes is never a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from chatkit.answer.history import DAY, NOTE_START, TRIMMED
from chatkit.demo.values import Call, Result, TaskView

#: A missing result, or one that is not the documented object.
UNREADABLE: Final = Result(readable=False)

_DECODER: Final = json.JSONDecoder()
_MENTION: Final = re.compile(r"(?<!\w)@(?P<title>\S(?:(?!\W@\S)[^\n])*?) (?=\{\"id\": ?\")")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


Message = Mapping[Any, Any]


@dataclass(slots=True, kw_only=True)
class PastTurn:
    """One user message and what followed: rounds of calls with results, then text.

    In `said` a task that was mentioned stands by its title in quotes, and lines that the message
    quotes are left out. `noted` says that something happened since, such as a click.
    """

    said: str
    has_files: bool = False
    rounds: list[list[tuple[Call, Result]]] = field(default_factory=list)
    told: str = ""
    noted: bool = False


def read_text(content: object) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        text = "\n".join(part for part in parts if isinstance(part, str))
    else:
        return ""
    # NUL and lone surrogates can neither be stored nor sent.
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _read_user(content: object) -> PastTurn:
    """The user's own words: the first text part. The others are files."""
    parts = content if isinstance(content, list) else [content]
    text = read_text(parts[:1] if isinstance(content, list) else content)
    lines = text[found.end() if (found := DAY.match(text)) else 0 :].split("\n")
    own = "\n".join(line for line in lines if not line.startswith(">"))
    return PastTurn(said=_read_mentions(own).strip("\n"), has_files=len(parts) > 1)


def _read_mentions(text: str) -> str:
    """`@Buy milk {"id": "…"}` -> `«Buy milk»`. Other entities are their names."""
    said, position = "", 0
    while match := _MENTION.search(text, position):
        try:
            data, end = _DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            break
        title = match["title"]
        if _UUID.fullmatch(str(data.get("id"))):
            title = f"«{title.replace('»', ' ')}»"
        said, position = said + text[position : match.start()] + title, end
    return said + text[position:]


def read_today(messages: Sequence[Message], otherwise: date) -> date:
    """The user's date: of the newest message, or of the note that tells the current time."""
    for message in reversed(messages):
        if message.get("role") == "user":
            found = DAY.search(read_text(message.get("content")))
            with suppress(ValueError):
                if found is not None:
                    return date.fromisoformat(found[1])
    return otherwise


def read_turns(messages: Sequence[Message]) -> list[PastTurn]:
    """The turns in order. Messages before the first user message are ignored."""
    turns: list[PastTurn] = []
    results = {
        str(message.get("tool_call_id")): read_result(message.get("content"))
        for message in messages
        if message.get("role") == "tool"
    }
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if role == "user" and not read_text(content).startswith(NOTE_START):
            turns.append(_read_user(content))
        elif role == "user" and turns:
            turns[-1].noted = True
        elif role == "assistant" and turns:
            turn = turns[-1]
            calls = [
                (call, results.get(call_id, UNREADABLE))
                for call_id, call in _read_calls(message.get("tool_calls"))
            ]
            turn.rounds += [calls] if calls else []
            turn.told += read_text(content)
            turn.noted = False
    return turns


def is_trimmed(messages: Sequence[Message]) -> bool:
    """Whether older messages of the conversation are missing."""
    said = [read_text(m.get("content")) for m in messages if m.get("role") == "user"]
    return any(TRIMMED in text for text in said)


def _read_calls(calls: object) -> Iterable[tuple[str, Call]]:
    for entry in calls if isinstance(calls, list) else ():
        function = entry.get("function") if isinstance(entry, Mapping) else None
        if isinstance(function, Mapping):
            arguments = _read_object(function.get("arguments"))
            yield str(entry.get("id")), Call(str(function.get("name")), arguments or {})


def _read_object(text: object) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_result(content: object) -> Result:
    """A tool's answer `{success, task | tasks, total, message}`; anything else is unreadable."""
    found = _read_object(read_text(content))
    if found is not None and isinstance(found.get("answers"), list):
        return Result(success=True, answers=tuple(map(_read_answer, found["answers"])))
    if found is None or not isinstance(found.get("success"), bool):
        return UNREADABLE
    entries = found.get("tasks")
    read = [_read_task(entry) for entry in entries] if isinstance(entries, list) else []
    tasks = tuple(task for task in read if task is not None)
    total, message = found.get("total"), found.get("message")
    return Result(
        success=found["success"],
        task=_read_task(found.get("task")),
        tasks=tasks,
        total=max(total, len(tasks)) if type(total) is int else len(tasks),
        message=message if isinstance(message, str) else "",
        on_card=found.get("shown_as_card") is True,
    )


def _read_answer(entry: object) -> str:
    values = entry.get("answers") if isinstance(entry, Mapping) else None
    return ", ".join(map(str, values)) if isinstance(values, list) else ""


def _read_task(entry: object) -> TaskView | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
        return None
    title = entry.get("title")
    return TaskView(entry["id"], title if isinstance(title, str) else None, dict(entry))
