"""Widgets: builders for the components that we use, validation of a tree, and updates of it.

from chatkit.protocol import widgets as w
w.card([w.row([w.checkbox("done"), w.text("Buy milk")])], size="sm")
"""

from __future__ import annotations

from chatkit.protocol.widgets.builders import (
    action,
    badge,
    basic,
    box,
    button,
    caption,
    card,
    checkbox,
    col,
    date_picker,
    icon,
    label,
    list_view,
    list_view_item,
    markdown,
    row,
    select,
    text,
    text_input,
    textarea,
    title,
)
from chatkit.protocol.widgets.changes import WidgetUpdate, apply
from chatkit.protocol.widgets.tree import Node, WidgetError, validate
from chatkit.protocol.widgets.values import Option

__all__ = [
    "Node",
    "Option",
    "WidgetError",
    "WidgetUpdate",
    "action",
    "apply",
    "badge",
    "basic",
    "box",
    "button",
    "caption",
    "card",
    "checkbox",
    "col",
    "date_picker",
    "icon",
    "label",
    "list_view",
    "list_view_item",
    "markdown",
    "row",
    "select",
    "text",
    "text_input",
    "textarea",
    "title",
    "validate",
]
