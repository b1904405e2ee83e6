"""Widgets: builders for every component, what a tree may hold, and how it changes.

from chatkit.protocol import widgets as w
w.card([w.row([w.checkbox("done"), w.text("Buy milk")])], size="sm")
"""

from __future__ import annotations

from chatkit.protocol.widgets.builders import (
    Children,
    action,
    badge,
    basic,
    box,
    button,
    caption,
    card,
    chart,
    checkbox,
    col,
    date_picker,
    divider,
    form,
    icon,
    image,
    label,
    list_view,
    list_view_item,
    markdown,
    radio_group,
    row,
    select,
    spacer,
    table,
    table_cell,
    table_row,
    text,
    text_input,
    textarea,
    title,
    transition,
)
from chatkit.protocol.widgets.changes import Update, apply, diff
from chatkit.protocol.widgets.icons import known_icon
from chatkit.protocol.widgets.tree import Node, WidgetError, validate
from chatkit.protocol.widgets.values import ActionConfig, Option

__all__ = [
    "ActionConfig", "Children", "Node", "Option", "Update", "WidgetError", "action", "apply",
    "badge", "basic", "box", "button", "caption", "card", "chart", "checkbox", "col",
    "date_picker", "diff", "divider", "form", "icon", "image", "known_icon", "label", "list_view",
    "list_view_item", "markdown", "radio_group", "row", "select", "spacer", "table", "table_cell",
    "table_row", "text", "text_input", "textarea", "title", "transition", "validate",
]  # fmt: skip
