"""Messages in, the next step out: tool calls to run, or the text that ends the turn.

Nothing is remembered between requests. The turns of the conversation are played again in order,
each script fed with the results that the messages hold; what is left of the last one is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from chatkit.demo.clauses import without_politeness
from chatkit.demo.memory import Memory
from chatkit.demo.smalltalk import NOTICE
from chatkit.demo.staging import play
from chatkit.demo.transcript import (
    UNREADABLE,
    Turn,
    is_trimmed,
    read_system,
    read_today,
    read_turns,
)
from chatkit.demo.values import Call, Question, Reply, Result, Script

_LONGEST_TITLE: Final = 60
_DANGLING: Final = frozenset(("a", "an", "and", "by", "for", "my", "of", "on", "or", "the", "to"))


@dataclass(frozen=True, slots=True)
class Calls:
    """Tool calls to run before the turn goes on, at least one."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """The answer, Markdown, never empty."""

    text: str


def answer(
    messages: Iterable[object], tools: Iterable[str], today: date, choice: str | None = None
) -> Calls | Text:
    """The next step of a conversation in OpenAI's format.

    `tools` are the names that may be called, `choice` the one to begin with. `today` counts where
    no system message tells the day.
    """
    messages, known = list(messages), frozenset(tools)
    today = read_today(messages, today)
    turns = read_turns(messages) or [Turn(said="help")]
    if not known and (chore := _do_chore(read_system(messages), turns)):
        return Text(chore)
    memory, question = Memory(), None
    for turn in turns[:-1]:
        question = _replay(turn, memory, question, today)
    step = _advance(turns[-1], play(turns[-1], memory, question, today, choice))
    if isinstance(step, Calls):
        if {call.name for call in step.calls} <= known:
            return step
        step = Reply(text="I can't reach the task list from here, so I could not do that.")
    first = not is_trimmed(messages) and not any(turn.told.strip() for turn in turns[:-1])
    return Text(f"{step.text}\n\n{NOTICE}" if first else step.text)


def _do_chore(system: str, turns: Sequence[Turn]) -> str | None:
    """What a server asks of its model beside the conversation: a title, a summary."""
    if re.search(r"\btitle\b", system, re.I):
        return short_title(turns[0].said)
    if re.search(r"\bsummar", system, re.I):
        return "The user asked: " + "; ".join(short_title(turn.said) for turn in turns) + "."
    return None


def short_title(said: str) -> str:
    """A title for a conversation: the first words of what the user said."""
    line = next((line for line in said.splitlines() if line.strip()), "")[:400]
    line = re.sub(r"^\s*(?:user|human)\s*:\s*", "", line, flags=re.I)
    words = re.sub(r"[*_`#>\[\]\"“”]", "", without_politeness(line)).split()[:6]
    while len(words) > 1 and words[-1].lower() in _DANGLING:
        words.pop()
    title = " ".join(words)[:_LONGEST_TITLE].strip(" .,;:!?-")
    return title[:1].upper() + title[1:] or "New conversation"


def _advance(turn: Turn, script: Script) -> Calls | Reply:
    """Feed a script what the turn holds already."""
    recorded: Iterator[Sequence[tuple[Call, Result]]] = iter(turn.rounds)
    try:
        calls = next(script)
        while (done := next(recorded, None)) is not None:
            calls = script.send(_match_results(calls, done))
    except StopIteration as end:
        reply: Reply = end.value
        return reply
    return Calls(tuple(calls))


def _match_results(calls: Sequence[Call], done: Sequence[tuple[Call, Result]]) -> list[Result]:
    """The result of each call; one that was recorded for another tool is not its result."""
    results = [UNREADABLE] * len(calls)
    for place, (call, (past, result)) in enumerate(zip(calls, done, strict=False)):
        if call.name == past.name:
            results[place] = result
    return results


def _replay(turn: Turn, memory: Memory, question: Question | None, today: date) -> Question | None:
    """Play a past turn again, to learn what it showed and what it asked.

    A turn that the script cannot have ended in these words is another model's: what it showed is
    unknown. What happened since it, such as a click on a card, has settled its question.
    """
    step = _advance(turn, play(turn, replace(memory), question, today))
    calls = [pair for done in turn.rounds for pair in done]
    for call, result in calls:
        memory.note(call, result)
    if isinstance(step, Calls) or not _was_told(step.text, turn):
        if any(call.name == "list_tasks" for call, _ in calls):
            memory.shown = memory.listing = None
        return None
    if step.listed:
        memory.shown, memory.listing = step.listed, step.listing
    memory.focus = step.focus or memory.focus
    asked = step.question
    return asked if asked and asked.words in turn.told and not turn.noted else None


def _was_told(text: str, turn: Turn) -> bool:
    """Whether the turn ended so: the last line counts, up to where a day is told from today."""
    return text.split("\n")[-1].split(" · ")[0].strip() in turn.told
