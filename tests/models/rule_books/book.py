"""What one provider refuses and how it answers, and a server that does both over HTTP.

A rule is a pure function of the body of a request, so that it can be tried without a server. A
signature of reasoning is a digest of what it signs: a book knows its own, and no other, by reading.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any, Literal

from tests.model_server import ModelServer, Request
from tests.model_steps import Reply, Step

Body = Mapping[str, Any]

_NUMBERS = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call that the model writes, with its arguments as text."""

    name: str
    arguments: str = "{}"
    #: No two are alike, as with real providers.
    number: int = field(default_factory=lambda: next(_NUMBERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, whatever the provider."""

    text: str = ""
    thought: str = ""
    calls: Sequence[Called] = ()
    end: Literal["stop", "length"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that a provider refuses. `found` returns the provider's sentence, or None.

    `source` is where the refusal is documented or reported. `learned`: a server is asked once to
    find it out, so one refusal is no fault.
    """

    name: str
    source: str
    found: Callable[[Body], str | None]
    status: int = 400
    code: str | None = None
    learned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A provider. `model` is LiteLLM's name of one of its models.

    `error` makes the body of a refusal, `say` the stream of an answer. `withheld` is the answer to
    content against the provider's policy. `proof` is what the next request of a round must hold, by
    the thought of the round. `environment` is how LiteLLM finds the server where the operator does
    not give its address; `{base}` stands for it.
    """

    name: str
    model: str
    rules: Sequence[Rule]
    error: Callable[[str, Rule], dict[str, Any]]
    say: Callable[[Said], list[Step]]
    withheld: list[Step]
    environment: Mapping[str, str] = field(default_factory=dict)
    own_server: bool = True
    proof: Callable[[str], str] = lambda _: ""
    content_type: str = "text/event-stream"

    def refusals(self, body: Body) -> list[tuple[Rule, str]]:
        """Every rule that the body breaks, each with the provider's sentence."""
        found = [(rule, rule.found(body)) for rule in self.rules]
        return [(rule, sentence) for rule, sentence in found if sentence is not None]

    def refuse(self, rule: Rule, sentence: str) -> Reply:
        """The provider's reply to a body that breaks `rule`."""
        return Reply(json.dumps(self.error(sentence, rule)).encode(), status=rule.status)


class BookServer(ModelServer):
    """The provider of a book. `refused` are the refusals that must not be."""

    def __init__(self, book: Book) -> None:
        super().__init__(answer=lambda _: book.say(Said(text="Here.")))
        self.stream_type = book.content_type
        self.book = book
        self.refused: list[str] = []

    def next_answer(self, request: Request) -> list[Step]:
        """A refusal, which leaves the scripts as they are, or the next answer."""
        for rule, sentence in self.book.refusals(request.body)[:1]:
            self.requests.append(request)
            if not rule.learned:
                self.refused.append(f"{rule.name}: {sentence}")
            return [self.book.refuse(rule, sentence)]
        return super().next_answer(request)

    def say(self, *said: Said) -> None:
        """The next answers."""
        for each in said:
            self.script(*self.book.say(each))


def sign(signer: str, text: str) -> str:
    """The signature that a provider gives to a piece of reasoning."""
    return sha256(f"{signer}:{text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def halves(text: str) -> list[str]:
    """A text in pieces, as it is streamed; none if it is empty."""
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]
