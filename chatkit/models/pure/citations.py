"""Parses the web citations of an answer, in the formats of the different providers.

- OpenAI, OpenRouter, and LiteLLM for Gemini and others: `annotations` of a delta, each a
  `url_citation` with a position in the text.
- Perplexity: `citations` (URLs) and `search_results` of a chunk, the whole list every time.
- Anthropic through LiteLLM: a `citation` in the `provider_specific_fields` of a delta.

All values are untrusted: a citation without a plain http or https URL is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from chatkit.models.pure.deltas import Citation

#: Longest URL, in characters. Longer ones are dropped: a cut URL would be a different one.
MAX_URL_CHARS: Final = 2_048
#: Longest title, in characters; longer ones are cut.
MAX_TITLE_CHARS: Final = 200

#: Control characters, surrogates, and marks that change the text direction.
_UNFIT: Final = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def read_delta_citations(delta: Mapping[str, Any]) -> Iterator[Citation]:
    """The citations in the `delta` of a choice."""
    for annotation in _objects(delta.get("annotations")):
        if annotation.get("type") == "url_citation":
            inner = annotation.get("url_citation")
            # The Responses API and some compatible servers have the fields next to the type.
            yield from _citation(inner if isinstance(inner, Mapping) else annotation)
    fields = delta.get("provider_specific_fields")
    if isinstance(fields, Mapping):
        yield from _citation(fields.get("citation"))


def read_chunk_citations(chunk: Mapping[str, Any]) -> Iterator[Citation]:
    """The citations outside of the choices of a chunk; those with a title come first."""
    for result in _objects(chunk.get("search_results")):
        yield from _citation({"url": result.get("url"), "title": result.get("title")})
    urls = chunk.get("citations")
    for url in urls if isinstance(urls, list) else ():
        yield from _citation(url if isinstance(url, Mapping) else {"url": url})


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping):
            yield entry


def _citation(source: object) -> Iterator[Citation]:
    """Parse one citation; yield nothing if it is not valid."""
    if not isinstance(source, Mapping):
        return
    url, title, index = source.get("url"), source.get("title"), source.get("end_index")
    if not isinstance(url, str) or (host := _web_host(url)) is None:
        return
    placed = type(index) is int and 0 <= index < 10**9
    yield Citation(url=url, title=_line(title) or host, index=index if placed else None)


def _web_host(url: str) -> str | None:
    """The host of an http or https URL without credentials. None for any other text."""
    if len(url) > MAX_URL_CHARS or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    return parts.hostname if known else None


def _line(title: object) -> str:
    """A title as one line of storable text. Empty if it is not a string."""
    if not isinstance(title, str):
        return ""
    words = " ".join(title[: 4 * MAX_TITLE_CHARS].split())
    return _UNFIT.sub("", words)[:MAX_TITLE_CHARS].strip()
