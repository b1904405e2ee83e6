"""A function for each component that our cards use: `card([row([text("Buy milk")])])`.

Props are keyword arguments with their wire names. Children and props that are None are left out,
also inside nested values such as action payloads. The three root functions validate their tree and
raise WidgetError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Unpack

from chatkit.protocol.widgets import props as p
from chatkit.protocol.widgets.icons import known_icon
from chatkit.protocol.widgets.tree import Node, validate
from chatkit.protocol.widgets.values import ActionConfig, Option

Children = Sequence[Node | None]

#: The replacement for an unknown name of an `Icon`, whose name is required.
_NO_ICON: Final = "dot"
_ICONS: Final = ("iconStart", "iconEnd")


def action(
    kind: str,
    payload: object = None,
    *,
    handler: Literal["server", "client"] = "server",
    loading: Literal["auto", "none", "self", "container"] = "auto",
    streaming: bool = True,
) -> ActionConfig:
    """The configuration of a click, change or submit action.

    With `streaming` False the response is one JSON object, and the action also works while an
    answer is streaming. Every field except the payload is always written, as in the SDK.
    """
    config: ActionConfig = {
        "type": kind,
        "handler": handler,
        "loadingBehavior": loading,
        "streaming": streaming,
    }
    if payload is not None:
        config["payload"] = payload
    return config


def card(children: Children, **props: Unpack[p.CardProps]) -> Node:
    """A root: content in a frame, and buttons below it."""
    return _root("Card", props, children)


def list_view(children: Children, **props: Unpack[p.ListViewProps]) -> Node:
    """A root: a list of `list_view_item` nodes."""
    return _root("ListView", props, children)


def basic(children: Children, **props: Unpack[p.BasicProps]) -> Node:
    """A root without a frame. Previews use it."""
    return _root("Basic", props, children)


def list_view_item(children: Children, **props: Unpack[p.ListViewItemProps]) -> Node:
    """A row of a `list_view`."""
    return _node("ListViewItem", props, children=children)


def box(children: Children, **props: Unpack[p.DirectedBoxProps]) -> Node:
    """A container in either direction."""
    return _node("Box", props, children=children)


def row(children: Children, **props: Unpack[p.BoxProps]) -> Node:
    """A container with its children side by side."""
    return _node("Row", props, children=children)


def col(children: Children, **props: Unpack[p.BoxProps]) -> Node:
    """A container with its children below each other."""
    return _node("Col", props, children=children)


def text(value: str, **props: Unpack[p.TextProps]) -> Node:
    """Plain text."""
    return _node("Text", props, value=value)


def title(value: str, **props: Unpack[p.TitleProps]) -> Node:
    """A heading."""
    return _node("Title", props, value=value)


def caption(value: str, **props: Unpack[p.CaptionProps]) -> Node:
    """Small text."""
    return _node("Caption", props, value=value)


def markdown(value: str, **props: Unpack[p.MarkdownProps]) -> Node:
    """Markdown."""
    return _node("Markdown", props, value=value)


def label(value: str, field_name: str, **props: Unpack[p.LabelProps]) -> Node:
    """The label of a form field."""
    return _node("Label", props, value=value, fieldName=field_name)


def badge(text: str, **props: Unpack[p.BadgeProps]) -> Node:
    """A word on a colored background."""
    return _node("Badge", props, label=text)


def icon(name: str, **props: Unpack[p.IconProps]) -> Node:
    """An icon; a dot if no widget knows the name."""
    return _node("Icon", props, name=known_icon(name) or _NO_ICON)


def button(text: str | None = None, **props: Unpack[p.ButtonProps]) -> Node:
    """A button with a label, an icon or both."""
    return _node("Button", props, label=text)


def text_input(name: str, **props: Unpack[p.InputProps]) -> Node:
    """A text field of one line."""
    return _node("Input", props, name=name)


def textarea(name: str, **props: Unpack[p.TextareaProps]) -> Node:
    """A text field of several lines."""
    return _node("Textarea", props, name=name)


def select(name: str, options: Sequence[Option], **props: Unpack[p.SelectProps]) -> Node:
    """A menu to choose one option from."""
    return _node("Select", props, name=name, options=options)


def date_picker(name: str, **props: Unpack[p.DatePickerProps]) -> Node:
    """A calendar to choose a day from."""
    return _node("DatePicker", props, name=name)


def checkbox(name: str, **props: Unpack[p.CheckboxProps]) -> Node:
    """A field that is on or off."""
    return _node("Checkbox", props, name=name)


def _node(kind: str, props: Mapping[str, object], **given: object) -> Node:
    node: Node = {"type": kind}
    for name, value in {**given, **props}.items():
        if name in _ICONS:
            value = _icon_or_none(value)
        elif name == "status" and isinstance(value, dict):
            value = {**value, "icon": _icon_or_none(value.get("icon"))}
        if name == "children" and isinstance(value, list | tuple):  # already without nulls inside
            node[name] = [child for child in value if child is not None]
        elif value is not None:
            node[name] = _without_nulls(value)
    return node


def _root(kind: str, props: Mapping[str, object], children: Children) -> Node:
    node = _node(kind, props, children=children)
    validate(node)
    return node


def _icon_or_none(name: object) -> str | None:
    return known_icon(name) if isinstance(name, str) else None


def _without_nulls(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                name: _without_nulls(member) for name, member in value.items() if member is not None
            }
        case list() | tuple():
            return [_without_nulls(entry) for entry in value if entry is not None]
        case _:
            return value
