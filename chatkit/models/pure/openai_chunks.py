"""Parses `chat.completion.chunk` objects of OpenAI's API and of the servers that imitate it.

The specification is OpenAI's reference of the streamed chat completion. Deviations of other
servers are accepted where the meaning is clear: nulls for missing fields, content as a list of
parts, `reasoning` besides `reasoning_content`, citations in several places, tool calls without an
index or an id, arguments as an object, a whole `message` instead of deltas, the legacy
`function_call`, errors in the middle of a stream. Unknown fields are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from chatkit.models.pure.citations import read_chunk_citations, read_delta_citations
from chatkit.models.pure.deltas import (
    Citation,
    Delta,
    ModelFault,
    ReasoningDelta,
    ReasoningForm,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.models.pure.fault_kinds import kind_of_error, message_of

#: The data of the frame after the last chunk.
DONE: Final = "[DONE]"

#: The start of the text in a chunk's JSON. Inside a string the quotation marks would be escaped.
_TEXT: Final = re.compile(r'[{,]\s*"(content|reasoning_content|reasoning)"\s*:\s*(?=")')
_decode: Final = json.JSONDecoder().raw_decode

#: Other providers' finish reasons, and OpenAI's name for each.
_REASONS: Final = {
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "refusal": "content_filter",
    "safety": "content_filter",
}

#: Entries of reasoning that go back to their provider, see `reasoning`.
_RETURNED: Final[tuple[ReasoningForm, ...]] = ("reasoning_details", "thinking_blocks")
#: Separates the id of a call from Gemini's thought signature, which LiteLLM appends to it.
_SIGNATURE: Final = "__thought__"
#: Most characters of a chunk that comes in several lines.
_MAX_PARTIAL: Final = 4 * 1024 * 1024
#: How much may be parsed in vain for one chunk in several lines, in characters.
_MAX_TRIED: Final = 16 * 1024 * 1024
#: How the last line of a chunk ends.
_ENDS: Final = ("}", "]")

_returned: Final = partial(ReasoningDelta, returned=True)
_Kind = Callable[[str], TextDelta | ReasoningDelta]


@dataclass(slots=True)
class _Call:
    index: int
    call_id: str | None = None
    name: str | None = None
    pieces: list[str] = field(default_factory=list)


class ChunkReader:
    """Chunks of one answer in, deltas out. It keeps the calls and citations seen so far.

    Fast path: most chunks differ from the one before only in their text. Only the text of such a
    chunk is decoded.
    """

    def __init__(self) -> None:
        #: The JSON before and after the text of the last chunk that had only text, and its type.
        self._around: tuple[str, str, _Kind] | None = None
        self._partial: list[str] = []  # the lines of a chunk that is not complete
        self._partial_size = self._tried = 0
        self._spoken = False
        self._cited: set[tuple[str, int | None]] = set()
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def read(self, data: str) -> list[Delta]:
        """Parse the JSON of one chunk, which may come in several lines; an empty text ends it.

        Raises ModelFault.

        Text may contain NUL characters and lone surrogates, which JSON can escape.
        """
        try:
            if self._around is not None and data.startswith(self._around[0]):
                before, after, kind = self._around
                text, end = _decode(data, len(before))
                if data[end:] == after and isinstance(text, str):
                    return [kind(text)] if text else []
            chunk = self._load(data)
        except RecursionError as error:
            raise ModelFault("malformed") from error
        except ValueError:
            if not data:
                self.end()
            self._partial.append(data)
            self._partial_size += len(data) + 1
            if self._partial_size > _MAX_PARTIAL:
                raise ModelFault("malformed") from None
            return []
        if self._partial:
            self._partial = []
            self._partial_size = self._tried = 0
        if not isinstance(chunk, dict):
            raise ModelFault("malformed")
        deltas = self.deltas(chunk)
        self._around = _around(data, chunk, deltas)
        return deltas

    def _load(self, data: str) -> Any:
        if not self._partial:
            return json.loads(data)
        if data and not data.rstrip().endswith(_ENDS):
            raise ValueError("no end of a chunk")
        self._tried += self._partial_size
        if self._tried > _MAX_TRIED:
            raise ModelFault("malformed")
        try:
            return json.loads("\n".join([*self._partial, data]))
        except ValueError:
            with suppress(ValueError):
                json.loads(data)
                raise ModelFault("malformed") from None  # the lines before it were no chunk
            raise

    def end(self) -> None:
        """Call it at the end of a body that is not cut off. Raises ModelFault `malformed` if its
        last chunk is not JSON."""
        if self._partial:
            raise ModelFault("malformed")

    def deltas(self, chunk: Mapping[str, Any]) -> list[Delta]:
        """The deltas of a decoded chunk. An `error` in the chunk raises ModelFault."""
        error = chunk.get("error")
        if chunk.get("object") == "error":  # vLLM's older format: the fields are at the top level
            error = chunk
        if error:
            sentence = message_of(error) if isinstance(error, Mapping) else str(error)[:2_000]
            raise ModelFault(kind_of_error(error), sentence)
        deltas: list[Delta] = []
        if "citations" in chunk or "search_results" in chunk:  # rare, so checked before the call
            deltas.extend(self._new(read_chunk_citations(chunk)))
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            choice = choices[0]
            delta = choice.get("delta")
            if isinstance(delta, dict):
                self._read_delta(delta, deltas)
            elif isinstance(message := choice.get("message"), dict) and not self._spoken:
                self._read_delta(message, deltas)  # else it repeats what the deltas said
            self._spoken = self._spoken or bool(deltas)
            if isinstance(reason := choice.get("finish_reason"), str) and reason:
                if reason == "error":
                    raise ModelFault("unavailable")
                deltas.append(StreamEnd(_REASONS.get(reason.lower(), reason)))
        if isinstance(usage := chunk.get("usage"), dict):
            deltas.append(
                Usage(
                    input_tokens=_count(usage.get("prompt_tokens")),
                    output_tokens=_count(usage.get("completion_tokens")),
                )
            )
        return deltas

    def _read_delta(self, delta: dict[str, Any], deltas: list[Delta]) -> None:
        returned = delta.get("reasoning_content")
        reasoning = returned or delta.get("reasoning")
        if not reasoning and "thinking_blocks" in delta:
            reasoning = _thoughts(delta["thinking_blocks"])
        if isinstance(reasoning, str) and reasoning:
            deltas.append(ReasoningDelta(reasoning, returned=reasoning is returned))
        for form in _RETURNED:
            if isinstance(entries := delta.get(form), list):
                deltas.extend(
                    ReasoningPart(form=form, value=entry)
                    for entry in entries
                    if isinstance(entry, dict)
                )
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                deltas.append(TextDelta(content))
        elif isinstance(content, list):
            _read_parts(content, deltas)
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            deltas.append(TextDelta(refusal))
        if isinstance(calls := delta.get("tool_calls"), list):
            deltas.extend(self._call_delta(call) for call in calls if isinstance(call, dict))
        elif isinstance(function := delta.get("function_call"), dict):
            deltas.append(self._call_delta({"index": 0, "function": function}))
        if "annotations" in delta or "provider_specific_fields" in delta:
            deltas.extend(self._new(read_delta_citations(delta)))

    def _new(self, citations: Iterable[Citation]) -> Iterator[Citation]:
        """Skip citations that were already seen: some providers send the list with every chunk."""
        for citation in citations:
            if (key := (citation.url, citation.index)) not in self._cited:
                self._cited.add(key)
                yield citation

    def _call_delta(self, piece: dict[str, Any]) -> ToolCallDelta:
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        call_id, extra = _word(piece.get("id")), _extra(piece, function)
        if call_id is not None and _SIGNATURE in call_id:
            call_id, _, signature = call_id.partition(_SIGNATURE)
            extra = extra or _signed(signature)
        name = _word(function.get("name"))
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)

        call = self._find_call(_index(piece.get("index")), call_id, name)
        news = ToolCallDelta(
            index=call.index,
            call_id=call_id if call.call_id is None else None,
            name=name if call.name is None else None,
            arguments=arguments,
            extra=extra,
        )
        call.call_id = call.call_id or call_id
        call.name = call.name or name
        call.pieces.append(arguments)
        return news

    def _find_call(self, index: int | None, call_id: str | None, name: str | None) -> _Call:
        """The call that a piece belongs to, or a new one.

        A piece with a name starts a new call, unless the call at its index has no name yet: some
        providers use index 0, or none, for every call, and only the ids differ. Others repeat the
        name, and some also the id, with every piece.
        """
        known: _Call | None
        if index is not None:
            known = self._by_index.get(index)
        else:
            known = self._calls[-1] if self._calls else None
            if call_id is not None and (known is None or known.call_id != call_id):
                known = next((call for call in self._calls if call.call_id == call_id), None)
        if known is not None and (
            name is None  # ids do not count: some servers send a new id with every piece
            or known.name is None
            or (call_id is not None and call_id == known.call_id)
            or (call_id is None and name == known.name and not _is_object(known.pieces))
        ):
            return known
        call = _Call(index=len(self._calls))
        self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        return call


def _index(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) else None


def _is_object(pieces: list[str]) -> bool:
    """Whether the arguments are complete, so that the name that follows is that of a new call."""
    try:
        return isinstance(json.loads("".join(pieces)), dict)
    except (ValueError, RecursionError):
        return False


def _extra(piece: Mapping[str, Any], function: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a call that go back to Gemini: natively, and in its OpenAI-compatible form."""
    for holder in (piece, function):
        fields = holder.get("provider_specific_fields")
        if isinstance(fields, dict) and isinstance(fields.get("thought_signature"), str):
            return _signed(fields["thought_signature"])
    content = piece.get("extra_content")
    return {"extra_content": content} if isinstance(content, dict) else None


