"""The tool with which a model asks the user: its call as a form, and the answers as its result."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chatkit.answer.asking import call_of, read_questions, result_of
from chatkit.protocol.bodies import StructuredInput
from chatkit.protocol.calls import BadArguments
from chatkit.protocol.structured import MAX_OPTIONS, MAX_QUESTIONS, MAX_SENTENCE, Answer, Question


def asked(*questions: Any) -> str:
    return json.dumps({"questions": questions})


def test_a_call_becomes_a_form() -> None:
    arguments = asked(
        {"question": " Which size? ", "options": ["S", " L ", "S"], "multiple": True},
        {"question": "Which name?", "description": "As on the card.", "options": None},
    )
    assert read_questions(arguments) == StructuredInput(
        questions=(
            Question(id="q1", question="Which size?", options=("S", "L"), multiple=True),
            Question(id="q2", question="Which name?", description="As on the card."),
        )
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("{", "The arguments are not valid JSON. Send one JSON object."),
        ("[]", "The arguments are not a JSON object. Send one JSON object."),
        ("{}", "questions must be an array of 1 to 10 objects."),
        (asked(), "questions must be an array of 1 to 10 objects."),
        (
            asked(*[{"question": "How?"}] * (MAX_QUESTIONS + 1)),
            "questions must be an array of 1 to 10 objects.",
        ),
        (asked({"question": "How?"}, "Why?"), "Question 2 must be an object."),
        (asked({}), "Question 1 must be a text of 1 to 1000 characters."),
        (asked({"question": " "}), "Question 1 must be a text of 1 to 1000 characters."),
        (
            asked({"question": "x" * (MAX_SENTENCE + 1)}),
            "Question 1 must be a text of 1 to 1000 characters.",
        ),
        (
            asked({"question": "How?", "options": "S"}),
            "The options of question 1 must be at most 20 texts.",
        ),
        (
            asked({"question": "How?", "options": ["S"] * (MAX_OPTIONS + 1)}),
            "The options of question 1 must be at most 20 texts.",
        ),
        (
            asked({"question": "How?", "options": [1]}),
            "An option of question 1 must be a text of 1 to 1000 characters.",
        ),
        (
            asked({"question": "How?", "description": 1}),
            "The description of question 1 must be a text of 1 to 1000 characters.",
        ),
    ],
)
def test_the_model_is_told_what_is_wrong_with_its_questions(arguments: str, sentence: str) -> None:
    with pytest.raises(BadArguments) as raised:
        read_questions(arguments)
    assert str(raised.value) == sentence


def test_the_call_of_a_form_asks_for_that_form() -> None:
    arguments = asked(
        {"question": "Which size?", "options": ["S", "L"], "multiple": False},
        {"question": "Which name?", "description": "As on the card."},
        {"question": "Why?"},
    )
    form = read_questions(arguments)
    assert json.loads(call_of(form)) == json.loads(arguments)
    assert read_questions(call_of(form)) == form


def test_the_result_is_what_the_user_answered() -> None:
    size, name, reason = read_questions(
        asked({"question": "Which size?"}, {"question": "Which name?"}, {"question": "Why?"})
    ).questions
    form = StructuredInput(
        questions=(
            replace(size, answer=Answer(values=("L", "XL"))),
            replace(name, answer=Answer(skipped=True)),
            reason,
        ),
        status="answered",
    )
    assert json.loads(result_of(form)) == {
        "answers": [
            {"question": "Which size?", "answers": ["L", "XL"]},
            {"question": "Which name?", "skipped": True},
            {"question": "Why?", "skipped": True},
        ]
    }
    assert json.loads(result_of(replace(form, status="skipped"))) == {
        "skipped": True,
        "message": "The user skipped the questions.",
    }
