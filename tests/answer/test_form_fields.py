"""Forms of tool servers: from a JSON schema to questions, and from answers to values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chatkit.answer.form_fields import Misfit, Unfit, fields_of, question_of, value_of
from chatkit.protocol.structured import Answer, Question
from tests.wording import SAY

Schema = dict[str, Any]


def asked(schema: Schema, *, required: bool = True) -> tuple[Any, Question]:
    (field,) = fields_of({"properties": {"f": schema}, "required": ["f"] if required else []})
    return field, question_of(field, SAY)


def answer(schema: Schema, *values: str, required: bool = True) -> Any:
    field, question = asked(schema, required=required)
    return value_of(field, replace(question, answer=Answer(values=values)), SAY)


TITLED = [{"const": "a", "title": "Anna"}, {"const": "b", "title": "Ben"}]
ENUMS: list[Schema] = [
    {"type": "string", "enum": ["a", "b"], "enumNames": ["Anna", "Ben"]},
    {"type": "string", "oneOf": TITLED},
]
VALUES: list[tuple[Schema, tuple[str, ...], Any]] = [
    ({"type": "string"}, (" tea ",), "tea"),
    ({"type": "integer"}, ("42",), 42),
    ({"type": "integer", "minimum": 1, "maximum": 5}, ("5",), 5),
    ({"type": "number"}, ("3.5",), 3.5),
    ({"type": "number"}, ("3",), 3),
    ({"type": "boolean"}, ("Yes",), True),
    ({"type": "boolean"}, ("No",), False),
    ({"type": "string", "enum": ["a", "b"]}, ("b",), "b"),
    *((schema, ("Ben",), "b") for schema in ENUMS),
    *((schema, ("b",), "b") for schema in ENUMS),
    ({"type": "array", "items": {"enum": ["a", "b"]}}, ("b", "a", "b"), ["b", "a"]),
    ({"type": "array", "items": {"anyOf": TITLED}}, ("Anna",), ["a"]),
    ({"type": "string", "format": "email"}, ("a@b.example",), "a@b.example"),
    ({"type": "string", "format": "uri"}, ("https://a.example/",), "https://a.example/"),
    ({"type": "string", "format": "date"}, ("2027-01-31",), "2027-01-31"),
    ({"type": "string", "format": "date-time"}, ("2027-01-31T09:30:00Z",), "2027-01-31T09:30:00Z"),
    ({"type": "string", "default": "tea"}, (), "tea"),
    ({"type": "boolean", "default": False}, (), False),
]


@pytest.mark.parametrize(("schema", "given", "value"), VALUES)
def test_an_answer_becomes_the_value_of_its_type(
    schema: Schema, given: tuple[str, ...], value: Any
) -> None:
    read = answer(schema, *given)
    assert (read, type(read)) == (value, type(value))


MISFITS: list[tuple[Schema, tuple[str, ...], str]] = [
    ({"type": "string"}, (), "This needs an answer."),
    ({"type": "string"}, ("  ",), "This needs an answer."),
    ({"type": "integer"}, ("4.5",), "A whole number."),
    ({"type": "integer"}, ("1" * 5000,), "A whole number."),
    ({"type": "integer"}, ("four",), "A whole number."),
    ({"type": "number"}, ("3,5",), "A number."),
    ({"type": "number"}, ("nan",), "A number."),
    ({"type": "integer", "minimum": 1, "maximum": 5}, ("6",), "From 1 to 5."),
    ({"type": "integer", "minimum": 1}, ("0",), "At least 1."),
    ({"type": "number", "maximum": 1.5}, ("2",), "At most 1.5."),
    ({"type": "boolean"}, ("maybe",), "Choose from what is offered."),
    ({"type": "string", "enum": ["a"]}, ("c",), "Choose from what is offered."),
    ({"type": "array", "items": {"enum": ["a", "b", "c"]}, "maxItems": 2}, ("a", "b", "c"),
     "From 0 to 2 of them."),
    ({"type": "string", "minLength": 2}, ("x",), "At least 2 characters."),
    ({"type": "string", "maxLength": 1}, ("xy",), "At most 1 character."),
    ({"type": "string", "format": "email"}, ("me",), "An e-mail address."),
    ({"type": "string", "format": "uri"}, ("not one",), "An address, such as https://example.com."),
    ({"type": "string", "format": "date"}, ("31.1.2027",), "A date, such as 2027-01-31."),
    ({"type": "string", "format": "date-time"}, ("2027-01-31",),
     "A date and time with its zone, such as 2027-01-31T09:30:00+01:00."),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "given", "why"), MISFITS)
def test_a_value_that_does_not_fit_is_told_why(
    schema: Schema, given: tuple[str, ...], why: str
) -> None:
    with pytest.raises(Misfit) as misfit:
        answer(schema, *given)
    assert str(misfit.value) == why


def test_what_may_be_left_out_has_no_value() -> None:
    assert answer({"type": "integer"}, required=False) is None


def test_a_question_has_the_title_the_hint_and_the_options() -> None:
    number: Schema = {"type": "integer", "title": "Seats", "description": "How many.", "default": 2}
    _, question = asked({**number, "minimum": 1, "maximum": 9}, required=False)
    assert question == Question(
        id="f",
        question="Seats",
        description="How many. A whole number. From 1 to 9. If skipped: 2",
    )
    _, question = asked({"type": "boolean", "title": "Window?"}, required=False)
    assert question.question == "Window?\nMay be skipped."
    assert question.options == ("Yes", "No")
    several: Schema = {"type": "array", "items": {"anyOf": TITLED}, "default": ["a"]}
    _, question = asked(several)
    assert question == Question(
        id="f", question="f\nIf skipped: Anna", options=("Anna", "Ben"), multiple=True
    )


def test_labels_that_cannot_be_told_apart_are_replaced_by_their_values() -> None:
    _, question = asked({"type": "string", "enum": ["a", "b"], "enumNames": ["X", "X\u200b"]})
    assert question.options == ("a", "b")


UNFIT: list[Schema] = [
    {"f": {"type": "object"}},
    {"f": {"type": "array", "items": {"type": "string"}}},
    {"f": {"type": "string", "enum": []}},
    {"f": {"type": "string", "enum": [1, 2]}},
    {"f": {"type": "string", "enum": [str(number) for number in range(100)]}},
    {"f": True},
    {"f" * 300: {"type": "string"}},
    {str(number): {"type": "string"} for number in range(21)},
    {"f": {"type": "string", "description": "x" * 30_000}},
]


@pytest.mark.parametrize("properties", UNFIT)
def test_a_form_that_nobody_can_fill_in_is_unfit(properties: Schema) -> None:
    with pytest.raises(Unfit):
        fields_of({"properties": properties})
