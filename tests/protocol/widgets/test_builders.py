"""Trees as programs write them."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from chatkit.protocol import widgets as w
from chatkit.protocol.widgets import builders
from chatkit.protocol.widgets.components import COMPONENTS
from chatkit.protocol.widgets.icons import ICONS, known_icon


def test_a_tree_reads_as_it_is_drawn() -> None:
    done = w.action("task.complete", {"task_id": "1"}, streaming=False)
    assert w.card(
        [w.row([w.checkbox("done", onChangeAction=done), w.text("Buy milk", lineThrough=True)])],
        size="lg",
    ) == {
        "type": "Card",
        "size": "lg",
        "children": [
            {
                "type": "Row",
                "children": [
                    {
                        "type": "Checkbox",
                        "name": "done",
                        "onChangeAction": {
                            "type": "task.complete",
                            "payload": {"task_id": "1"},
                            "handler": "server",
                            "loadingBehavior": "auto",
                            "streaming": False,
                        },
                    },
                    {"type": "Text", "value": "Buy milk", "lineThrough": True},
                ],
            }
        ],
    }


def test_each_builder_gives_a_component() -> None:
    given: dict[str, Any] = {
        "children": [], "value": "v", "field_name": "f", "text": "t", "name": "n", "options": [],
    }  # fmt: skip
    built = set()
    for name, build in inspect.getmembers(builders, inspect.isfunction):
        if build.__module__ == builders.__name__ and name != "action" and name[0] != "_":
            wanted = [p.name for p in inspect.signature(build).parameters.values()]
            node = build(*[given[name] for name in wanted if name != "props"])
            built.add(node["type"])
    assert {"Card", "Row", "Text"} <= built <= set(COMPONENTS)


def test_null_is_never_sent() -> None:
    nothing: Any = None
    tree = w.card(
        [
            None,
            w.button(
                "Go", disabled=nothing, onClickAction=w.action("go", {"a": None, "b": [None]})
            ),
            w.col([None]),
        ],
        theme=nothing,
    )
    assert "null" not in json.dumps(tree)
    assert [child["type"] for child in tree["children"]] == ["Button", "Col"]
    assert tree["children"][1]["children"] == []
    assert tree["children"][0]["onClickAction"]["payload"] == {"b": []}
    assert "payload" not in w.action("go")


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("check", "check"), ("lucide:upload", "lucide:upload"), ("vendor:x", "vendor:x"),
     ("code", "square-code"), ("Edit", "write"), ("upload", None), ("", None)],
)  # fmt: skip
def test_an_unknown_icon_is_mapped_or_left_out(name: str, drawn: str | None) -> None:
    assert known_icon(name) == drawn
    assert w.icon(name)["name"] == (drawn or "dot")
    assert w.button(iconStart=name, iconEnd=name).get("iconEnd") == drawn
    status = w.card([], status={"text": "Ready", "icon": name})["status"]
    assert status == {"text": "Ready"} | ({"icon": drawn} if drawn else {})


def test_what_stands_in_for_an_icon_is_one() -> None:
    assert {known_icon(name) for name in ("add", "done", "warning", "time")} <= ICONS


def test_a_root_refuses_a_tree_that_no_client_could_draw() -> None:
    wrong: Any = 3
    with pytest.raises(w.WidgetError, match=r"^children\[0\]\.children\[1\]\.value: must be a str"):
        w.basic([w.col([w.text("a"), w.text(wrong)])])
