"""What is no request, over HTTP: an exact status, a message that names the place, no trace."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.acceptance.server import ServerProcess, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD: Final = said("Hello")
NOTHING: Final = "thr_" + "0" * 32


def message(**changes: Any) -> dict[str, Any]:
    return {"input": {**GOOD, **changes}}


def part(**fields: Any) -> dict[str, Any]:
    return message(content=[fields])


def tag(**changes: Any) -> dict[str, Any]:
    return part(**{"type": "input_tag", "id": "t", "text": "tea", "data": {}, **changes})


def action(**changes: Any) -> dict[str, Any]:
    return {"thread_id": NOTHING, "item_id": None, "action": {"type": "x"}, **changes}


def answers(**changes: Any) -> dict[str, Any]:
    return {"thread_id": NOTHING, "item_id": "msg_1", "input": changes}


#: Bodies that are no envelope: status, code, how the message begins.
BODIES: Final[dict[bytes, tuple[str, str]]] = {
    b"": ("invalid_json", "the body is not valid JSON"),
    b"{": ("invalid_json", "the body is not valid JSON"),
    b"nonsense": ("invalid_json", "the body is not valid JSON"),
    b"\xff\xfe{}": ("invalid_json", "the body is not UTF-8"),
    b'{"type": NaN}': ("invalid_json", "the body is not valid JSON"),
    b'{"type": 1e999}': ("invalid_json", "the body is not valid JSON"),
    b"[" * 5000: ("invalid_json", "the body is n"),
    b'{"type": "threads.list", "params": ' + b'{"a":' * 70 + b"1" + b"}" * 71: (
        "invalid_json",
        "the body is nested deeper",
    ),
    b'{"type": "threads.list", "params": {"after": "\\u0000"}}': ("invalid_json", "the body holds"),
    b'{"type": "threads.list", "params": {"after": "\\ud800"}}': ("invalid_json", "the body holds"),
    b"null": ("invalid_request", "the body: must be an object"),
    b"[]": ("invalid_request", "the body: must be an object"),
    b'"threads.list"': ("invalid_request", "the body: must be an object"),
    b"{}": ("invalid_request", "type: is required"),
    b'{"type": null, "params": {}}': ("invalid_request", "type: must not be null"),
    b'{"type": 1, "params": {}}': ("invalid_request", "type: must be a string"),
    b'{"type": "threads.fly", "params": {}}': ("invalid_request", "type: unknown request type"),
    b'{"type": "items.list"}': ("invalid_request", "params.thread_id: is required"),
    b'{"type": "threads.list", "params": []}': ("invalid_request", "params: must be an object"),
    b'{"type": "threads.list", "params": {}, "metadata": 1}': (
        "invalid_request",
        "metadata: must be an object",
    ),
}

#: Requests with a fault in a field: type, params, how the message begins.
FIELDS: Final[list[tuple[str, Any, str]]] = [
    ("threads.create", {}, "params.input: is required"),
    ("threads.create", {"input": "hi"}, "params.input: must be an object"),
    ("threads.create", {"input": {}}, "params.input.content: is required"),
    ("threads.create", message(content="hi"), "params.input.content: must be an array"),
    ("threads.create", message(content=[]), "params.input.content: the message is empty"),
    ("threads.create", message(content=[1]), "params.input.content[0]: must be an object"),
    ("threads.create", part(), "params.input.content[0].type: is required"),
    ("threads.create", part(type="image"), "params.input.content[0].type: must be input_text"),
    ("threads.create", part(type="input_text"), "params.input.content[0].text: is required"),
    ("threads.create", part(type="input_text", text=5), "params.input.content[0].text: must be a"),
    ("threads.create", part(type="input_text", text=" "), "params.input.content: the message is"),
    ("threads.create", tag(id=None), "params.input.content[0].id: must not be null"),
    ("threads.create", tag(id=""), "params.input.content[0].id: must be 1 to"),
    ("threads.create", tag(data=[]), "params.input.content[0].data: must be an object"),
    ("threads.create", tag(group=1), "params.input.content[0].group: must be a string"),
    ("threads.create", tag(interactive="yes"), "params.input.content[0].interactive: must be"),
    ("threads.create", message(attachments="a"), "params.input.attachments: must be an array"),
    ("threads.create", message(attachments=[1]), "params.input.attachments[0]: must be a string"),
    ("threads.create", message(attachments=["a"] * 11), "params.input.attachments: at most 10"),
    ("threads.create", message(quoted_text=1), "params.input.quoted_text: must be a string"),
    ("threads.create", message(inference_options=1), "params.input.inference_options: must be an"),
    (
        "threads.create",
        message(inference_options={"tool_choice": "add_task"}),
        "params.input.inference_options.tool_choice: must be an object",
    ),
    ("threads.add_user_message", {"input": GOOD}, "params.thread_id: is required"),
    ("threads.add_user_message", {"thread_id": 1, "input": GOOD}, "params.thread_id: must be a s"),
    ("threads.add_user_message", {"thread_id": "", "input": GOOD}, "params.thread_id: must be 1"),
    (
        "threads.add_user_message",
        {"thread_id": "x" * 256, "input": GOOD},
        "params.thread_id: must be 1",
    ),
    ("threads.add_client_tool_output", {"thread_id": NOTHING}, "params.result: is required"),
    ("threads.add_client_tool_output", {"result": 1}, "params.thread_id: is required"),
    ("threads.add_structured_input", answers(status="maybe"), "params.input.status: must be"),
    ("threads.add_structured_input", answers(answers=[]), "params.input.answers: must be an o"),
    ("threads.add_structured_input", answers(answers={"q": 1}), "params.input.answers.q: must be"),
    (
        "threads.add_structured_input",
        answers(answers={"q": {"values": "x"}}),
        "params.input.answers.q.values: must be an array",
    ),
    (
        "threads.add_structured_input",
        answers(answers={"q": {"values": [1]}}),
        "params.input.answers.q.values[0]: must be a string",
    ),
    ("threads.add_structured_input", {"thread_id": NOTHING, "input": {}}, "params.item_id: is req"),
    ("threads.retry_after_item", {"thread_id": NOTHING}, "params.item_id: is required"),
    ("threads.custom_action", {"thread_id": NOTHING}, "params.action: is required"),
    ("threads.custom_action", action(action={}), "params.action.type: is required"),
    ("threads.custom_action", action(item_id=1), "params.item_id: must be a string"),
    ("threads.sync_custom_action", action(action="x"), "params.action: must be an object"),
    ("threads.sync_custom_action", {"action": {"type": "x"}}, "params.thread_id: is required"),
    ("threads.get_by_id", {}, "params.thread_id: is required"),
    ("threads.list", {"limit": -1}, "params.limit: must not be negative"),
    ("threads.list", {"limit": "five"}, "params.limit: must be a whole number"),
    ("threads.list", {"limit": True}, "params.limit: must be a whole number"),
    ("threads.list", {"limit": 1.5}, "params.limit: must be a whole number"),
    ("threads.list", {"order": "up"}, "params.order: must be desc or asc"),
    ("threads.list", {"after": 5}, "params.after: must be a string"),
    ("items.list", {}, "params.thread_id: is required"),
    ("threads.update", {"thread_id": NOTHING}, "params.title: is required"),
    ("threads.update", {"thread_id": NOTHING, "title": 5}, "params.title: must be a string"),
    ("threads.update", {"thread_id": NOTHING, "title": "x" * 256}, "params.title: at most 255"),
    ("threads.delete", {"thread_id": None}, "params.thread_id: must not be null"),
    ("threads.resume", {}, "params.thread_id: is required"),
    ("items.feedback", {"thread_id": NOTHING, "item_ids": []}, "params.kind: is required"),
    (
        "items.feedback",
        {"thread_id": NOTHING, "item_ids": [], "kind": "meh"},
        "params.kind: must be positive",
    ),
    (
        "items.feedback",
        {"thread_id": NOTHING, "item_ids": "a", "kind": "positive"},
        "params.item_ids: must be an array",
    ),
    ("attachments.create", {"name": "a", "mime_type": "text/plain"}, "params.size: is required"),
    (
        "attachments.create",
        {"name": "a", "mime_type": "text/plain", "size": "1"},
        "params.size: must be a whole number",
    ),
    (
        "attachments.create",
        {"name": "a", "mime_type": "text/plain", "size": 0},
        "params.size: the file is empty",
    ),
    (
        "attachments.create",
        {"name": "", "mime_type": "text/plain", "size": 1},
        "params.name: must be the name",
    ),
    ("attachments.delete", {}, "params.attachment_id: is required"),
    ("input.transcribe", {"mime_type": "audio/webm"}, "params.audio_base64: is required"),
    (
        "input.transcribe",
        {"audio_base64": "?", "mime_type": "audio/webm"},
        "params.audio_base64: must be base64",
    ),
    (
        "input.transcribe",
        {"audio_base64": "", "mime_type": "audio/webm"},
        "params.audio_base64: the recording is empty",
    ),
    (
        "input.transcribe",
        {"audio_base64": "AAAA", "mime_type": "text/plain"},
        "params.mime_type: must be a type of audio",
    ),
]

#: What is well-formed and cannot be: type, params, status, code.
IMPOSSIBLE: Final[list[tuple[str, Any, int, str]]] = [
    ("threads.get_by_id", {"thread_id": NOTHING}, 404, "not_found"),
    ("threads.add_user_message", {"thread_id": NOTHING, "input": GOOD}, 404, "not_found"),
    ("threads.resume", {"thread_id": NOTHING}, 404, "not_found"),
    ("threads.create", message(attachments=["atc_none"]), 404, "not_found"),
    ("threads.list", {"after": "thr_none"}, 400, "invalid_cursor"),
    (
        "attachments.create",
        {"name": "a.mp4", "mime_type": "video/mp4", "size": 1},
        415,
        "unsupported_media",
    ),
    (
        "attachments.create",
        {"name": "a.txt", "mime_type": "text/plain", "size": 10**12},
        413,
        "too_large",
    ),
    (
        "input.transcribe",
        {"audio_base64": "AAAA", "mime_type": "audio/webm"},
        403,
        "dictation_off",
    ),
]


async def test_what_is_no_request_is_refused_by_name_and_leaves_no_trace(
    scripted_server: ServerProcess,
) -> None:
    server, token = scripted_server, scripted_server.jwt("clumsy client")
    cases = [(body, 400, code, begins) for body, (code, begins) in BODIES.items()]
    cases += [
        (json.dumps({"type": kind, "params": params}).encode(), 400, "invalid_request", begins)
        for kind, params, begins in FIELDS
    ]
    cases += [
        (json.dumps({"type": kind, "params": params}).encode(), status, code, "")
        for kind, params, status, code in IMPOSSIBLE
    ]
    assert len(cases) >= 60
    wrong = []
    for place, (body, status, code, begins) in enumerate(cases):
        if place % 50 == 0:  # each user has a rate
            token = server.jwt(f"clumsy client {place}")
        answer = await server.post("/api/chatkit", token, content=body)
        assert answer.status_code >= 400, body
        fault = answer.json()["error"]
        told = (answer.status_code, fault["code"], fault["message"][: len(begins)])
        if told != (status, code, begins):
            wrong.append((body[:200], told, fault["message"]))
    assert wrong == []
    for place in range(0, len(cases), 50):
        listed = await server.read("threads.list", server.jwt(f"clumsy client {place}"))
        assert listed["data"] == []
    good = await server.say("Hello", token)
    assert good.kinds[0] == "thread.created"
