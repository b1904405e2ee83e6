"""Which tools the page answers, from CLIENT_TOOLS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatkit.models.pure.tools import ToolSpec
from chatkit.wiring.client_tools import read_client_tools
from chatkit.wiring.variables import SettingsError

CART: dict[str, Any] = {
    "name": "get_cart",
    "description": "What is in the cart.",
    "parameters": {"type": "object", "properties": {}},
    "title": "Look into the cart",
}


def test_tools_are_read_from_json_or_from_a_file(tmp_path: Path) -> None:
    tool = ToolSpec(
        name="get_cart",
        description="What is in the cart.",
        parameters={"type": "object", "properties": {}},
        kind="client",
        title="Look into the cart",
    )
    file = tmp_path / "tools.json"
    file.write_text(json.dumps([CART]), encoding="utf-8")
    assert read_client_tools(json.dumps([CART])) == read_client_tools(str(file)) == (tool,)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("missing.json", "readable file"),
        ("[", "not valid JSON"),
        (json.dumps([CART] * 33), "at most 32"),
        (json.dumps([CART, CART]), "two tools of one name"),
        ("[1]", "tool 1 must be an object"),
        (json.dumps([{**CART, "name": "get cart"}]), "the name of tool 1"),
        (json.dumps([{**CART, "parameters": {"type": "array"}}]), "parameters of get_cart"),
        (json.dumps([{**CART, "description": 5}]), "description and title of get_cart"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(given: str, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        read_client_tools(given)
