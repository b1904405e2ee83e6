"""The fields of a tool server's form: from its JSON schema to our questions, and back to values.

MCP, "Elicitation": a form is an object of strings, numbers, booleans and enums, without nesting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import isfinite
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from chatkit.protocol.jsontext import dumps
from chatkit.protocol.structured import MAX_OPTIONS, MAX_SENTENCE, Question
from chatkit.words.say import Say

#: Most fields of a form, longest schema as JSON, and longest label, in characters.
MAX_FIELDS: Final = 20
_MAX_SCHEMA: Final = 20_000
_MAX_LABEL: Final = 200

_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)

Kind = Literal["text", "integer", "number", "boolean", "one", "several"]
Value = str | int | float | bool | list[str]


class Unfit(Exception):
    """The schema is no form that a user can fill in. The text is a sentence for the model."""


class Misfit(Exception):
    """A value that does not fit. The text is a sentence for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `values` are those of its options, which the user sees as `labels`."""

    name: str
    title: str
    description: str
    kind: Kind
    required: bool
    schema: Mapping[str, Any]
    values: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def default(self) -> Value | None:
        """The schema's default, if it is of the field's kind."""
        default = self.schema.get("default")
        match self.kind:
            case "several":
                fits = isinstance(default, list) and all(each in self.values for each in default)
            case "one":
                fits = default in self.values
            case "boolean":
                fits = isinstance(default, bool)
            case "integer" | "number":
                fits = isinstance(default, int | float) and not isinstance(default, bool)
            case _:
                fits = isinstance(default, str) and len(default) <= MAX_SENTENCE
        return default if fits else None


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """The fields in the order of the schema. Raises Unfit."""
    properties, required = schema.get("properties"), schema.get("required")
    properties = {} if properties is None else properties
    if (
        not isinstance(properties, dict)
        or len(properties) > MAX_FIELDS
        or len(dumps(schema)) > _MAX_SCHEMA
    ):
        raise Unfit("The server's question is too large to be asked.")
    needed = required if isinstance(required, list) else []
    return [_field(name, part, name in needed) for name, part in properties.items()]


def shown(text: str) -> str:
    """A text of a server without characters that could make it look like another one."""
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text).strip()


def question_of(field: Field, say: Say) -> Question:
    """The question for a field, with its rules as a hint. Its id is the field's name."""
    hint = " ".join(filter(None, [field.description, *_hints(field, say)]))
    if field.kind in ("text", "integer", "number"):
        description = hint[:MAX_SENTENCE] or None
        return Question(id=field.name, question=field.title, description=description)
    options = field.labels or (say("elicit.yes"), say("elicit.no"))
    question = f"{field.title}\n{hint}" if hint else field.title
    several = field.kind == "several"
    return Question(id=field.name, question=question, options=options, multiple=several)


def value_of(field: Field, question: Question, say: Say) -> Value | None:
    """The answered value; None where the field may be left out. Raises Misfit."""
    given = () if question.answer is None else question.answer.values
    given = tuple(text.strip() for text in given if text.strip())
    if not given:
        if field.default is None and field.required:
            raise Misfit(say("elicit.needed"))
        return field.default
    text = given[0]
    match field.kind:
        case "boolean":
            if text not in question.options:
                raise Misfit(say("elicit.choose"))
            return question.options.index(text) == 0
        case "one":
            return _chosen(field, text, say)
        case "several":
            chosen = [*dict.fromkeys(_chosen(field, each, say) for each in given)]
            least, most = _bounds(field, "minItems", "maxItems")
            if not least <= len(chosen) <= most:
                raise Misfit(_rule_of_count(least, most, say))
            return chosen
        case "integer":
            if _INTEGER.fullmatch(text) is None:
                raise Misfit(say("elicit.integer"))
            return _within(field, int(text), say)
        case "number":
            if _NUMBER.fullmatch(text) is None or not isfinite(float(text)):
                raise Misfit(say("elicit.number"))
            number = float(text)
            return _within(field, int(number) if number.is_integer() else number, say)
        case _:
            return _text(field, text, say)


def _field(name: str, schema: Any, required: bool) -> Field:
    unfit = Unfit(f"The server asked for {dumps(name[:80])} in a form that nobody can fill in.")
    if not isinstance(schema, dict) or not 0 < len(name) <= _MAX_LABEL:
        raise unfit
    title, description = schema.get("title"), schema.get("description")
    field = Field(
        name=name,
        title=shown(title if isinstance(title, str) and title.strip() else name)[:_MAX_LABEL],
        description=shown(description)[:MAX_SENTENCE] if isinstance(description, str) else "",
        kind="text",
        required=required,
        schema=schema,
    )
    items = schema.get("items")
    match schema.get("type"):
        case "array" if isinstance(items, dict) and (options := _options(items)):
            kind: Kind = "several"
        case "string" if {"enum", "oneOf", "anyOf"}.isdisjoint(schema):
            return field
        case "string" if options := _options(schema):
            kind = "one"
        case "integer" | "number" | "boolean" as simple:
            return replace(field, kind=simple)
        case _:
            raise unfit
    values, labels = zip(*options, strict=True)
    return replace(field, kind=kind, values=values, labels=labels)


