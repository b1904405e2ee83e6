"""Catalogues of sentences, and the choice of a language by Accept-Language.

A new language is one file like `english.py`, added to `CATALOGUES`. A sentence
that it lacks is shown in English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from chatkit.words import english
from chatkit.words.say import Say

#: A sentence with `{placeholders}`, or one for each plural category (CLDR: one, other …).
Template = str | Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The sentences of one language by code. `plural` returns the CLDR category of a count."""

    language: str
    sentences: Mapping[str, Template]
    plural: Callable[[int], str]

    def say(self, code: str, /, **params: str | int) -> str:
        """See Say."""
        template = self.sentences[code]
        if not isinstance(template, str):
            template = template[self.plural(int(params["count"]))]
        return template.format_map(params)


#: The language of readers whose language is unknown.
ENGLISH: Final = "en"

_ENGLISH: Final = Catalogue(
    language=ENGLISH, sentences=english.SENTENCES, plural=english.plural_category
)
#: By primary language subtag.
CATALOGUES: Final = {catalogue.language: catalogue for catalogue in (_ENGLISH,)}


@cache
def say_in(language: str) -> Say:
    """The sentences of a language, by its primary subtag; English if there is no catalogue."""
    chosen = CATALOGUES.get(language, _ENGLISH)

    def say(code: str, /, **params: str | int) -> str:
        catalogue = chosen if code in chosen.sentences else _ENGLISH
        return catalogue.say(code, **params)

    return say


def sentences_of(language: str, prefix: str) -> dict[str, Template]:
    """The sentences whose codes begin with `prefix`, with their placeholders."""
    chosen = CATALOGUES[language].sentences
    return {
        code: chosen.get(code, sentence)
        for code, sentence in _ENGLISH.sentences.items()
        if code.startswith(prefix)
    }


def choose_language(accept_language: str | None) -> str:
    """The best supported language for an Accept-Language header (RFC 9110, 12.5.4).

    A tag matches by its primary subtag. English if none matches or the header is malformed.
    """
    ranked: list[tuple[float, str]] = []
    for entry in (accept_language or "").split(",")[:20]:
        tag, _, weight = entry.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in CATALOGUES:
            ranked.append((_weight(weight), primary))
    best = max(ranked, key=lambda each: each[0], default=(0.0, ""))
    return best[1] if best[0] > 0 else ENGLISH


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
