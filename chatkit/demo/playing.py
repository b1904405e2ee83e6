"""One turn as one script: what its message means here, and all of that in order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from chatkit.answer import asking, drafting
from chatkit.demo.doing import run
from chatkit.demo.finding import choose
from chatkit.demo.grammar import understand
from chatkit.demo.memory import Memory
from chatkit.demo.speech import Speech
from chatkit.demo.transcript import Turn
from chatkit.demo.values import (
    Add,
    Begun,
    Change,
    Complete,
    Delete,
    Intent,
    It,
    Plan,
    Reply,
    Script,
    Show,
    Talk,
    TaskView,
    These,
    Unknown,
    Words,
    Write,
)

#: What a tool is for, and the verb that asks for it.
_TOOLS: Final[Mapping[str, tuple[type[Intent], str]]] = {
    "add_task": (Add, "add"),
    "list_tasks": (Show, "find"),
    "complete_task": (Complete, "complete"),
    "update_task": (Change, "change"),
    "delete_task": (Delete, "delete"),
}
_ABOUT_FILE: Final = re.compile(
    r"\b(?:this|these|the|my|attached)\s+(?:attached\s+)?"
    r"(?:files?|documents?|images?|pictures?|photos?|screenshots?|pdfs?|attachments?)\b",
    re.I,
)
#: What stands before the title in a line of a list.
_LIST_MARKS: Final = re.compile(r"^\s*(?:\d+\.\s*)?(?:[☐✅•*-]\s*)?")


def play(turn: Turn, memory: Memory, speech: Speech, choice: str | None = None) -> Script:
    """The script of a whole turn; `choice` is the tool that the user wants."""
    intents = _mean(turn, memory, speech, choice or _first_tool(turn))
    if turn.has_files and (_ABOUT_FILE.search(turn.said) or intents == (Unknown(),)):
        return Reply(text=speech.say("demo.no_files"))
    memory.asked = None
    replies: list[Reply] = []
    for intent in intents:
        reply = yield from run(_point(intent, turn), memory, speech)
        replies.append(reply)
    replies.sort(key=_asks)  # what asks comes last, where the next message answers it
    texts = dict.fromkeys(reply.text for reply in replies)
    return replace(replies[-1], text="\n\n".join(texts))


def _asks(reply: Reply) -> bool:
    return bool(reply.begun or reply.choosing or reply.put_off)


def _first_tool(turn: Turn) -> str | None:
    """The tool that a turn began with: where one was chosen, only the first step was told so."""
    if not turn.rounds:
        return None
    first, _ = turn.rounds[0][0]
    return first.name if first.arguments.get("show", True) else None


def _mean(turn: Turn, memory: Memory, speech: Speech, tool: str | None) -> tuple[Intent, ...]:
    """What the message means after what was asked, and with the tool that was chosen."""
    said, asked, today = turn.said, memory.asked, speech.today
    intents = understand(said, today)
    if tool == drafting.WRITE_DRAFT.name:
        return intents if isinstance(intents[0], Write) else (Write(said),)
    if tool == asking.NAME:
        return intents if isinstance(intents[0], Plan) else (Plan(_title_in(intents, said)),)
    if asked is not None:
        if intents == (Talk("yes"),) and asked.put_off:
            return (Delete(target=These(asked.put_off)),)
        if intents == (Unknown(),):
            if settled := choose(asked, said):
                return (settled,)
            if asked.begun is not None and "?" not in said:
                return understand(f"{asked.begun.verb} {said}", today)
    kind, verb = _TOOLS.get(tool or "", (None, ""))
    if kind is None or not isinstance(intents[0], Unknown | Talk):
        return intents
    found = understand(f"{verb} {said}", today) if intents == (Unknown(),) else intents
    # Later steps know the tool by the first call alone, and a title would have to be looked up.
    by_title = isinstance(found[0], Complete | Change | Delete) and isinstance(
        found[0].target, Words
    )
    if isinstance(found[0], kind) and not by_title:
        return found
    return (Show(),) if kind is Show else (Begun(verb),)  # type: ignore[arg-type]


def _title_in(intents: tuple[Intent, ...], said: str) -> str:
    """What a message names as a task, without what only calls for the form."""
    if isinstance(intents[0], Add):
        said = intents[0].drafts[0].title
    elif not isinstance(intents[0], Unknown):
        return ""
    return re.sub(rf"\s*(?:\bplease\b)?\s*\b{asking.NAME}\b", "", said).strip()


def _point(intent: Intent, turn: Turn) -> Intent:
    """What the message points at, in its place: the task of a mention, or of a quoted line."""
    if turn.quoted and isinstance(intent, Complete | Change | Delete) and intent.target == It():
        line = _LIST_MARKS.sub("", turn.quoted.split("\n")[0].split(" · ")[0])
        intent = replace(intent, target=Words(line.strip()))
    named: Intent = _name(intent, {task.id: task for task in turn.mentioned})
    return named


def _name(value: Any, mentioned: Mapping[str, TaskView]) -> Any:
    """A value in which a mentioned task is known by its title, and its id is no word of a text."""
    match value:
        case TaskView(known):
            return mentioned.get(known, value)
        case str():
            for known, task in mentioned.items():
                title = (task.title or "").replace("\\", "\\\\")
                value = re.sub(known, title, value, flags=re.I)
            return value
        case tuple():
            return tuple(_name(entry, mentioned) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: _name(getattr(value, part.name), mentioned) for part in fields(value)}
        return replace(value, **parts)
    return value
