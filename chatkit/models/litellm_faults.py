"""Maps exceptions of LiteLLM, and of the libraries it uses, to model faults.

They are recognized by the provider's error object, by its sentence, by HTTP status, and by class
name, so nothing needs to be imported. Exception texts may contain the request and the key: log them
only through `masking`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from chatkit.models.pure.deltas import FaultKind, ModelFault
from chatkit.models.pure.fault_kinds import (
    kind_of_message,
    kind_of_status,
    known_kind,
    message_of,
    missing_in,
)
from chatkit.models.pure.masking import without_quotations

#: Fault by class name; the nearest base class wins. LiteLLM's classes derive from the OpenAI SDK's.
_KINDS: Final[dict[str, FaultKind]] = {
    "ContextWindowExceededError": "too_long",
    "ContentPolicyViolationError": "refused",
    "RejectedRequestError": "refused",
    "GuardrailRaisedException": "refused",
    "AuthenticationError": "credentials",
    "PermissionDeniedError": "credentials",
    "PaymentRequiredError": "quota",
    "BudgetExceededError": "quota",
    "RateLimitError": "rate_limited",
    "NotFoundError": "misconfigured",
    "BadRequestError": "misconfigured",
    "UnprocessableEntityError": "misconfigured",
    "APITimeoutError": "timeout",
    "TimeoutException": "timeout",  # httpx
    "TimeoutError": "timeout",
    "InternalServerError": "unavailable",
    "APIResponseValidationError": "malformed",
    "DecodingError": "malformed",  # httpx: a body that is not in its content-encoding
    "FrameTooLarge": "malformed",
    "JSONDecodeError": "malformed",
    "ValidationError": "malformed",
}

#: How much of a provider's sentence is read, in characters.
_MAX_READ: Final = 500
#: Longest Retry-After of a provider that is waited for, in seconds.
MAX_RETRY_AFTER_S: Final = 5.0


def fault_of(error: BaseException, request: Iterable[str] = ()) -> ModelFault:
    """The fault for `error`. The caller chains it: `raise fault_of(error) from error`.

    `request` holds the texts that were sent: where the error quotes them, they say nothing.
    """
    if isinstance(error, ModelFault):
        return ModelFault(error.kind, without_quotations(error.message[:_MAX_READ], request))
    message = without_quotations(sentence_of(error)[:_MAX_READ], request)
    for link in _chain(error):
        # For a 400, and for an error in a stream (status 200), the error object says more.
        written = _written(link)
        kind = known_kind(written, message) if written else None
        if kind not in (None, "unavailable", "misconfigured"):
            return ModelFault(kind, message)
    if missing_in(message) is None and (kind := kind_of_message(message)) is not None:
        return ModelFault(kind, message)
    for link in _chain(error):
        if _covers(link):
            continue
        for ancestor in type(link).__mro__:
            if ancestor.__name__ in _KINDS:
                return ModelFault(_KINDS[ancestor.__name__], message)
        if (status := _status(link)) is not None:
            return ModelFault(kind_of_status(status), message)
    return ModelFault("unavailable", message)


def sentence_of(error: BaseException) -> str:
    """The provider's own sentence, or the text of the exception. Bounded, not masked."""
    for link in _chain(error):
        if sentence := message_of(_written(link)):
            return sentence
    return str(error)[:2_000]


def describe(error: BaseException) -> str:
    """The types in the chain of `error`, and the first status, for the log."""
    links = list(_chain(error))
    status = next((status for link in links if (status := _status(link)) is not None), None)
    names = " < ".join(dict.fromkeys(type(link).__name__ for link in links))
    return names if status is None else f"{names}, status {status}"


def retry_after_s(error: BaseException) -> float | None:
    """The seconds of a Retry-After header. None without one, and for dates."""
    for link in _chain(error):
        for source in (link, getattr(link, "response", None)):
            for name in ("litellm_response_headers", "headers"):
                headers = getattr(source, name, None)
                if isinstance(headers, Mapping):
                    value = headers.get("retry-after") or headers.get("Retry-After")
                    if isinstance(value, str) and value.strip().isdecimal():
                        return float(value)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and the exceptions that caused it, outermost first."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        original = getattr(link, "original_exception", None)  # MidStreamFallbackError
        link = original if isinstance(original, Exception) else link.__cause__ or link.__context__


def _written(error: BaseException) -> Mapping[str, Any]:
    """The `error` object of the provider's response; empty if there is none."""
    body = getattr(error, "body", None)  # parsed by the OpenAI SDK
    if body is None:
        # RuntimeError: httpx has not read this body. ValueError: it is not JSON.
        with suppress(RuntimeError, ValueError):
            body = json.loads(getattr(getattr(error, "response", None), "content", b""))
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, Mapping) else {}


def _covers(error: BaseException) -> bool:
    """Whether `error` is a wrapper of LiteLLM's: its cause says more, its status is made up."""
    return type(error).__name__ in ("APIConnectionError", "MidStreamFallbackError")


def _status(error: BaseException) -> int | None:
    """The HTTP status of the provider's response, if `error` has it."""
    for source in (error, getattr(error, "response", None)):  # the response is httpx's
        status = getattr(source, "status_code", None)
        if isinstance(status, int) and 400 <= status < 600 and not _covers(error):
            return status
    return None
