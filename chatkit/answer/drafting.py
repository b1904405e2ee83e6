"""`write_draft`: a text for use elsewhere, shown as a card of its own while the model writes it.

The card grows with the arguments of the call, so the call needs no running: when its arguments are
whole, the card is, and gets its button.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from chatkit.answer.objectstrings import ObjectStrings
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol import widgets as w
from chatkit.protocol.bodies import CallRecord, WidgetBody
from chatkit.protocol.calls import BadArguments, read_arguments
from chatkit.protocol.errors import Sentence
from chatkit.protocol.events import Event, ItemAdded, ItemDone, ItemRemoved, WidgetUpdated
from chatkit.protocol.items import Item
from chatkit.protocol.jsontext import dumps
from chatkit.words.say import Say

#: What a click on the button of a finished card asks for; the card itself holds title and text.
SAVE: Final = "draft.save_as_task"
#: Longest title, in characters; what is above it is cut.
MAX_TITLE_CHARS: Final = 200

#: What the model is told of its call: when the card is whole, and when it will never be.
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
    """One card; `item` is its envelope."""

    def __init__(self, item: Item, say: Say) -> None:
        self._say = say
        self._strings = ObjectStrings()
        self._title = ""
        self._pieces: list[str] = []
        self._widget = _growing("", "", say)
        self.item = replace(item, body=WidgetBody(widget=self._widget))

    def begin(self) -> Event:
        """The card appears, empty."""
        return ItemAdded(self.item)

    def grow(self, arguments: str) -> list[Event]:
        """More of the call's arguments."""
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
        """The arguments are whole: the end, and the item, which holds what they say.

        Raises BadArguments for those that do not hold both texts.
        """
        given = read_arguments(arguments)
        for name in ("title", "text"):
            if not isinstance(given.get(name), str) or not given[name].strip():
                raise BadArguments(f"{name} must be a text.")
        return self._whole(given["title"][:MAX_TITLE_CHARS], given["text"])

    def cut_off(self) -> tuple[list[Event], Item | None]:
        """The arguments will never be whole: what there is of the text, as `close` has it.

        What was never any text is taken away.
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
        """There is no such card after all."""
        return ItemRemoved(self.item.id)

    def _delta(self, delta: str, *, done: bool) -> Event:
        update = {"component_id": _TEXT, "delta": delta, "done": done}
        return WidgetUpdated(self.item.id, {"type": "widget.streaming_text.value_delta", **update})

    def _component(self, component_id: str, component: w.Node) -> Event:
        update = {"component_id": component_id, "component": component}
        return WidgetUpdated(self.item.id, {"type": "widget.component.updated", **update})


def settled(widget: Mapping[str, Any], say: Say) -> w.Node | None:
    """A card that nobody writes any more, as it would be finished; None for one without text."""
    title, text = read_draft(widget)
    return _finished(title, text, say) if text.strip() else None


def read_draft(widget: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text of a draft's card; empty where it is another."""
    values = {
        child.get("id"): child.get("value", "")
        for child in widget.get("children", ())
        if isinstance(child, dict)
    }
    return str(values.get(_TITLE, "")), str(values.get(_TEXT, ""))


def cut_off_call(widget: Mapping[str, Any], call_id: str) -> CallRecord:
    """A card that was never finished as the model reads of it: as its call, with what is shown."""
    title, text = read_draft(widget)
    arguments = dumps({"title": title, "text": text})
    return CallRecord(
        call_id=call_id, name=WRITE_DRAFT.name, arguments=arguments, output=_CUT_OFF, failed=True
    )


def saved_draft(widget: Mapping[str, Any], sentence: str) -> w.Node:
    """A finished card with a sentence in the place of its button."""
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
