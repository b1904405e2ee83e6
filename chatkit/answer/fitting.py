"""Trims a thread to a token budget, by whole turns.

Providers cache the beginning of a request. So a thread that is over the budget is not cut anew with
every message: it is cut at turns that are chosen by their ids, about every fourth one, and the
place stays the same until the rest no longer fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

from chatkit.protocol.bodies import (
    AskedCall,
    AssistantMessage,
    Body,
    ClientToolCall,
    ElicitedCall,
    Note,
    StopMark,
    StructuredInput,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.items import Item
from chatkit.protocol.jsontext import dumps

#: Assumed characters per token. English has about four; other scripts have fewer.
CHARS_PER_TOKEN: Final = 3
#: Assumed size of an attached file, in tokens: an image, or a page of text.
TOKENS_PER_FILE: Final = 1000
#: A thread is cut at one of so many turns.
_CUT_EVERY: Final = 4
#: Characters that `shorten` leaves of a tool's result, at least.
_MIN_RESULT_CHARS: Final = 300
_LEFT_OUT: Final = " … (the rest was left out to fit)"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The items that the model reads. `trimmed`: older ones are left out."""

    items: Sequence[Item]
    trimmed: bool

    @property
    def tokens(self) -> int:
        """Their estimated size."""
        return sum(tokens_of(item.body) for item in self.items)


def tokens_of(body: Body) -> int:
    """Estimated tokens of a body, rounded up; 0 for bodies that the model does not read."""
    match body:
        case UserMessage(attachments=attachments):
            files = TOKENS_PER_FILE * len(attachments)
        case ToolRound(calls=calls):
            files = TOKENS_PER_FILE * sum(len(call.images) for call in calls)
        case AssistantMessage() | AskedCall() | ClientToolCall() | StructuredInput():
            files = 0
        case ElicitedCall(call=call):
            return len(call.arguments) // CHARS_PER_TOKEN + 1
        case Note() | StopMark():
            files = 0
        case _:
            return 0
    return len(dumps(body.to_wire())) // CHARS_PER_TOKEN + 1 + files


def fit(items: Sequence[Item], budget: int, *, complete: bool = True) -> Fitted:
    """The newest whole turns within `budget` tokens. The last turn is always kept whole.

    A turn begins with a user message, so a tool result is never separated from its call.
    `complete`: `items` begins with the first item of the thread.
    """
    starts = [place for place, item in enumerate(items) if isinstance(item.body, UserMessage)]
    if not starts:
        return Fitted(items, trimmed=not complete)
    # The turns with which the kept ones may begin, newest first, each with the tokens from there.
    fitting = [(starts[-1], sum(tokens_of(item.body) for item in items[starts[-1] :]))]
    for start in reversed(starts[:-1]):
        end, spent = fitting[-1]
        spent += sum(tokens_of(item.body) for item in items[start:end])
        if spent > budget:
            break
        fitting.append((start, spent))
    if complete and len(fitting) == len(starts):
        return Fitted(items, trimmed=False)
    # A cut that leaves less than half of what fits would cost more than it saves.
    most = fitting[-1][1]
    cuts = [start for start, spent in fitting if spent * 2 >= most and _is_cut(items[start])]
    return Fitted(items[(cuts or [fitting[-1][0]])[-1] :], trimmed=True)


def _is_cut(item: Item) -> bool:
    return crc32(item.id.encode()) % _CUT_EVERY == 0


def shorten(items: Sequence[Item], budget: int, *, complete: bool) -> Fitted:
    """Fit a thread that its provider found too long: long results of tools are cut first, those of
    the last turn only if it alone is too long."""
    starts = [place for place, item in enumerate(items) if isinstance(item.body, UserMessage)]
    last = starts[-1] if starts else 0
    older = [_with_short_results(item, _MIN_RESULT_CHARS) for item in items[:last]]
    fitted = fit([*older, *items[last:]], budget, complete=complete)
    results = sum(len(_results_of(item.body)) for item in fitted.items)
    if fitted.tokens <= budget or not results:
        return fitted
    sizes = sum(len(text) for item in fitted.items for text in _results_of(item.body))
    room = budget * CHARS_PER_TOKEN - (fitted.tokens * CHARS_PER_TOKEN - sizes)
    share = max(_MIN_RESULT_CHARS, room // results)
    return replace(fitted, items=[_with_short_results(item, share) for item in fitted.items])


def _results_of(body: Body) -> Sequence[str]:
    return [call.output for call in body.calls] if isinstance(body, ToolRound) else ()


def _with_short_results(item: Item, most: int) -> Item:
    body = item.body
    if not isinstance(body, ToolRound) or all(len(call.output) <= most for call in body.calls):
        return item
    calls = tuple(
        call if len(call.output) <= most else replace(call, output=call.output[:most] + _LEFT_OUT)
        for call in body.calls
    )
    return replace(item, body=replace(body, calls=calls))