def _options(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The (value, label) pairs of an enum in any of the protocol's forms; none if unusable."""
    listed, names = schema.get("enum"), schema.get("enumNames")
    titled = schema.get("oneOf", schema.get("anyOf"))
    pairs: list[tuple[Any, Any]] = []
    if isinstance(listed, list):
        labels = names if isinstance(names, list) and len(names) == len(listed) else listed
        pairs = [*zip(listed, labels, strict=True)]
    elif isinstance(titled, list) and all(isinstance(each, dict) for each in titled):
        pairs = [(each.get("const"), each.get("title", each.get("const"))) for each in titled]
    texts = all(isinstance(each, str) and shown(each) for pair in pairs for each in pair)
    if not texts or len(pairs) > MAX_OPTIONS:
        return []
    options = [(value, shown(label)[:_MAX_LABEL]) for value, label in pairs]
    if len({label for _, label in options}) < len(options):  # labels that cannot be told apart
        options = [(value, shown(value)[:_MAX_LABEL]) for value, _ in options]
    return options if len({label for _, label in options}) == len(options) else []


def _hints(field: Field, say: Say) -> Iterator[str]:
    match field.kind:
        case "integer":
            yield say("elicit.integer")
        case "number":
            yield say("elicit.number")
        case "text" if (rule := _rule_of_format(field, say)) is not None:
            yield rule
        case "several":
            least, most = _bounds(field, "minItems", "maxItems")
            if most < len(field.values) or least > 1:
                yield _rule_of_count(least, most, say)
    if field.kind in ("integer", "number") and (rule := _rule_of_range(field, say)):
        yield rule
    if (default := field.default) is not None:
        yield say("elicit.default", value=_as_text(field, default, say))
    elif not field.required:
        yield say("elicit.optional")


def _as_text(field: Field, value: Value, say: Say) -> str:
    match value:
        case bool():
            return say("elicit.yes") if value else say("elicit.no")
        case list():
            return ", ".join(_as_text(field, each, say) for each in value)
        case str() if value in field.values:
            return field.labels[field.values.index(value)]
    return shown(str(value))[:_MAX_LABEL]


def _chosen(field: Field, text: str, say: Say) -> str:
    """The value of a chosen label. A value itself is accepted too."""
    if text in field.labels:
        return field.values[field.labels.index(text)]
    if text not in field.values:
        raise Misfit(say("elicit.choose"))
    return text


def _text(field: Field, text: str, say: Say) -> str:
    least, most = _bounds(field, "minLength", "maxLength")
    if len(text) < least:
        raise Misfit(say("elicit.short", count=least))
    if len(text) > most:
        raise Misfit(say("elicit.long", count=most))
    if (rule := _rule_of_format(field, say)) is not None and not _has_format(field, text):
        raise Misfit(rule)
    return text


def _has_format(field: Field, text: str) -> bool:
    try:
        match field.schema["format"]:
            case "email":
                return _EMAIL.fullmatch(text) is not None
            case "uri":
                parts = urlsplit(text)
                return bool(parts.scheme and (parts.netloc or parts.path)) and " " not in text
            case "date":
                return len(text) == 10 and bool(date.fromisoformat(text))
            case _:
                return "T" in text.upper() and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _rule_of_format(field: Field, say: Say) -> str | None:
    match field.schema.get("format"):
        case "email":
            return say("elicit.email")
        case "uri":
            return say("elicit.uri")
        case "date":
            return say("elicit.date")
        case "date-time":
            return say("elicit.date_time")
    return None


def _within(field: Field, number: float, say: Say) -> float:
    least, most = field.schema.get("minimum"), field.schema.get("maximum")
    low = isinstance(least, int | float) and number < least
    high = isinstance(most, int | float) and number > most
    if low or high:
        raise Misfit(_rule_of_range(field, say))
    return number


def _rule_of_range(field: Field, say: Say) -> str:
    least, most = (
        field.schema[name] if isinstance(field.schema.get(name), int | float) else None
        for name in ("minimum", "maximum")
    )
    if least is not None and most is not None:
        return say("elicit.between", least=str(least), most=str(most))
    if least is not None:
        return say("elicit.least", least=str(least))
    return "" if most is None else say("elicit.most", most=str(most))


def _rule_of_count(least: int, most: int, say: Say) -> str:
    return say("elicit.several", least=str(least), most=str(most))


def _bounds(field: Field, least: str, most: str) -> tuple[int, int]:
    low, high = field.schema.get(least), field.schema.get(most)
    highest = len(field.values) or 100_000
    return (
        low if isinstance(low, int) else 0,
        min(high, highest) if isinstance(high, int) else highest,
    )
