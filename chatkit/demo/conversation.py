"""Computes the next step of a conversation: tool calls, or the text that ends the turn.

The demo has no memory between requests. It replays all turns of the conversation in order, and
feeds each script the results in the messages. The next step of the last script is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chatkit.demo.memory import Memory
from chatkit.demo.playing import play
from chatkit.demo.speech import Speech
from chatkit.demo.transcript import UNREADABLE, PastTurn, is_trimmed, read_today, read_turns
from chatkit.demo.values import Call, DemoReply, Result, Script
from chatkit.words.say import Say


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """One or more tool calls; the turn continues with their results."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """The text of the answer, in Markdown; never empty."""

    text: str


def answer(
    given: Iterable[object],
    tools: Iterable[str],
    today: date,
    say: Say,
    choice: str | None = None,
) -> ToolCalls | Text:
    """The next step of a conversation in OpenAI's format.

    `tools` are the names of the offered tools, `choice` the one to call first. `today` is used if
    the system message contains no date.
    """
    messages = [message for message in given if isinstance(message, Mapping)]
    speech = Speech(say, read_today(messages, today))
    *past, turn = read_turns(messages) or [PastTurn(said="help")]
    memory = Memory()
    for before in past:
        _replay(before, memory, speech)
    step = _advance(turn, play(turn, memory, speech, choice), memory)
    if isinstance(step, ToolCalls):
        if {call.name for call in step.calls} <= frozenset(tools):
            return step
        step = DemoReply(text=say("demo.no_tools"))
    first = not is_trimmed(messages) and not any(before.told.strip() for before in past)
    return Text(f"{step.text}\n\n{say('demo.notice')}" if first else step.text)


def _replay(turn: PastTurn, memory: Memory, speech: Speech) -> None:
    """Replay a past turn, to find out what it showed and what it asked.

    It asked only what it was heard to say: another model may have answered. What happened since,
    such as a click on a card, has settled its question.
    """
    step = _advance(turn, play(turn, memory, speech), memory)
    heard = isinstance(step, DemoReply) and step.text.split("\n")[-1] in turn.told
    memory.ask(step if isinstance(step, DemoReply) and heard and not turn.noted else None)


def _advance(turn: PastTurn, script: Script, memory: Memory) -> ToolCalls | DemoReply:
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
    return ToolCalls(tuple(calls))


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
