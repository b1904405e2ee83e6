"""The sentence that each malformed request gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.errors import BadRequest
from chatkit.protocol.requests import parse_request
from tests.protocol.request_bodies import encode, hello
from tests.wording import SAY

TAG = {"type": "input_tag", "id": "t", "text": "t"}

MALFORMED = [
    ("threads.create", {}, "params.input: is required"),
    ("threads.create", {"input": None}, "params.input: must not be null"),
    ("threads.create", {"input": []}, "params.input: must be an object"),
    ("threads.create", hello(content=None), "params.input.content: must not be null"),
    ("threads.create", hello(content={}), "params.input.content: must be an array"),
    ("threads.create", hello(content=[]), "params.input.content: the message is empty"),
    (
        "threads.create",
        hello(content=[{"type": "input_text", "text": " \n"}]),
        "params.input.content: the message is empty",
    ),
    ("threads.create", hello(content=["hi"]), "params.input.content[0]: must be an object"),
    (
        "threads.create",
        hello(content=[TAG, {"type": "input_text"}]),
        "params.input.content[1].text: is required",
    ),
    (
        "threads.create",
        hello(content=[{"type": "input_text", "text": 5}]),
        "params.input.content[0].text: must be a string",
    ),
    (
        "threads.create",
        hello(content=[{"type": "output_text", "text": "x"}]),
        "params.input.content[0].type: must be input_text or input_tag",
    ),
    (
        "threads.create",
        hello(content=[TAG | {"id": ""}]),
        "params.input.content[0].id: must be 1 to 255 characters",
    ),
    (
        "threads.create",
        hello(content=[TAG | {"data": []}]),
        "params.input.content[0].data: must be an object",
    ),
    (
        "threads.create",
        hello(content=[TAG | {"interactive": 1}]),
        "params.input.content[0].interactive: must be true or false",
    ),
    ("threads.create", hello(attachments="a"), "params.input.attachments: must be an array"),
    (
        "threads.create",
        hello(attachments=["a", 1]),
        "params.input.attachments[1]: must be a string",
    ),
    ("threads.create", hello(quoted_text=1), "params.input.quoted_text: must be a string"),
    (
        "threads.create",
        hello(inference_options="fast"),
        "params.input.inference_options: must be an object",
    ),
    (
        "threads.create",
        hello(inference_options={"tool_choice": "x"}),
        "params.input.inference_options.tool_choice: must be an object",
    ),
    (
        "threads.create",
        hello(inference_options={"tool_choice": {}}),
        "params.input.inference_options.tool_choice.id: is required",
    ),
    ("threads.add_user_message", hello(), "params.thread_id: is required"),
    (
        "threads.add_user_message",
        hello() | {"thread_id": 7},
        "params.thread_id: must be a string",
    ),
    ("threads.retry_after_item", {"thread_id": "t"}, "params.item_id: is required"),
    ("threads.get_by_id", {"thread_id": "x" * 256}, "params.thread_id: must be 1 to 255 character"),
    ("threads.list", {"limit": -1}, "params.limit: must not be negative"),
    ("threads.list", {"limit": "-1"}, "params.limit: must not be negative"),
    ("threads.list", {"limit": "many"}, "params.limit: must be a whole number"),
    ("threads.list", {"limit": "9" * 20}, "params.limit: must be a whole number"),
    ("threads.list", {"limit": True}, "params.limit: must be a whole number"),
    ("threads.list", {"limit": 1.5}, "params.limit: must be a whole number"),
    ("threads.list", {"order": "up"}, "params.order: must be desc or asc"),
    ("threads.list", {"after": "x" * 256}, "params.after: unknown cursor"),
    ("items.list", {}, "params.thread_id: is required"),
    ("threads.update", {"thread_id": "t", "title": None}, "params.title: must not be null"),
    ("threads.update", {"thread_id": "t", "title": "x" * 256}, "params.title: at most 255"),
    (
        "threads.create",
        hello(attachments=["a"] * 11),
        "params.input.attachments: at most 10",
    ),
    ("threads.create", hello(attachments=["a", ""]), "params.input.attachments[1]: must be 1 to"),
    ("threads.add_client_tool_output", {"thread_id": "t"}, "params.result: is required"),
    (
        "threads.add_structured_input",
        {"thread_id": "t", "item_id": "i", "input": {"answers": {"q1": ["tea"]}}},
        "params.input.answers.q1: must be an object",
    ),
    (
        "threads.add_structured_input",
        {"thread_id": "t", "item_id": "i", "input": {"status": "lost"}},
        "params.input.status: must be answered or skipped",
    ),
    ("threads.custom_action", {"thread_id": "t"}, "params.action: is required"),
    ("items.feedback", {"thread_id": "t", "item_ids": [], "kind": "so so"}, "params.kind: must be"),
    (
        "items.feedback",
        {"thread_id": "t", "item_ids": ["i"] * 101, "kind": "positive"},
        "params.item_ids: at most 100",
    ),
    (
        "attachments.create",
        {"name": "a", "size": "7", "mime_type": "image/png"},
        "params.size: must be a whole number",
    ),
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
        {"audio_base64": "AAEC", "mime_type": "text/html"},
        "params.mime_type: must be a type of audio",
    ),
    ("threads.nonsense", {}, "type: unknown request type"),
    ("items.list", None, "params.thread_id: is required"),
    ("threads.list", [], "params: must be an object"),
]


@pytest.mark.parametrize(("kind", "params", "message"), MALFORMED)
def test_a_malformed_request_names_the_field(kind: str, params: Any, message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        parse_request(encode(kind, params))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not valid JSON"),
        (b"{", "the body is not valid JSON"),
        (b"[]", "the body: must be an object"),
        (b"null", "the body: must be an object"),
        (b"\xff\xfe{}", "the body is not UTF-8"),
        ('{"type":"x"}'.encode("utf-16"), "the body is not UTF-8"),
        (b'{"type":NaN}', "the body is not valid JSON"),
        (b'{"type":1e999}', "the body is not valid JSON"),
        (b'{"type":' + b"9" * 5000 + b"}", "the body is not valid JSON"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"type":"a\\u0000"}', "the body holds a NUL character or a lone surrogate"),
        (b'{"type":["\\ud800"]}', "the body holds a NUL character or a lone surrogate"),
        (b'{"\\udc00":1}', "the body holds a NUL character or a lone surrogate"),
        (b"{}", "type: is required"),
        (b'{"type":1}', "type: must be a string"),
        (b'{"type":"threads.get_by_id"}', "params.thread_id: is required"),
        (b'{"type":"threads.list","params":{},"metadata":[]}', "metadata: must be an object"),
    ],
)
def test_a_body_that_is_no_request_is_told_why(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        parse_request(body)
    assert raised.value.in_words(SAY) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KINDS = st.sampled_from(
    [
        "threads.create",
        "threads.add_user_message",
        "threads.retry_after_item",
        "threads.get_by_id",
        "threads.list",
        "items.list",
        "threads.update",
        "threads.delete",
    ]
)
PARAMS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("thread_id", "item_id", "input", "limit", "order", "after", "title"), JSON
    ),
)


@given(st.binary() | st.builds(lambda v: json.dumps(v).encode(), JSON))
def test_any_bytes_are_a_request_or_a_bad_request(body: bytes) -> None:
    try:
        parse_request(body)
    except BadRequest as error:
        assert error.message  # noqa: PT017 - either outcome is right


@given(KINDS, PARAMS)
def test_any_params_are_a_request_or_a_bad_request(kind: str, params: dict[str, Any]) -> None:
    try:
        request = parse_request(encode(kind, params))
    except BadRequest as error:
        assert error.message  # noqa: PT017 - either outcome is right
    else:
        assert request.metadata == {}
