"""Servers of open models, where a chat template has the last word: vLLM, llama.cpp and LM Studio.

The rules are those of the template of Mistral-7B-Instruct-v0.3, the strictest one that has tools:
https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.3/blob/main/tokenizer_config.json
"""

from __future__ import annotations

from typing import Any

from tests.model_steps import finish
from tests.models.rule_books.book import Body, Book, Rule
from tests.models.rule_books.chat_rules import bad_json, calls_of, chat_stream, in_field

_TEMPLATE = "https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.3 (tokenizer_config.json)"


def _alternate(body: Body) -> str | None:
    turns = [
        message["role"]
        for message in body["messages"]
        if message["role"] != "tool" and not message.get("tool_calls")
    ]
    if turns[:1] == ["system"]:
        turns = turns[1:]
    if any(role != ("user", "assistant")[place % 2] for place, role in enumerate(turns)):
        return (
            "After the optional system message, conversation roles must alternate "
            "user/assistant/user/assistant/..."
        )
    return None


def _id(body: Body) -> str | None:
    if any(len(one["id"]) != 9 for _, _, one in calls_of(body)):
        return "Tool call IDs should be alphanumeric strings with length 9!"
    return None


def _null(body: Body) -> str | None:
    if any(message.get("content") is None for message in body["messages"]):
        return 'can only concatenate str (not "NoneType") to str'
    return None


def _last(body: Body) -> str | None:
    if body["messages"][-1]["role"] == "assistant":
        return "Assistant response prefill is incompatible with enable_thinking."
    return None


def _choice(body: Body) -> str | None:
    if isinstance(body.get("tool_choice"), dict):
        return "Invalid tool_choice type: 'object'. Supported string values: none, auto, required"
    return None


def _rules(status: int) -> tuple[Rule, ...]:
    return (
        Rule(name="roles that do not alternate", source=_TEMPLATE, found=_alternate, status=status),
        Rule(name="an id of another length", source=_TEMPLATE, found=_id, status=status),
    )


def _vllm_error(sentence: str, rule: Rule) -> dict[str, Any]:
    error = {"message": sentence, "type": "BadRequestError", "param": None}
    return {"error": {**error, "code": rule.status}}


def _llama_error(sentence: str, rule: Rule) -> dict[str, Any]:
    kind = "server_error" if rule.status == 500 else "invalid_request_error"
    return {"error": {"code": rule.status, "message": sentence, "type": kind}}


def _studio_error(sentence: str, rule: Rule) -> dict[str, Any]:
    if rule.source == _TEMPLATE:
        return {"error": f'Error rendering prompt with jinja template: "{sentence}".'}
    return {"error": sentence}


def _unparsed(body: Body) -> str | None:
    error = bad_json(body)
    return error and f"Failed to parse tool call arguments as JSON: {error}"


VLLM = Book(
    name="vLLM",
    model="hosted_vllm/m",
    rules=(
        *_rules(400),
        Rule(name="no content", source=_TEMPLATE, found=_null),
        Rule(
            name="arguments that are not JSON",
            source="https://github.com/vllm-project/vllm/issues/43995",
            found=bad_json,
        ),
    ),
    error=_vllm_error,
    say=chat_stream(thought=in_field("reasoning_content"), call_id="chatcmpl-tool-{:032d}"),
    proof=str,
    withheld=["I ", finish("content_filter")],
)
LLAMA_CPP = Book(
    name="llama.cpp",
    model="openai/m",
    rules=(
        *_rules(500),
        Rule(
            name="arguments that are not JSON",
            source="https://github.com/ggml-org/llama.cpp/issues/25510",
            found=_unparsed,
            status=500,
        ),
        Rule(
            name="an answer at the end",
            source="https://github.com/ggml-org/llama.cpp/issues/20861",
            found=_last,
        ),
    ),
    error=_llama_error,
    say=chat_stream(thought=in_field("reasoning_content"), call_id="{:032d}"),
    withheld=["I ", finish("content_filter")],
)
LM_STUDIO = Book(
    name="LM Studio",
    model="lm_studio/m",
    rules=(
        *_rules(400),
        Rule(
            name="a tool that must be called",
            source="https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/670",
            found=_choice,
            learned=True,
        ),
    ),
    error=_studio_error,
    say=chat_stream(thought=in_field("reasoning_content"), call_id="{:09d}"),
    withheld=["I ", finish("content_filter")],
)
