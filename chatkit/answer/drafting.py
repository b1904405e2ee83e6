"""`write_draft`: a tool that shows a text as a card while the model writes it.

The card is built from the streamed arguments of the call, so the call is never run. When the
arguments are complete, the card is complete and gets its button.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from chatkit.answer.objectstrings import ObjectStrings
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol import widgets as w
from chatkit.protocol.bodies import WidgetBody
from chatkit.protocol.calls import BadArguments, CallRecord, read_arguments
from chatkit.protocol.errors import Sentence
from chatkit.protocol.events import Event, ItemAdded, ItemDone, ItemRemoved, WidgetUpdated
from chatkit.protocol.ids import NewId
from chatkit.protocol.items import Item
from chatkit.protocol.jsontext import dumps
from chatkit.words.say import Say

#: Action type of the button of a finished card. Title and text are read from the card itself.
SAVE: Final = "draft.save_as_task"
#: Longest title, in characters; a longer one is cut.
MAX_TITLE_CHARS: Final = 200

#: Results of the call for the model: for a complete card, and for one that was cut off.
SHOWN: Final = "The user sees the draft as a card. Do not repeat it."
_CUT_OFF: Final = "The draft was cut off here; the user was shown what there is of it, as a card."

_TITLE: Final = "draft-title"
_STATE: Final = "draft-state"
_TEXT: Final = "draft-text"

WRITE_DRAFT: Final = ToolSpec(
    name="write_draft",
    kind="draft",
    title=Sentence("tool.write_draft"),
    icon="notebook-pencil",
    description=(
        "Write a text that the user will use elsewhere: an email, a message, a letter, a plan, an "
        "outline. It is shown as a card while you write, with buttons to copy and keep it. Not for "
        "answers in the conversation."
    ),
    parameters={
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "What it is, in a few words."},
            "text": {"type": "string", "description": "The whole text, as Markdown."},
        },
        "required": ["title", "text"],
    },
)


class DraftWriter:
    """Builds one card from the arguments of a call; `item` is its envelope."""

    def __init__(self, item: Item, say: Say) -> None:
        self._say = say
        self._strings = ObjectStrings()
        self._title = ""
        self._pieces: list[str] = []
        self._widget = _growing("", "", say)
        self.item = replace(item, body=WidgetBody(widget=self._widget))

    def begin(self) -> Event:
        """Add the empty card."""
        return ItemAdded(self.item)

    def grow(self, arguments: str) -> list[Event]:
        """Update the card with the next piece of the call's arguments."""
        title, text = self._title, ""
        for name, piece in self._strings.feed(arguments):
            if name == "title":
                title = (title + piece)[:MAX_TITLE_CHARS]
            elif name == "text":
                text += piece
        events: list[Event] = []
        if title != self._title:
            self._title = title
            component = _title(title)
            events.append(self._component(_TITLE, component))
        if text:
            self._pieces.append(text)
            events.append(self._delta(text, done=False))
        return events

    def close(self, arguments: str) -> tuple[list[Event], Item]:
        """Complete the card with the whole arguments; return the last events and the item.

        Raises BadArguments if title or text is missing or empty.
        """
        given = read_arguments(arguments)
        for name in ("title", "text"):
            if not isinstance(given.get(name), str) or not given[name].strip():
                raise BadArguments(f"{name} must be a text.")
        return self._whole(given["title"][:MAX_TITLE_CHARS], given["text"])

    def cut_off(self) -> tuple[list[Event], Item | None]:
        """Complete the card with the text so far, because the call was cut off.

        Without any text, remove the card and return None as the item.
        """
        text = "".join(self._pieces)
        return self._whole(self._title, text) if text.strip() else ([self.remove()], None)

    def _whole(self, title: str, text: str) -> tuple[list[Event], Item]:
        widget = _finished(title, text, self._say)
        whole = replace(self.item, body=WidgetBody(widget=widget, copy_text=text))
        return [
            self._delta("", done=True),
            self._component(_STATE, _state(self._say("draft.finished"))),
            WidgetUpdated(self.item.id, {"type": "widget.root.updated", "widget": widget}),
            ItemDone(whole),
        ], whole

    def remove(self) -> Event:
        """Remove the card."""
        return ItemRemoved(self.item.id)

    def _delta(self, delta: str, *, done: bool) -> Event:
        update = {"component_id": _TEXT, "delta": delta, "done": done}
        return WidgetUpdated(self.item.id, {"type": "widget.streaming_text.value_delta", **update})

    def _component(self, component_id: str, component: w.Node) -> Event:
        update = {"component_id": component_id, "component": component}
        return WidgetUpdated(self.item.id, {"type": "widget.component.updated", **update})


def settled(widget: Mapping[str, Any], say: Say) -> w.Node | None:
    """The finished form of an abandoned card; None if it has no text."""
    title, text = read_draft(widget)
    return _finished(title, text, say) if text.strip() else None


def read_draft(widget: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text of a draft card; both are empty for any other card."""
    values = {
        child.get("id"): child.get("value", "")
        for child in widget.get("children", ())
        if isinstance(child, dict)
    }
    return str(values.get(_TITLE, "")), str(values.get(_TEXT, ""))


def cut_off_call(widget: Mapping[str, Any], call_id: str) -> CallRecord:
    """The call of an unfinished card, for the model: arguments and result as far as shown."""
    title, text = read_draft(widget)
    arguments = dumps({"title": title, "text": text})
    return CallRecord(
        call_id=call_id, name=WRITE_DRAFT.name, arguments=arguments, output=_CUT_OFF, failed=True
    )


def saved_draft(widget: Mapping[str, Any], sentence: str) -> w.Node:
    """A finished card without its button, with `sentence` as its state."""
    title, text = read_draft(widget)
    return w.card(
        [_state(sentence), _title(title), w.markdown(text, id=_TEXT)],
        size="lg",
    )


def _growing(title: str, text: str, say: Say) -> w.Node:
    body = w.markdown(text, id=_TEXT, streaming=True)
    return w.card([_state(say("draft.writing")), _title(title), body], size="lg")


def _finished(title: str, text: str, say: Say) -> w.Node:
    save = w.button(
        say("draft.save"),
        iconStart="check-circle",
        variant="outline",
        size="sm",
        onClickAction=w.action(SAVE, {}),
    )
    parts = [
        _state(say("draft.finished")),
        _title(title),
        w.markdown(text, id=_TEXT),
        w.row([save]),
    ]
    return w.card(parts, size="lg")


def _title(title: str) -> w.Node:
    return w.title(title, id=_TITLE, size="sm")


def _state(state: str) -> w.Node:
    return w.caption(state, id=_STATE)


def cut_off(
    drafts: Iterable[DraftWriter], new_id: NewId
) -> tuple[list[Event], list[Item], tuple[CallRecord, ...]]:
    """End unfinished drafts. Returns the events, the cards that remain, and the calls for these."""
    events: list[Event] = []
    cards: list[Item] = []
    for draft in drafts:
        closed, card = draft.cut_off()
        events += closed
        cards += [] if card is None else [card]
    calls = tuple(cut_off_call(card.to_wire()["widget"], new_id("tc")) for card in cards)
    return events, cards, calls
