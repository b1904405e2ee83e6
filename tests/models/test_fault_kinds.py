"""What the errors of real providers mean: bodies from their documentation and from bug reports."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.models.pure.deltas import FaultKind
from chatkit.models.pure.fault_kinds import Ability, kind_of_error, missing_in

MODERATED = 'Your chosen model requires moderation and your input was flagged for "violence"'
PER_DAY = (
    "You exceeded your current quota. Quota exceeded for metric: generate_requests,"
    " quotaId: GenerateRequestsPerDayPerProjectPerModel-FreeTier"
)
PER_MINUTE = PER_DAY.replace("PerDay", "PerMinute")
CONTEXT = "This model's maximum context length is 8192 tokens. Please reduce the length."

EXCEEDED = "You exceeded your current quota, please check your plan and billing details."
GEMINI_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
GEMINI_MINUTE = "GenerateContentInputTokensPerModelPerMinute-FreeTier"


def gemini_quota(*quotas: str) -> dict[str, Any]:
    """google-gemini/gemini-cli#8437, RooCodeInc/Roo-Code#3883: only the details name the quotas."""
    details = [{"violations": [{"quotaId": quota} for quota in quotas]}]
    return {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": EXCEEDED, "details": details}


ERRORS: dict[str, tuple[dict[str, Any], FaultKind]] = {
    "OpenAI, too long": (
        {"message": CONTEXT, "type": "invalid_request_error", "code": "context_length_exceeded"},
        "too_long",
    ),
    "vLLM, too long": ({"message": CONTEXT, "type": "BadRequestError", "code": 400}, "too_long"),
    "Anthropic, too long": (
        {
            "type": "invalid_request_error",
            "message": "prompt is too long: 210000 tokens > 200000 maximum",
        },
        "too_long",
    ),
    "Gemini, too long": (
        {
            "code": 400,
            "status": "INVALID_ARGUMENT",
            "message": "The input token count (1200000) exceeds the maximum number of tokens",
        },
        "too_long",
    ),
    "llama.cpp, too long": (
        {
            "code": 400,
            "type": "exceed_context_size_error",
            "message": "the request exceeds the available context size, try increasing it",
        },
        "too_long",
    ),
    "Groq, too large": (
        {
            "message": "Request too large for model `llama` on tokens per minute (TPM): Limit 6000",
            "type": "tokens",
            "code": "rate_limit_exceeded",
        },
        "too_long",
    ),
    "OpenRouter, moderated": (
        {"code": 403, "message": MODERATED, "metadata": {"reasons": ["violence"]}},
        "refused",
    ),
    "Azure, filtered": (
        {
            "code": "content_filter",
            "message": "The response was filtered due to the prompt triggering our policy.",
            "innererror": {"code": "ResponsibleAIPolicyViolation"},
        },
        "refused",
    ),
    "Gemini, blocked": (
        {"code": 400, "message": "The prompt was blocked because of PROHIBITED_CONTENT"},
        "refused",
    ),
    "OpenAI, quota": (
        {
            "message": "You exceeded your current quota, please check your plan.",
            "type": "insufficient_quota",
            "code": "insufficient_quota",
        },
        "quota",
    ),
    "OpenRouter, credits": (
        {"code": 402, "message": "This request requires more credits"},
        "quota",
    ),
    "DeepSeek, balance": (
        {
            "message": "Insufficient Balance",
            "type": "unknown_error",
            "code": "invalid_request_error",
        },
        "quota",
    ),
    "Anthropic, balance": (
        {
            "type": "invalid_request_error",
            "message": "Your credit balance is too low to access the Anthropic API.",
        },
        "quota",
    ),
    "Gemini, a day": ({"code": 429, "status": "RESOURCE_EXHAUSTED", "message": PER_DAY}, "quota"),
    "Gemini, a minute": (
        {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": PER_MINUTE},
        "rate_limited",
    ),
    "Gemini, a minute, in details": (gemini_quota(GEMINI_MINUTE), "rate_limited"),
    "Gemini, a day, in details": (gemini_quota(GEMINI_DAY), "quota"),
    "Gemini, both, in details": (gemini_quota(GEMINI_MINUTE, GEMINI_DAY), "quota"),
    # anthropics/claude-code#236
    "Bedrock, rate": (
        {"code": 429, "message": "Too many tokens, please wait before trying again."},
        "rate_limited",
    ),
    # minorun365/agent-book#29
    "Bedrock, a day": (
        {"code": 429, "message": "Too many tokens per day, please wait before trying again."},
        "quota",
    ),
    # gptme/gptme#1449
    "OpenRouter, limit of the key": (
        {"code": 403, "message": "Key limit exceeded (monthly limit). Manage it using https://h/"},
        "quota",
    ),
    # truefoundry/models#826
    "OpenRouter, settings of the account": (
        {
            "code": 404,
            "message": "No endpoints available matching your guardrail restrictions and data",
        },
        "misconfigured",
    ),
    # MoonshotAI/kimi-cli#901
    "Moonshot, rate": (
        {"message": "We're receiving too many requests", "type": "rate_limit_reached_error"},
        "rate_limited",
    ),
    "Gemini, key": (
        {"code": 400, "message": "API key not valid. Please pass a valid API key."},
        "credentials",
    ),
    "OpenAI, model": (
        {
            "message": "The model `gpt-9` does not exist or you do not have access to it.",
            "type": "invalid_request_error",
            "code": "model_not_found",
        },
        "unknown_model",
    ),
    "Ollama, model": ({"message": "model 'llama9' not found"}, "unknown_model"),
    "Ollama, model with a point": ({"message": "model 'llama3.2' not found"}, "unknown_model"),
    # wwardaww/gnome-gemini-ai#21
    "Gemini, model": (
        {
            "code": 404,
            "status": "NOT_FOUND",
            "message": "models/gemini-1.0-pro is not found for API version v1beta, or is not",
        },
        "unknown_model",
    ),
    "vLLM, model": (
        {
            "code": 404,
            "type": "NotFoundError",
            "message": "The model `Qwen/Qwen2.5-7B-Instruct` does not exist.",
        },
        "unknown_model",
    ),
    "Anthropic, model": (
        {"type": "not_found_error", "message": "model: claude-9"},
        "unknown_model",
    ),
    "OpenRouter, model": ({"code": 400, "message": "a/b is not a valid model ID"}, "unknown_model"),
    "Groq, call": (
        {
            "message": "Failed to call a function. Please adjust your prompt.",
            "type": "invalid_request_error",
            "code": "tool_use_failed",
        },
        "bad_call",
    ),
    "Anthropic, overloaded": ({"type": "overloaded_error", "message": "Overloaded"}, "overloaded"),
    "Groq, capacity": ({"code": 503, "message": "model is currently over capacity"}, "overloaded"),
    "OpenAI, rate": (
        {"message": "Rate limit reached for requests", "code": "rate_limit_exceeded"},
        "rate_limited",
    ),
    "nothing": ({}, "unavailable"),
    "another 400": ({"code": 400, "message": "temperature must be at most 2"}, "misconfigured"),
    "OpenRouter, the provider behind": (
        {"code": 400, "message": "Provider returned error", "metadata": {"raw": CONTEXT}},
        "too_long",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_of_its_kind(name: str) -> None:
    error, kind = ERRORS[name]
    assert kind_of_error(error) == kind


REFUSALS: list[tuple[str, Ability | None]] = [
    ("registry.ollama.ai/library/gemma does not support tools", "tools"),
    ('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser', "tools"),
    ('No endpoints found that support tool use. Try disabling "add_task".', "tools"),
    ("Tool use is not supported by this model", "tools"),
    ("openai does not support parameters: ['tools'], for model=x", "tools"),
    ("deepseek-reasoner does not support this tool_choice", "tool_choice"),
    ("Thinking mode does not support this tool_choice", "tool_choice"),
    ("Extra inputs are not permitted: stream_options", "stream_options"),
    ("Unrecognized request argument supplied: stream_options", "stream_options"),
    ("System role not supported", "system"),
    ("Developer instruction is not enabled for models/gemma-3-27b-it", "system"),
    ("No endpoints found that support image input", "images"),
    ("x is not a multimodal model", "images"),
    (
        "image input is not supported - hint: if this is unexpected, you may need the mmproj",
        "images",
    ),
    ("unknown variant `image_url`, expected `text`", "images"),
    ("The image format image/tiff is not supported", None),
    ("temperature must be at most 2", None),
    (CONTEXT, None),
    ("The model `gpt-9` does not exist", None),
    ("Incorrect API key provided", None),
]


@pytest.mark.parametrize(("message", "ability"), REFUSALS)
def test_a_refusal_says_what_the_model_lacks(message: str, ability: Ability | None) -> None:
    assert missing_in(message) == ability
