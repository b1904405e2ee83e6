"""Requests: what is accepted, and what it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.protocol.actions import Action
from chatkit.protocol.content import InferenceOptions, InputTag, InputText
from chatkit.protocol.paging import Cursor
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddStructuredInput,
    AddUserMessage,
    CreateAttachment,
    CreateThread,
    CustomAction,
    DeleteAttachment,
    DeleteThread,
    GetAttachment,
    GetThread,
    ListItems,
    ListThreads,
    ResumeThread,
    RetryAfterItem,
    SendFeedback,
    Transcribe,
    UpdateThread,
    UserInput,
    streams,
)
from chatkit.protocol.requests import parse_request, time_zone_hint
from chatkit.protocol.structured import Answer, Submission
from tests.protocol.request_bodies import encode, hello


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        (
            "threads.create",
            hello(quoted_text="said before"),
            CreateThread(
                input=UserInput(content=(InputText(text="Hello"),), quoted_text="said before")
            ),
        ),
        (
            "threads.add_user_message",
            {"thread_id": "thr_1"} | hello(attachments=["atc_1"]),
            AddUserMessage(
                thread_id="thr_1",
                input=UserInput(content=(InputText(text="Hello"),), attachments=("atc_1",)),
            ),
        ),
        (
            "threads.retry_after_item",
            {"thread_id": "thr_1", "item_id": "msg_1"},
            RetryAfterItem(thread_id="thr_1", item_id="msg_1"),
        ),
        ("threads.get_by_id", {"thread_id": "thr_1"}, GetThread(thread_id="thr_1")),
        ("threads.list", {}, ListThreads(cursor=Cursor())),
        ("threads.list", None, ListThreads(cursor=Cursor())),
        ("threads.list", {"limit": 0, "after": ""}, ListThreads(cursor=Cursor())),
        ("threads.list", {"limit": "5"}, ListThreads(cursor=Cursor(limit=5))),
        (
            "threads.create",
            {"input": {"content": [{"type": "input_text", "text": "Hello"}]}},
            CreateThread(input=UserInput(content=(InputText(text="Hello"),))),
        ),
        (
            "attachments.get_preview",
            {"attachment_id": "atc_1", "conversation_id": "thr_1"},
            GetAttachment(attachment_id="atc_1"),
        ),
        (
            "threads.list",
            {"limit": 9999, "order": "asc", "after": "thr_1"},
            ListThreads(cursor=Cursor(limit=9999, order="asc", after="thr_1")),
        ),
        (
            "items.list",
            {"thread_id": "thr_1", "limit": None, "order": None, "after": None},
            ListItems(thread_id="thr_1", cursor=Cursor(limit=20, order="desc", after=None)),
        ),
        (
            "threads.update",
            {"thread_id": "thr_1", "title": "  A \n title "},
            UpdateThread(thread_id="thr_1", title="A title"),
        ),
        (
            "threads.update",
            {"thread_id": "thr_1", "title": ""},
            UpdateThread(thread_id="thr_1", title=""),
        ),
        (
            "threads.update",
            {"thread_id": "thr_1", "metadata": {"theirs": 1}},
            UpdateThread(thread_id="thr_1", title=None),
        ),
        ("threads.delete", {"thread_id": "thr_1"}, DeleteThread(thread_id="thr_1")),
        (
            "threads.add_client_tool_output",
            {"thread_id": "thr_1", "result": None},
            AddClientToolOutput(thread_id="thr_1", result=None),
        ),
        (
            "threads.add_client_tool_output",
            {"thread_id": "thr_1", "result": 1, "item_id": "tc_1", "call_id": "call_1"},
            AddClientToolOutput(thread_id="thr_1", result=1, item_id="tc_1", call_id="call_1"),
        ),
        (
            "threads.add_structured_input",
            {
                "thread_id": "thr_1",
                "item_id": "msg_1",
                "input": {"answers": {"q1": {"values": ["tea"]}, "q2": {"skipped": True}}},
            },
            AddStructuredInput(
                thread_id="thr_1",
                item_id="msg_1",
                submission=Submission(
                    skipped=False,
                    answers={"q1": Answer(values=("tea",)), "q2": Answer(skipped=True)},
                ),
            ),
        ),
        (
            "threads.add_structured_input",
            {"thread_id": "thr_1", "item_id": "msg_1", "input": {"status": "skipped"}},
            AddStructuredInput(
                thread_id="thr_1",
                item_id="msg_1",
                submission=Submission(skipped=True, answers={}),
            ),
        ),
        (
            "threads.custom_action",
            {"thread_id": "thr_1", "item_id": "msg_1", "action": {"type": "go", "payload": [1]}},
            CustomAction(
                thread_id="thr_1",
                item_id="msg_1",
                action=Action(type="go", payload=[1]),
                streams=True,
            ),
        ),
        (
            "threads.sync_custom_action",
            {"thread_id": "thr_1", "item_id": None, "action": {"type": "go"}},
            CustomAction(thread_id="thr_1", item_id=None, action=Action(type="go"), streams=False),
        ),
        ("threads.resume", {"thread_id": "thr_1"}, ResumeThread(thread_id="thr_1")),
        (
            "items.feedback",
            {"thread_id": "thr_1", "item_ids": ["msg_1", "msg_2"], "kind": "negative"},
            SendFeedback(thread_id="thr_1", item_ids=("msg_1", "msg_2"), kind="negative"),
        ),
        (
            "attachments.create",
            {"name": "a.png", "size": 7, "mime_type": "image/png"},
            CreateAttachment(name="a.png", size=7, mime_type="image/png"),
        ),
        (
            "attachments.delete",
            {"attachment_id": "atc_1"},
            DeleteAttachment(attachment_id="atc_1"),
        ),
        (
            "input.transcribe",
            {"audio_base64": "AAEC", "mime_type": "Audio/WebM; codecs=opus"},
            Transcribe(audio=b"\0\1\2", mime_type="audio/webm"),
        ),
    ],
)
def test_each_request_type_becomes_its_value(
    kind: str, params: dict[str, Any], expected: object
) -> None:
    assert parse_request(encode(kind, params)).params == expected


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("threads.retry_after_item", {"item_id": "i"}, True),
        ("threads.add_client_tool_output", {"result": 1}, True),
        ("threads.resume", {}, True),
        ("threads.custom_action", {"action": {"type": "go"}}, True),
        ("threads.sync_custom_action", {"action": {"type": "go"}}, False),
        ("threads.get_by_id", {}, False),
    ],
)
def test_the_type_of_a_request_alone_decides_whether_its_answer_is_a_stream(
    kind: str, params: dict[str, Any], expected: bool
) -> None:
    request = parse_request(encode(kind, {"thread_id": "thr_1", **params}))
    assert streams(request.params) is expected


def test_text_and_tags_keep_their_order_and_tags_their_defaults() -> None:
    content = [
        {"type": "input_text", "text": "do "},
        {"type": "input_tag", "id": "t1", "text": "milk"},
        {
            "type": "input_tag",
            "id": "t2",
            "text": "eggs",
            "data": {"n": "1"},
            "group": "Tasks",
            "interactive": True,
        },
    ]
    params = parse_request(encode("threads.create", hello(content=content))).params
    assert isinstance(params, CreateThread)
    assert params.input.content == (
        InputText(text="do "),
        InputTag(id="t1", text="milk"),
        InputTag(id="t2", text="eggs", data={"n": "1"}, group="Tasks", interactive=True),
    )


def test_inference_options_are_read_and_null_means_absent() -> None:
    options = {"tool_choice": {"id": "search"}, "model": "fast"}
    params = parse_request(encode("threads.create", hello(inference_options=options))).params
    assert isinstance(params, CreateThread)
    assert params.input.inference_options == InferenceOptions(model="fast", tool_choice="search")
    nothing = {"tool_choice": None, "model": None, "later": 1}
    params = parse_request(encode("threads.create", hello(inference_options=nothing))).params
    assert isinstance(params, CreateThread)
    assert params.input.inference_options == InferenceOptions()


def test_unknown_fields_are_ignored_and_null_metadata_is_empty() -> None:
    body = encode("threads.list", {"later": 1}, metadata=None, newer=[1])
    request = parse_request(body)
    assert request.params == ListThreads(cursor=Cursor())
    assert request.metadata == {}


def test_an_escaped_surrogate_pair_is_a_character() -> None:
    body = encode("threads.update", {"thread_id": "t", "title": "😀"})
    assert b"\\ud83d" in body
    assert parse_request(body).params == UpdateThread(thread_id="t", title="😀")


@pytest.mark.parametrize(
    ("metadata", "zone"),
    [
        ({"time_zone": "Europe/Berlin"}, "Europe/Berlin"),
        ({"time_zone": "../../etc/passwd"}, None),
        ({"time_zone": 3}, None),
        ({}, None),
    ],
)
def test_a_time_zone_hint_is_taken_only_where_it_looks_like_one(
    metadata: dict[str, Any], zone: str | None
) -> None:
    assert time_zone_hint(metadata) == zone
