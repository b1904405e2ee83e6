"""Makes a provider's sentence fit for the log: without keys, and without the words of the user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: Longest sentence in the log, in characters.
MAX_CHARS: Final = 300
#: A run of so many characters that the request holds too counts as a quotation of it.
_RUN: Final = 16
#: How much of a sentence is read, in characters.
_MAX_READ: Final = 2_000
#: How much of a request is searched for quotations, in characters, from its end. A whole one could
#: hold the event loop for a second.
_MAX_SEARCHED: Final = 100_000

_KEY: Final = re.compile(
    r"\b(?:(?:sk|pk|rk|gsk|xai|hf|key|org)[-_]|AIza|eyJ|AKIA)[-_A-Za-z0-9.*]{6,}|"
    r"\bBearer\s+\S+|\b[A-Za-z0-9+/_-]{32,}={0,2}|(?<=[Kk]ey provided: )\S+"
)
_QUERY: Final = re.compile(r"\?[^\s\"'<>]+=[^\s\"'<>]*")


def masked(sentence: str, secrets: Iterable[str], request: Iterable[str] = ()) -> str:
    """`sentence`, cut, without the `secrets`, anything that looks like a key, queries of URLs, and
    what it quotes of the texts of the `request`."""
    text = " ".join(sentence[:_MAX_READ].split())
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[key]")
    text = _QUERY.sub("?…", _KEY.sub("[key]", text))[: MAX_CHARS + _RUN]
    return without_quotations(text, request)[:MAX_CHARS]


def without_quotations(text: str, request: Iterable[str]) -> str:
    """`text`, cut, in one line, without what it quotes of the texts of the request.

    A provider's sentence may quote the user, whose words must not pass for the provider's.
    """
    text = " ".join(text[:_MAX_READ].split())
    words = "\n".join(request)[-_MAX_SEARCHED:]
    words = " ".join(words.split())
    kept, place = [], 0
    while place < len(text):
        end = place + _RUN
        if end <= len(text) and text[place:end] in words:
            while end < len(text) and text[place : end + 1] in words:
                end += 1
            kept.append("…")
            place = end
        else:
            kept.append(text[place])
            place += 1
    return "".join(kept)
