"""Computes the next step of a conversation: tool calls, or the text that ends the turn.

The demo has no memory between requests. It replays all turns of the conversation in order, and
feeds each script the results in the messages. The next step of the last script is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from chatkit.answer import asking, drafting
from chatkit.demo.acting import choose, run
from chatkit.demo.grammar import understand
from chatkit.demo.speech import Speech
from chatkit.demo.transcript import UNREADABLE, PastTurn, is_trimmed, read_today, read_turns
from chatkit.demo.values import (
    UNKNOWN,
    Add,
    Call,
    ChangeTask,
    Complete,
    Delete,
    DemoReply,
    Intent,
    Memory,
    Plan,
    Result,
    Script,
    Show,
    Talk,
    Words,
    Write,
)
from chatkit.words.say import Say

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


def answer(
    given: Iterable[object],
    tools: Iterable[str],
    today: date,
    say: Say,
    choice: str | None = None,
) -> list[Call] | str:
    """The next step of a conversation in OpenAI's format: tool calls, or the text of the answer.

    `tools` are the names of the offered tools, `choice` the one to call first. `today` is used if
    the system message contains no date.
    """
    messages = [message for message in given if isinstance(message, Mapping)]
    speech = Speech(say, read_today(messages, today))
    *past, turn = read_turns(messages) or [PastTurn(said="help")]
    memory = Memory()
    for before in past:
        _replay(before, memory, speech)
    step = _advance(turn, _play(turn, memory, speech, choice), memory)
    if not isinstance(step, DemoReply):
        if {call.name for call in step} <= frozenset(tools):
            return step
        step = DemoReply(text=say("demo.no_tools"))
    first = not is_trimmed(messages) and not any(before.told.strip() for before in past)
    return f"{step.text}\n\n{say('demo.notice')}" if first else step.text


def _replay(turn: PastTurn, memory: Memory, speech: Speech) -> None:
    """Replay a past turn, to find out what it showed and what it asked.

    It asked only what it was heard to say: another model may have answered. What happened since,
    such as a click on a card, has settled its question.
    """
    step = _advance(turn, _play(turn, memory, speech), memory)
    heard = isinstance(step, DemoReply) and step.text.split("\n")[-1] in turn.told
    memory.ask(step if isinstance(step, DemoReply) and heard and not turn.noted else None)


def _advance(turn: PastTurn, script: Script, memory: Memory) -> list[Call] | DemoReply:
    """Feed a script the results of the turn, and note them in the memory."""
    rounds = iter(turn.rounds)
    try:
        calls = next(script)
        for done in rounds:
            _note(done, memory)
            calls = script.send(_match_results(calls, done))
    except StopIteration as end:
        for done in rounds:
            _note(done, memory)
        reply: DemoReply = end.value
        return reply
    return calls


def _note(done: Sequence[tuple[Call, Result]], memory: Memory) -> None:
    for call, result in done:
        memory.note(call, result)


def _match_results(calls: Sequence[Call], done: Sequence[tuple[Call, Result]]) -> list[Result]:
    """The result of each call. A result of another tool does not count."""
    results = [UNREADABLE] * len(calls)
    for place, (call, (past, result)) in enumerate(zip(calls, done, strict=False)):
        if call.name == past.name:
            results[place] = result
    return results


def _play(turn: PastTurn, memory: Memory, speech: Speech, choice: str | None = None) -> Script:
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
