"""Reading and writing JSON under the rules of the wire.

Input: UTF-8 only, no NaN or Infinity, at most 64 levels, and no NUL characters or lone surrogates
in strings, because PostgreSQL and browsers reject them. Output: compact, raw UTF-8, never
`\\u`-escaped.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, Final, NoReturn

from chatkit.protocol.errors import BadRequest, Sentence

_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
)

#: Encodes a value as compact JSON text. Strings must be free of lone surrogates.
dumps = _encoder.encode

#: Deepest nesting of arrays and objects in a request. The wire itself needs only a few levels; the
#: limit protects code that recurses over the value later.
MAX_DEPTH: Final = 64
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}
_STRING: Final = re.compile(rb'"[^"]*"')

_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\0]")


def clean_text(text: str) -> str:
    """Remove NUL from `text` and replace lone surrogates by U+FFFD, as wire and database need."""
    return _SURROGATE_OR_NUL.sub(lambda found: "" if found[0] == "\0" else "\ufffd", text)


def clean_value(value: Any) -> Any:
    """Apply `clean_text` to every string and key of a JSON value from an untrusted source."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean_value(entry) for entry in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_value(entry) for key, entry in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def loads(body: bytes) -> Any:
    """Parse a request body. Raises BadRequest with code `invalid_json`."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(Sentence("http.body_not_utf8"), code="invalid_json") from error
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise BadRequest(Sentence("http.body_nested"), code="invalid_json") from error
    except ValueError as error:
        raise BadRequest(Sentence("http.body_not_json"), code="invalid_json") from error
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise BadRequest(Sentence("http.body_too_deep", count=MAX_DEPTH), code="invalid_json")
    # Valid UTF-8 cannot contain them directly, only as \u escapes, so most bodies skip the walk.
    if "\\u" in text:
        _refuse_unstorable(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _depth(body: bytes) -> int:
    """The nesting depth of valid JSON, by counting brackets outside of strings.

    Every step takes linear time for any text, so a large body cannot block the server.
    """
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = _STRING.sub(b"", unescaped).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _refuse_unstorable(value: Any) -> None:
    pending = [value]
    while pending:
        entry = pending.pop()
        if isinstance(entry, str):
            if _SURROGATE_OR_NUL.search(entry):
                raise BadRequest(Sentence("http.body_unstorable"), code="invalid_json")
        elif isinstance(entry, dict):
            pending.extend(entry)
            pending.extend(entry.values())
        elif isinstance(entry, list):
            pending.extend(entry)
