"""Structured input: questions to the user as a form, and the user's answers.

The rules for applying a submission are in protocol.md, section 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

#: Most questions in one form, options of one question, and characters of each text.
MAX_QUESTIONS: Final = 10
MAX_OPTIONS: Final = 20
MAX_SENTENCE: Final = 1000

FormStatus = Literal["pending", "answered", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question. Without values if it was skipped."""

    values: tuple[str, ...] = ()
    skipped: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The answer object."""
        return {"values": list(self.values), "skipped": self.skipped}


_SKIPPED: Final = Answer(skipped=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    With `options` it is multiple choice (`multiple`: several may be picked), and the page also
    accepts the user's own text. Without options it is free text.
    """

    id: str
    question: str
    options: tuple[str, ...] = ()
    multiple: bool = False
    description: str | None = None
    answer: Answer | None = None

    def to_wire(self) -> dict[str, Any]:
        """The structured input object."""
        wire: dict[str, Any] = {"id": self.id, "question": self.question}
        if self.answer is not None:
            wire["answer"] = self.answer.to_wire()
        if self.options:
            options = [{"value": option} for option in self.options]
            return {
                **wire,
                "type": "multiple_choice",
                "options": options,
                "multiple": self.multiple,
            }
        wire["type"] = "freeform"
        return wire if self.description is None else {**wire, "description": self.description}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The form as the page submitted it: answers by question id, not yet validated."""

    skipped: bool
    answers: Mapping[str, Answer]


def answered(questions: tuple[Question, ...], given: Submission) -> tuple[Question, ...]:
    """Add the submitted answers to the questions. Unknown question ids are ignored."""
    return tuple(replace(question, answer=_answer(question, given)) for question in questions)


def _answer(question: Question, given: Submission) -> Answer:
    answer = given.answers.get(question.id, _SKIPPED)
    if given.skipped or answer.skipped or not answer.values:
        return _SKIPPED
    single = bool(question.options) and not question.multiple
    return Answer(values=answer.values[:1] if single else answer.values)


def parse_question(wire: dict[str, Any]) -> Question:
    """Parse the question that `to_wire` wrote."""
    answer = wire.get("answer")
    return Question(
        id=wire["id"],
        question=wire["question"],
        options=tuple(option["value"] for option in wire.get("options", ())),
        multiple=wire.get("multiple", False),
        description=wire.get("description"),
        answer=None
        if answer is None
        else Answer(values=tuple(answer["values"]), skipped=answer["skipped"]),
    )
