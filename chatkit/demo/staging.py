"""One turn as one script: its intents in stages, those of a stage at the same time."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, Final

from chatkit.answer import asking, drafting
from chatkit.demo import speech
from chatkit.demo.acting import ask_to_delete
from chatkit.demo.clauses import is_command
from chatkit.demo.finding import choose
from chatkit.demo.grammar import understand
from chatkit.demo.memory import LOOKUP, Memory
from chatkit.demo.scripts import run
from chatkit.demo.smalltalk import NO_FILES
from chatkit.demo.targets import read_target
from chatkit.demo.transcript import Turn
from chatkit.demo.values import (
    Add,
    Begun,
    Call,
    Change,
    Complete,
    Delete,
    Intent,
    It,
    Look,
    Pick,
    Places,
    Plan,
    Question,
    Reply,
    Result,
    Script,
    Show,
    Talk,
    TaskView,
    Unknown,
    Words,
    Write,
)

#: Stages of one message, each of up to three rounds: a server bounds the rounds of a turn.
_MOST_STAGES: Final = 3

#: The tools that show the user something of their own.
_SHOWING: Final = (asking.NAME, drafting.WRITE_DRAFT.name)
#: What a tool is for, and the verb that asks for it.
_TOOLS: Final[dict[str, tuple[type[Intent], str]]] = {
    "add_task": (Add, "add task:"),
    "list_tasks": (Show, "show"),
    "complete_task": (Complete, "complete"),
    "update_task": (Change, "change"),
    "delete_task": (Delete, "delete"),
}
#: Intents that have nothing to do with the list of tasks, so that none waits for another.
_ALONE = Talk | Unknown | Pick | Begun | Plan | Write

_ABOUT_FILE = re.compile(
    r"\b(?:this|these|the|my|attached)\s+(?:attached\s+)?"
    r"(?:files?|documents?|images?|pictures?|photos?|screenshots?|pdfs?|attachments?)\b",
    re.I,
)
#: What stands before the title in a line of a list.
_LIST_MARKS = re.compile(r"^\s*(?:\d+\.\s*)?(?:[☐✅•*-]\s*)?")


def play(
    turn: Turn, memory: Memory, question: Question | None, today: date, choice: str | None = None
) -> Script:
    """The script of a whole turn; `question` is what the turn before asked, `choice` the tool that
    the user wants."""
    intents = understand(turn.said, today)
    tool = choice or _first_tool(turn)
    if tool in _SHOWING:
        intents = (_to_show(tool, turn.said, intents),)
    elif question is None:
        intents = _choose_tool(tool, turn.said, intents, today)
    if turn.has_files and (_ABOUT_FILE.search(turn.said) or not any(map(_is_clear, intents))):
        return Reply(text=NO_FILES)
    intents = _settle(intents, turn.said, question, today)
    intents = tuple(_point(intent, turn) for intent in intents)
    if _moves_places(intents) and memory.shown == ():
        (result,) = yield [Call("list_tasks", {"limit": LOOKUP, "show": False})]
        if not result.success:
            return Reply(text=speech.say_failure(result))
        memory.shown = result.tasks
    replies: list[Reply] = []
    stages = list(_stages(intents))
    for stage in stages[:_MOST_STAGES]:
        replies += yield from _together([run(intent, memory, today) for intent in stage], memory)
    put_off = {task.id: task for reply in replies for task in reply.put_off}
    if put_off:  # one question for all of them, whichever words meant them
        on_card = all(reply.on_card for reply in replies if reply.put_off)
        replies.append(ask_to_delete([*put_off.values()], today, on_card=on_card))
    texts = list(dict.fromkeys(reply.text for reply in replies if reply.text))
    if len(stages) > _MOST_STAGES:
        texts.append("That was a lot at once; please send the rest again.")
    listed = [reply for reply in replies if reply.listed]
    asked = [reply.question for reply in replies if reply.question]
    return Reply(
        text="\n\n".join(texts),
        listed=listed[-1].listed if listed else (),
        listing=listed[-1].listing if listed else None,
        focus=next((reply.focus for reply in reversed(replies) if reply.focus), None),
        question=asked[-1] if asked else None,
    )


def _first_tool(turn: Turn) -> str | None:
    """The tool that a turn began with: where one was chosen, only the first step was told so."""
    if not turn.rounds:
        return None
    first, _ = turn.rounds[0][0]
    return first.name if first.arguments.get("show", True) else None


def _to_show(tool: str, said: str, intents: tuple[Intent, ...]) -> Intent:
    """The form or the draft of the words, whatever else they could mean."""
    if isinstance(intents[0], Plan | Write):
        return intents[0]
    return Plan(_title_in(intents, said)) if tool == asking.NAME else Write(said)


def _choose_tool(
    tool: str | None, said: str, intents: tuple[Intent, ...], today: date
) -> tuple[Intent, ...]:
    """The intents for which that tool is called; a message that is a command means what it says."""
    kind, verb = _TOOLS.get(tool or "", (None, ""))
    if kind is None or is_command(said, in_title=False):
        return intents
    if any(isinstance(intent, kind) for intent in intents):
        return intents
    found = understand(f"{verb} {said}", today)
    if kind is Show:
        return found if isinstance(found[0], Show) else (Show(),)
    return found if isinstance(found[0], Add) or _is_placed(found[0]) else understand(verb, today)


def _is_placed(intent: Intent) -> bool:
    return isinstance(intent, Complete | Change | Delete) and not isinstance(intent.target, Words)


def _title_in(intents: tuple[Intent, ...], said: str) -> str:
    """What a message names as a task, without what only calls for the form."""
    if isinstance(intents[0], Add) and intents[0].drafts:
        said = intents[0].drafts[0].title
    elif not isinstance(intents[0], Unknown):
        return ""
    return re.sub(rf"\s*(?:\bplease\b)?\s*\b{asking.NAME}\b", "", said).strip()


def _is_clear(intent: Intent) -> bool:
    return not isinstance(intent, Unknown)


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


def _settle(
    intents: tuple[Intent, ...], said: str, question: Question | None, today: date
) -> tuple[Intent, ...]:
    """Read an answer to the question of the turn before as what it settles."""
    if question is None:
        return intents
    if question.begun and not isinstance(intents[0], Talk):
        if is_command(said, in_title=question.titles):
            return intents
        return understand(f"{question.begun} {said}", today)
    if len(intents) != 1:
        return intents
    settled: Intent | None = None
    match intents[0]:
        case Talk("yes"):
            settled = question.on_yes
        case Pick(target):
            settled = choose(question, target)
        case Unknown():
            settled = choose(question, read_target(said, today))
    return (settled,) if settled is not None else intents


def _moves_places(intents: Sequence[Intent]) -> bool:
    """Whether numbers of the plain list could shift under the calls of one message."""
    doing = [intent for intent in intents if isinstance(intent, Add | Complete | Change | Delete)]
    by_place = [i for i in doing if not isinstance(i, Add) and isinstance(i.target, Places)]
    return len(doing) > 1 and bool(by_place)


def _stages(intents: Sequence[Intent]) -> Iterator[list[Intent]]:
    stage: list[Intent] = []
    for intent in intents:
        if stage and any(_waits_for(intent, earlier) for earlier in stage):
            yield stage
            stage = []
        stage.append(intent)
    yield stage


def _waits_for(intent: Intent, earlier: Intent) -> bool:
    """Whether an intent needs what an earlier one of the same message does to be done."""
    if isinstance(earlier, _ALONE) or isinstance(intent, _ALONE):
        return False
    if isinstance(intent, Show | Look) or isinstance(earlier, Show | Look):
        return isinstance(intent, Show | Look) != isinstance(earlier, Show | Look)
    if isinstance(intent, Add):
        return False
    if isinstance(intent.target, Words):
        return isinstance(earlier, Add) or (
            isinstance(earlier, Change) and earlier.title is not None
        )
    return isinstance(intent.target, It)


def _together(
    scripts: Sequence[Script], memory: Memory
) -> Generator[list[Call], list[Result], list[Reply]]:
    """Run scripts side by side: the calls that each waits for go out in one round."""
    replies: dict[int, Reply] = {}
    waiting: dict[int, list[Call]] = {}

    def step(place: int, results: list[Result] | None) -> None:
        script = scripts[place]
        try:
            waiting[place] = next(script) if results is None else script.send(results)
        except StopIteration as end:
            replies[place] = end.value

    for place in range(len(scripts)):
        step(place, None)
    while waiting:
        asked, waiting = waiting, {}
        calls = [call for batch in asked.values() for call in batch]
        results = yield calls
        for call, result in zip(calls, results, strict=True):
            memory.note(call, result)
        for place, batch in asked.items():
            step(place, results[: len(batch)])
            results = results[len(batch) :]
    return [replies[place] for place in range(len(scripts))]