def _signed(signature: str) -> dict[str, Any]:
    return {"provider_specific_fields": {"thought_signature": signature}}


def _around(
    data: str, chunk: Mapping[str, Any], deltas: list[Delta]
) -> tuple[str, str, _Kind] | None:
    """The JSON before and after the text of a chunk, and the delta's type.

    None if the chunk has more than one text or the position of the text is ambiguous.
    """
    if len(deltas) != 1 or not isinstance(delta := deltas[0], TextDelta | ReasoningDelta):
        return None
    places = [(found[1], found.end()) for found in _TEXT.finditer(data)]
    if len(places) != 1:
        return None
    ((name, start),) = places
    text, end = _decode(data, start)
    if text != delta.text or chunk["choices"][0].get("delta", {}).get(name) != text:
        return None
    if isinstance(delta, TextDelta):
        return data[:start], data[end:], TextDelta
    return data[:start], data[end:], _returned if delta.returned else ReasoningDelta


def _read_parts(parts: list[Any], deltas: list[Delta]) -> None:
    """Parse content as a list: text parts, and Mistral's `thinking`, whose parts are reasoning."""
    for part in parts:
        if isinstance(part, str):
            part = {"type": "text", "text": part}
        if not isinstance(part, dict):
            continue
        if part.get("type") in ("text", "output_text"):
            if isinstance(text := part.get("text"), str) and text:
                deltas.append(TextDelta(text))
        elif part.get("type") == "refusal":
            if isinstance(text := part.get("refusal"), str) and text:
                deltas.append(TextDelta(text))
        elif part.get("type") == "thinking":
            thought: list[Delta] = []
            inner = part.get("thinking")
            _read_parts(inner if isinstance(inner, list) else [inner], thought)
            deltas.extend(ReasoningDelta(d.text) for d in thought if isinstance(d, TextDelta))


def _thoughts(blocks: object) -> str:
    """The text of Anthropic's `thinking_blocks`, as LiteLLM passes them on, without signatures."""
    entries = (
        [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    )
    texts = [block.get("thinking") for block in entries]
    return "".join(text for text in texts if isinstance(text, str))


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 10**12 else 0
