"""Recognizes what a provider's error means: by its code, its type, its message and its status.

The same error comes with different codes from different providers, and some tell it only in the
message. The patterns below are from error messages of the providers that are named beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from chatkit.models.pure.deltas import FaultKind

#: What some models and servers do not have.
Ability = Literal["tools", "tool_choice", "stream_options", "system", "images"]

_KINDS_BY_STATUS: Final[dict[int, FaultKind]] = {
    401: "credentials",
    402: "quota",
    403: "credentials",
    408: "timeout",
    413: "too_long",
    425: "unavailable",
    429: "rate_limited",
    504: "timeout",
    529: "overloaded",  # Anthropic
}

#: Values of an error's `code` or `type`, as sent by OpenAI, OpenRouter, Anthropic, vLLM and Groq.
_KINDS_BY_WORD: Final[dict[str, FaultKind]] = {
    "authentication_error": "credentials",
    "billing_error": "quota",
    "billing_hard_limit_reached": "quota",
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "context_length_exceeded": "too_long",
    "decommissioned": "unknown_model",
    "insufficient_quota": "quota",
    "invalid_api_key": "credentials",
    "invalid_request_error": "misconfigured",
    "model_decommissioned": "unknown_model",
    "model_not_found": "unknown_model",
    "moderation_blocked": "refused",
    "not_found_error": "misconfigured",
    "overloaded_error": "overloaded",
    "permission_error": "credentials",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "rate_limit_reached_error": "rate_limited",  # Moonshot
    "request_too_large": "too_long",
    "responsibleaipolicyviolation": "refused",
    "string_above_max_length": "too_long",
    "timeout": "timeout",
    "timeout_error": "timeout",
    "tokens": "rate_limited",
    "tool_use_failed": "bad_call",
    "requests": "rate_limited",
}

#: Kinds that a status alone gives: the message may tell more. OpenRouter's 403 is also that of a
#: moderated prompt, Gemini's 429 that of a day's quota, Groq's of a request that is too large.
_VAGUE: Final = frozenset[FaultKind](
    {"misconfigured", "credentials", "rate_limited", "unavailable"}
)

#: Tried in order on the message; the first that is found decides.
_KINDS_BY_MESSAGE: Final[Mapping[FaultKind, str]] = {
    # OpenAI, OpenRouter, Mistral and vLLM write "maximum context length", Anthropic "prompt is too
    # long", Gemini "input token count (…) exceeds", llama.cpp "exceeds the available context size",
    # Groq, with 413, "Request too large for model …", xAI "maximum prompt length". Bedrock's "Too
    # many tokens, please wait" and "… per day" are limits of the rate.
    "too_long": (
        r"\bcontext[ _](length|limit|size|window)\b|prompt is too long|maximum prompt length|"
        r"input token count|too many (input |total )?tokens(?!,? please wait| per )|"
        r"input (is )?too long|request too large|reduce the length"
    ),
    # Groq: "Failed to call a function"; Gemini's finish reason; Ollama: "error parsing tool
    # call".
    "bad_call": (
        r"tool_use_failed|failed to call a function|malformed_function_call|"
        r"(parsing|parse|parser).{0,20}tool[ _]?call|tool call validation failed"
    ),
    # Gemini counts per minute and per day in one error; only the ids of the quotas tell which.
    "rate_limited": r"^(?!.*per ?day).*(per ?minute|per ?second|\b[rt]pm\b)",
    # OpenAI: "You exceeded your current quota"; Anthropic, 400: "credit balance is too low";
    # DeepSeek: "Insufficient Balance"; OpenRouter: "requires more credits", "Key limit
    # exceeded".
    "quota": (
        r"exceeded your current quota|insufficient[ _](quota|balance|credit|fund)|"
        r"credit balance|(more|out of) credits|per ?day|billing|spend(ing)? limit|"
        r"key limit exceeded"
    ),
    # Azure: "content management policy"; OpenRouter, 403: "requires moderation … flagged";
    # Gemini: "PROHIBITED_CONTENT", "blocked"; Bedrock: "guardrail".
    "refused": (
        r"content (management )?polic|responsible ?ai|content_filter|moderation|\bflagged\b|"
        r"prohibited_content|blocked (by|due|because)|block_?reason|usage polic|"
        r"guardrail(?! restrictions)"
    ),
    # Gemini answers 400 and "API key not valid", OpenAI "Incorrect API key provided".
    "credentials": r"api[ _-]?key|unauthorized|invalid token",
    # OpenAI: "The model `x` does not exist"; Ollama: "model 'x' not found"; OpenRouter: "is not
    # a valid model ID"; Gemini: "models/x is not found"; Anthropic: "model: x", 404.
    # Names have points in them.
    "unknown_model": (
        r"\bmodels?\b([^.\n]|\.\b){0,80}(not found|not exist|is not found|decommissioned|"
        r"no longer available)|not a valid model|no such model|unknown model|"
        r"no endpoints found for|^model: \S+$"
    ),
    "overloaded": r"overloaded|over capacity|at capacity|server is busy|loading model",
}

#: Anthropic: "does not support tools"; OpenRouter: "No endpoints found that support tool use";
#: Ollama: "does not support tools"; vLLM: '"auto" tool choice requires --enable-auto-tool-choice';
#: Gemma: "System role not supported", "Developer instruction is not enabled for models/…";
#: LiteLLM: "does not support parameters: ['tools']".
_MISSING: Final[Mapping[Ability, str]] = {
    "tools": (
        r"enable-auto-tool-choice|not support (the )?(tools?\b|tool (use|call)|function)|"
        r"support(s|ing)? tool use|(tools?|tool use|tool calling|function calling)\W{0,2} "
        r"(is|are) not (supported|enabled|available)|unsupported (parameter|argument)s?\W+tools|"
        r"parameters: \[[^\]]*'tools'|\btools\b[^.]{0,40}(extra|unrecognized|unexpected)"
    ),
    "tool_choice": r"tool_choice",
    "stream_options": r"stream_options",
    "system": (
        r"system (role|message|prompt|instruction)s?[^.]{0,30} not (be )?supported|"
        r"developer instruction is not enabled|not support (the )?system"
    ),
    "images": (
        r"not support (image|vision|multimodal)|support image input|not a multimodal|"
        r"image(_url| inputs?|s)? (is|are) not supported|unknown variant .?image_url|"
        r"at most 0 image|mmproj"
    ),
}


_MESSAGES: Final = {
    kind: re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for kind, pattern in _KINDS_BY_MESSAGE.items()
}
_REFUSALS: Final = {
    ability: re.compile(pattern, re.IGNORECASE) for ability, pattern in _MISSING.items()
}


def kind_of_status(status: int) -> FaultKind:
    """The fault for a provider's HTTP status of 400 or above."""
    return _KINDS_BY_STATUS.get(status, "misconfigured" if 400 <= status < 500 else "unavailable")


