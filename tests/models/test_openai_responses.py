"""OpenAI's models from gpt-5.4 on take tools at `/v1/responses` alone, where LiteLLM sends them.

Source: LiteLLM's `responses_api_bridge_check`, and OpenAI's page of gpt-6-luna. That route is taken
for OpenAI's own address; the prefix `responses/` takes it for any.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from chatkit.models.pure.deltas import (
    Delta,
    FaultKind,
    ModelRequest,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tests.model_server import ModelServer
from tests.model_steps import EOF, Raw
from tests.models.model_calls import TOOLS, read
from tests.models.test_model_dialects import event, served

MODEL: Final = "openai/responses/gpt-6-luna"
RESPONSE: Final[dict[str, Any]] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-6-luna",
    "status": "in_progress",
    "output": [],
}
COUNTED: Final = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
BEGUN: Final = event(type="response.created", response=RESPONSE)
CALL: Final = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f"}
QUESTION: Final[list[dict[str, Any]]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Rome?"},
]


def text(piece: str) -> Raw:
    return event(
        type="response.output_text.delta",
        item_id="msg_1",
        output_index=0,
        content_index=0,
        delta=piece,
    )


def ended(kind: str, **more: Any) -> Raw:
    response = RESPONSE | {"status": kind, "usage": COUNTED} | more
    return event(type=f"response.{kind}", response=response)


async def answer(
    server: ModelServer, *steps: Raw, messages: list[dict[str, Any]] = QUESTION
) -> tuple[list[Delta], FaultKind | None]:
    server.script(BEGUN, *steps, EOF)
    request = ModelRequest(model=MODEL, messages=messages, tools=TOOLS[:1])
    async with served(server, model=MODEL) as model:
        batches, fault = await read(model, request)
    return [delta for batch in batches for delta in batch], fault


async def test_a_call_comes_in_pieces_and_is_one_call(server: ModelServer) -> None:
    deltas, fault = await answer(
        server,
        event(type="response.output_item.added", output_index=0, item=CALL | {"arguments": ""}),
        *(
            event(
                type="response.function_call_arguments.delta",
                item_id="fc_1",
                output_index=0,
                delta=piece,
            )
            for piece in ('{"a":', "1}")
        ),
        event(
            type="response.output_item.done", output_index=0, item=CALL | {"arguments": '{"a":1}'}
        ),
        ended("completed", output=[CALL | {"arguments": '{"a":1}'}]),
    )
    assert fault is None
    calls = [delta for delta in deltas if isinstance(delta, ToolCallDelta)]
    assert (calls[0].name, "".join(call.arguments for call in calls)) == ("f", '{"a":1}')
    assert deltas[-2:] == [Usage(input_tokens=7, output_tokens=5), StreamEnd("tool_calls")]


async def test_the_result_of_a_call_goes_back_and_text_is_an_answer(server: ModelServer) -> None:
    function = {"name": "f", "arguments": '{"a":1}'}
    call = {"id": "call_1", "type": "function", "function": function}
    messages: list[dict[str, Any]] = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Seen"},
    ]
    deltas, fault = await answer(
        server, text("It is "), text("old."), ended("completed"), messages=messages
    )
    assert fault is None
    assert [delta for delta in deltas if isinstance(delta, TextDelta)] == [
        TextDelta("It is "),
        TextDelta("old."),
    ]
    assert deltas[-1] == StreamEnd("stop")
    (request,) = server.requests
    assert request.path == "/v1/responses"
    sent = {item["type"]: item for item in request.body["input"]}
    assert sent["function_call"]["name"] == "f"
    assert sent["function_call_output"]["call_id"] == sent["function_call"]["call_id"]
    assert "Seen" in str(sent["function_call_output"]["output"])


async def test_an_answer_cut_by_length_says_so(server: ModelServer) -> None:
    why = {"reason": "max_output_tokens"}
    deltas, fault = await answer(
        server, text("It is "), ended("incomplete", incomplete_details=why)
    )
    assert (deltas[-1], fault) == (StreamEnd("length"), None)


@pytest.mark.parametrize("how", ["failed", "cut"])
async def test_an_answer_that_breaks_off_is_a_fault(server: ModelServer, how: str) -> None:
    why = {"code": "server_error", "message": "no"}
    steps = [ended("failed", error=why)] if how == "failed" else []
    assert await answer(server, text("It is "), *steps) == ([TextDelta("It is ")], "unavailable")


async def test_a_summary_of_the_reasoning_is_reasoning(server: ModelServer) -> None:
    summary = event(
        type="response.reasoning_summary_text.delta",
        item_id="rs_1",
        output_index=0,
        summary_index=0,
        delta="Hm.",
    )
    deltas, fault = await answer(server, summary, text("Old."), ended("completed"))
    assert (deltas[:2], fault) == ([ReasoningDelta("Hm."), TextDelta("Old.")], None)
