"""Items of a file that anybody may have written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from chatkit.portable.item_shapes import checked_body
from chatkit.protocol.bodies import Body
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.jsontext import dumps
from tests.protocol.bodies import HIDDEN, VISIBLE


@given(VISIBLE)
def test_any_item_that_a_client_sees_is_taken_as_it_was(body: Body) -> None:
    assert checked_body(body.type, json.loads(dumps(body.to_wire())), "items[0]") == body


@given(HIDDEN)
def test_what_the_model_alone_sees_is_not_taken_from_a_file(body: Body) -> None:
    with pytest.raises(BadRequest, match=r"items\[0\]\.type: must be one of user_message, "):
        checked_body(body.type, body.to_wire(), "items[0]")


TEXT = {"type": "input_text", "text": "Hi"}
USER: dict[str, Any] = {"content": [TEXT], "attachments": [], "inference_options": {}}
STEP = {"type": "custom", "status_indicator": "none"}
URL = {"type": "url", "title": "A", "url": "https://a.test"}


def answer(**source: object) -> dict[str, Any]:
    annotations = [{"type": "annotation", "source": source}]
    return {"content": [{"type": "output_text", "text": "Hi", "annotations": annotations}]}


@pytest.mark.parametrize(
    ("kind", "wire", "message"),
    [
        ("user_message", {**USER, "content": "Hi"}, "content: must be a list"),
        (
            "user_message",
            {**USER, "content": [{**TEXT, "text": 1}]},
            "content[0].text: must be a string",
        ),
        (
            "user_message",
            {**USER, "content": [{**TEXT, "bold": True}]},
            ": has a member that no user_message has",
        ),
        ("user_message", {"content": []}, "attachments: is required"),
        (
            "user_message",
            {**USER, "inference_options": {"tool_choice": "x"}},
            "inference_options.tool_choice: must be an object",
        ),
        ("assistant_message", {"content": [{"text": "Hi"}]}, "content[0].annotations: is required"),
        (
            "assistant_message",
            answer(**URL, description=1),
            "content[0].annotations[0].source.description: must be a string",
        ),
        (
            "assistant_message",
            answer(**{**URL, "url": "javascript:x"}),
            ": the URL of a source is one of the web",
        ),
        (
            "client_tool_call",
            {"status": "pending", "call_id": "", "name": "n", "arguments": {}},
            ": a call has an id and a name",
        ),
        (
            "client_tool_call",
            {"status": "pending", "call_id": "c", "name": "n m", "arguments": {}},
            "name: must be 1 to 64 letters, digits, _ or -",
        ),
        (
            "client_tool_call",
            {"status": "pending", "call_id": "c", "name": "n", "arguments": []},
            "arguments: must be an object",
        ),
        (
            "widget",
            {"widget": {"type": "Virus"}},
            ": type: the root must be one of Card, ListView, Basic",
        ),
        (
            "widget",
            {"widget": {"type": "Card", "children": [{"type": "Text", "value": 1}]}},
            ": children[0].value: must be a string",
        ),
        ("structured_input", {"status": "pending", "inputs": []}, ": a form asks something"),
        (
            "workflow",
            {"workflow": {"type": "custom", "tasks": [STEP, 1], "expanded": False}},
            "workflow.tasks[1]: must be an object",
        ),
        (
            "workflow",
            {
                "workflow": {
                    "type": "custom",
                    "tasks": [],
                    "summary": {"title": "A", "duration": 1},
                    "expanded": False,
                }
            },
            ": a summary is a title or a time",
        ),
        (
            "task",
            {"task": {**STEP, "status_indicator": "busy"}},
            "task.status_indicator: must be one of none, loading, complete",
        ),
        ("generated_image", {"image": "x"}, "image: must be an object"),
    ],
)
def test_a_malformed_item_is_refused_by_its_place(
    kind: str, wire: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        checked_body(kind, wire, "items[0]")
    between = "" if message.startswith(":") else "."
    assert str(refused.value).startswith(f"items[0]{between}{message}")


def test_a_null_that_a_page_has_answered_is_taken() -> None:
    wire: dict[str, Any] = {
        "status": "completed",
        "call_id": "c",
        "name": "n",
        "arguments": {},
        "output": None,
    }
    assert checked_body("client_tool_call", wire, "items[0]").to_wire() == wire