def kind_of_error(error: object) -> FaultKind:
    """The fault for an `error` object, else `unavailable`."""
    return known_kind(error) or "unavailable"


def known_kind(error: object, message: str | None = None) -> FaultKind | None:
    """The fault for an `error` object: by `code` and `type`, and where these are vague by the
    message. None if it says nothing. `message` is used in place of the object's own."""
    if not isinstance(error, Mapping):
        return None
    kind = _kind_by_word(error)
    if kind is None or kind in _VAGUE:
        message = message_of(error) if message is None else message
        if missing_in(message) is None:
            return kind_of_message(" ".join([message, *_quota_ids(error)])) or kind
    return kind


def _kind_by_word(error: Mapping[str, Any]) -> FaultKind | None:
    inner = error.get("innererror")  # Azure
    words = [error.get("code"), error.get("type"), error.get("status")]
    if isinstance(inner, Mapping):
        words.insert(0, inner.get("code"))
    for word in words:
        if isinstance(word, str) and word.lower() in _KINDS_BY_WORD:
            return _KINDS_BY_WORD[word.lower()]
        if isinstance(word, str) and word.isdecimal() and len(word) == 3:
            word = int(word)
        if isinstance(word, int) and 400 <= word < 600:
            return kind_of_status(word)
    return None


def _quota_ids(error: Mapping[str, Any]) -> Iterator[str]:
    """The quotas that were exceeded, in a Gemini error: its message does not name them."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        violations = detail.get("violations") if isinstance(detail, Mapping) else None
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, Mapping) and isinstance(violation.get("quotaId"), str):
                yield violation["quotaId"][:100]


def kind_of_message(message: str) -> FaultKind | None:
    """The fault that a provider's sentence tells; None if it tells none that is known."""
    return next((kind for kind, words in _MESSAGES.items() if words.search(message)), None)


def missing_in(message: str) -> Ability | None:
    """What the model or its server does not have, by the sentence of the refusal."""
    return next((ability for ability, words in _REFUSALS.items() if words.search(message)), None)


def message_of(error: Mapping[str, Any]) -> str:
    """The provider's own sentence in an `error` object, bounded. OpenRouter's has that of the
    provider behind it in `metadata.raw`."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    texts = [text for text in (error.get("message"), raw) if isinstance(text, str)]
    return " ".join(texts)[:2_000]
