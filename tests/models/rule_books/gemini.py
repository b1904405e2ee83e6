"""Gemini's own API: contents of parts, and whole chunks of candidates in the stream."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tests.model_steps import EOF, Raw, Step
from tests.models.rule_books.book import Body, Book, Rule, Said, halves, sign

_SIGNATURE = sign("gemini", "")
_SIGNATURES = "https://ai.google.dev/gemini-api/docs/thought-signatures"
#: The value that Google documents for calls of other models, as LiteLLM sends it.
_SKIPPED = b64encode(b"skip_thought_signature_validator").decode()


def _calls(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for part in content["parts"] if "function_call" in part]


def _results(content: Mapping[str, Any]) -> int:
    return sum("function_response" in part for part in content["parts"])


def _counts(body: Body) -> str | None:
    empty: dict[str, Any] = {"role": "", "parts": []}
    for content, after in pairwise([empty, *body["contents"], empty]):
        if len(_calls(content)) != _results(after):
            return (
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
    return None


def _turns(body: Body) -> str | None:
    for before, content in pairwise([{"role": "", "parts": []}, *body["contents"]]):
        if _calls(content) and before["role"] != "user":
            return (
                "Please ensure that function call turn comes immediately after a user turn or "
                "after a function response turn."
            )
    return None


def _empty(body: Body) -> str | None:
    for place, content in enumerate(body["contents"]):
        if not content["parts"]:
            return (
                f"* GenerateContentRequest.contents[{place}].parts: contents.parts must not be "
                "empty.\n"
            )
        for number, part in enumerate(content["parts"]):
            if part.get("text") == "":
                return (
                    f"* GenerateContentRequest.contents[{place}].parts[{number}].data: required "
                    "oneof field 'data' must have one initialized field\n"
                )
    return None


def _arguments(body: Body) -> str | None:
    for place, content in enumerate(body["contents"]):
        for part in _calls(content):
            if not isinstance(part["function_call"]["args"], dict):
                return (
                    f"Invalid value at 'contents[{place}].parts[0].function_call.args' "
                    "(type.googleapis.com/google.protobuf.Struct)"
                )
    return None


def _name(body: Body) -> str | None:
    for content in body["contents"]:
        for part in _calls(content):
            if re.fullmatch(r"[a-zA-Z0-9_.:-]{1,64}", part["function_call"]["name"]) is None:
                return (
                    "Invalid function name. Must start with a letter or an underscore. Must be "
                    "alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes "
                    "(-), with a maximum length of 64."
                )
    return None


def _signature(body: Body) -> str | None:
    """The first call of each step since the user's last words has a signature."""
    contents = body["contents"]
    spoken = [
        place
        for place, content in enumerate(contents)
        if content["role"] == "user" and not _results(content)
    ]
    for place, content in enumerate(contents):
        for part in _calls(content)[:1]:
            signature = part.get("thoughtSignature")
            call = part["function_call"]
            if signature is None and place > (spoken or [-1])[-1]:
                return (
                    "Function call is missing a thought_signature in functionCall parts. This is "
                    "required for tools to work correctly, and missing thought_signature may lead "
                    "to degraded model performance. Additional data, function call "
                    f"`default_api:{call['name']}`, position {place}."
                )
            if signature not in (None, _SKIPPED, _SIGNATURE):
                return "Corrupted thought signature."
    return None


def _last(body: Body) -> str | None:
    if body["contents"][-1]["role"] == "model":
        return "Requests ending with a model turn are not supported."
    return None


_RULES = (
    Rule(
        name="calls and results of other numbers",
        source="https://github.com/google-gemini/gemini-cli/issues/16984",
        found=_counts,
    ),
    Rule(
        name="a call that follows no user",
        source="https://ai.google.dev/gemini-api/docs/function-calling",
        found=_turns,
    ),
    Rule(
        name="an empty part",
        source="https://github.com/egoist/chatwise-releases/issues/250 and "
        "https://github.com/54xzh/FLIT/issues/69",
        found=_empty,
    ),
    Rule(
        name="arguments that are no object",
        source="https://ai.google.dev/api/caching#FunctionCall",
        found=_arguments,
    ),
    Rule(
        name="a tool's name with other characters",
        source="https://ai.google.dev/api/caching#FunctionDeclaration",
        found=_name,
    ),
    Rule(name="no or another thought signature", source=_SIGNATURES, found=_signature),
    Rule(
        name="an answer at the end",
        source="https://github.com/envoyproxy/ai-gateway/pull/2686",
        found=_last,
    ),
)


def _error(sentence: str, rule: Rule) -> dict[str, Any]:
    return {"error": {"code": rule.status, "message": sentence, "status": "INVALID_ARGUMENT"}}


def _chunk(*parts: dict[str, Any], reason: str | None = None) -> Raw:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [*parts]}, "index": 0}
    chunk: dict[str, Any] = {"candidates": [candidate], "modelVersion": "gemini"}
    if reason is not None:
        candidate["finishReason"] = reason
        counts = {"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12}
        chunk["usageMetadata"] = counts
    return _data(chunk)


def _data(chunk: dict[str, Any]) -> Raw:
    return Raw(f"data: {json.dumps(chunk)}\r\n\r\n".encode())


def _say(said: Said) -> list[Step]:
    steps: list[Step] = [_chunk({"text": text, "thought": True}) for text in halves(said.thought)]
    steps += [_chunk({"text": text}) for text in halves(said.text)]
    for place, one in enumerate(said.calls):
        try:
            arguments = json.loads(one.arguments)
        except ValueError:
            arguments = None
        call: dict[str, Any] = {"name": one.name}
        if isinstance(arguments, dict):
            call["args"] = arguments
        part: dict[str, Any] = {"functionCall": call}
        if place == 0:
            part["thoughtSignature"] = _SIGNATURE
        steps.append(_chunk(part))
    reason = "MAX_TOKENS" if said.end == "length" else "STOP"
    return [*steps, _chunk({"text": ""}, reason=reason), EOF]


GEMINI = Book(
    name="Gemini",
    model="gemini/gemini-3-pro-preview",
    rules=_RULES,
    error=_error,
    say=_say,
    proof=lambda _: _SIGNATURE,
    # https://ai.google.dev/api/generate-content#BlockReason
    withheld=[_data({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), EOF],
)
