"""Plays one turn: reads the intent of its message and runs its script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from chatkit.answer import asking, drafting
from chatkit.demo.doing import run
from chatkit.demo.finding import choose
from chatkit.demo.grammar import understand
from chatkit.demo.memory import Memory
from chatkit.demo.speech import Speech
from chatkit.demo.transcript import PastTurn
from chatkit.demo.values import (
    UNKNOWN,
    Add,
    ChangeTask,
    Complete,
    Delete,
    DemoReply,
    Intent,
    Plan,
    Script,
    Show,
    Talk,
    These,
    Words,
    Write,
)

#: The intent of each tool, and the verb that asks for it.
_TOOLS: Final[Mapping[str, tuple[type[Add | Show | Complete | ChangeTask | Delete], str]]] = {
    "add_task": (Add, "add"),
    "list_tasks": (Show, "find"),
    "complete_task": (Complete, "complete"),
    "update_task": (ChangeTask, "change"),
    "delete_task": (Delete, "delete"),
}
_ABOUT_FILE: Final = (
    r"\b(?:this|these|the|my|attached)\s+(?:attached\s+)?"
    r"(?:files?|documents?|images?|pictures?|photos?|screenshots?|pdfs?|attachments?)\b"
)


def play(turn: PastTurn, memory: Memory, speech: Speech, choice: str | None = None) -> Script:
    """The script of a whole turn; `choice` is the tool that the user wants."""
    intent = _mean(turn, memory, speech, choice or _first_tool(turn))
    if turn.has_files and (re.search(_ABOUT_FILE, turn.said, re.I) or intent == UNKNOWN):
        return DemoReply(text=speech.say("demo.no_files"))
    memory.asked = None
    return (yield from run(intent, memory, speech))


def _first_tool(turn: PastTurn) -> str | None:
    """The tool that a turn began with. Only the first step knows the user's choice."""
    if not turn.rounds:
        return None
    first, _ = turn.rounds[0][0]
    return first.name if first.arguments.get("show", True) else None


def _mean(turn: PastTurn, memory: Memory, speech: Speech, tool: str | None) -> Intent:
    """The intent of the message, given the open question and the chosen tool."""
    said, today = turn.said, speech.today
    intent = understand(said, today)
    if tool == drafting.WRITE_DRAFT.name:
        return intent if isinstance(intent, Write) else Write(said)
    if tool == asking.NAME:
        return intent if isinstance(intent, Plan) else Plan(_title_in(intent, said))
    if asked := memory.asked:
        if intent == Talk("yes") and asked.put_off:
            return Delete(target=These(asked.put_off))
        if intent == UNKNOWN and isinstance(asked.awaits, Add) and "?" not in said:
            return understand(f"add {said}", today)
        if intent == UNKNOWN and isinstance(asked.awaits, Complete | ChangeTask | Delete):
            return choose(asked.awaits, said) or UNKNOWN
    if tool is None or tool not in _TOOLS or not isinstance(intent, Talk):
        return intent
    kind, verb = _TOOLS[tool]
    found = understand(f"{verb} {said}", today) if intent == UNKNOWN else intent
    # Later steps know the tool only by the first call, which for a title is a lookup.
    by_title = isinstance(found, Complete | ChangeTask | Delete) and isinstance(found.target, Words)
    return found if isinstance(found, kind) and not by_title else kind()


def _title_in(intent: Intent, said: str) -> str:
    """The title in a message, without the words that ask for the form."""
    if isinstance(intent, Add) and intent.drafts:
        said = intent.drafts[0]["title"]
    elif intent != UNKNOWN:
        return ""
    return re.sub(rf"\s*(?:\bplease\b)?\s*\b{asking.NAME}\b", "", said).strip()
