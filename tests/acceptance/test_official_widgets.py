"""Every component with every prop, read with the types of the official SDK and written again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from chatkit.protocol import widgets as w
from chatkit.protocol.widgets.components import COMPONENTS, ROOTS
from chatkit.protocol.widgets.icons import ICONS
from chatkit.todo.tasks import Task
from tests.acceptance.test_official_types import Sent, differences, official_python
from tests.protocol.widgets.samples import whole_nodes
from tests.wording import SAY
from tools.change_cards import confirm_card
from tools.listed import Listed
from tools.task_cards import form_card, list_card, message_card, task_preview

__all__ = ["official_python"]  # the fixture

#: What only the types of the page know (npm, from 1.7).
PAGE_ONLY: Final = {"Table", "Table.Row", "Table.Cell"}
PAGE_ONLY_PROPS: Final = {("Card", "border")}
#: Any string to us, which the builders then turn into one of the icons there are.
ICON_PROPS: Final = {("Icon", "name"), ("Button", "iconStart"), ("Button", "iconEnd")}


def of_the_sdk(kind: str, node: w.Node) -> w.Node:
    return {
        name: "check" if (kind, name) in ICON_PROPS else value
        for name, value in node.items()
        if (kind, name) not in PAGE_ONLY_PROPS
    }


def test_every_component_is_of_the_official_types(official_python: Path) -> None:
    sent: list[Sent] = [
        ("widget" if kind in ROOTS else "component", of_the_sdk(kind, node))
        for kind in COMPONENTS
        if kind not in PAGE_ONLY
        for node in whole_nodes(kind)
    ]
    assert {value["type"] for _, value in sent} == set(COMPONENTS) - PAGE_ONLY
    assert differences(official_python, sent) == []


def test_every_icon_is_of_the_official_types(official_python: Path) -> None:
    names = [*ICONS, "lucide:upload", "vendor:logo"]
    assert differences(official_python, [("component", w.icon(name)) for name in names]) == []
    assert differences(official_python, [("component", {"type": "Icon", "name": "upload"})]) != []


def test_the_task_cards_are_of_the_official_types(official_python: Path) -> None:
    fields: dict[str, Any] = {
        "description": "by transfer", "completed": True, "priority": "high",
        "category": "finance", "tags": ("home",), "due_date": date(2026, 11, 30),
        "recurrence": "monthly", "completed_at": None,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
        "updated_at": datetime(2026, 11, 1, tzinfo=UTC),
    }  # fmt: skip
    full = Task(id="1", title="Pay rent", **fields)
    bare = Task(id="2", title="Buy milk", **fields | {
        "description": None, "completed": False, "priority": "low", "category": None, "tags": (),
        "due_date": None, "recurrence": None,
    })  # fmt: skip
    listed, today = Listed(places={1: "1", 2: "2"}, more=3), date(2026, 11, 22)
    cards = [
        list_card(listed, {"1": full, "2": bare}, today, SAY, message="Deleted."),
        list_card(listed, {}, today, SAY),
        form_card(full, listed, UTC, SAY, message="title: must not be empty."),
        form_card(bare, listed, UTC, SAY),
        confirm_card([(full, None), (bare, {"title": "Milk", "tags": ["a"]})], "trn_1", today, SAY),
        message_card("Deleted 1 task.", ["Buy milk"], struck=True),
    ]
    trees = [card.widget for card in cards] + [task_preview(full, today, SAY)]
    assert differences(official_python, [("widget", tree) for tree in trees]) == []
