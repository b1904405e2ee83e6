"""`ask_user`: a tool that shows the model's questions to the user as a form.

The call is never run. It ends the turn with a pending `structured_input`; the user's answers start
the next turn. The model sees one call with its result.
"""

from __future__ import annotations

from typing import Any, Final

from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.bodies import ClientToolCall, StructuredInput
from chatkit.protocol.calls import BadArguments, ToolCall, read_arguments
from chatkit.protocol.errors import Sentence
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.structured import MAX_OPTIONS, MAX_QUESTIONS, MAX_SENTENCE, Question

#: The result of a call that would leave two items waiting.
ONE_AT_A_TIME: Final = (
    "Only one call that the user or the page has to answer is possible at a time. "
    "This one was not made; make it again later."
)
NAME: Final = "ask_user"

ASK_USER: Final = ToolSpec(
    name=NAME,
    kind="ask",
    title=Sentence("tool.ask_user"),
    description=(
        "Ask the user one or more questions as a form, when something you need is missing and "
        "cannot be guessed. Give options where there are a few likely answers; the user can "
        "always write another one, or skip. Call no other tool together with it."
    ),
    parameters={
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_QUESTIONS,
                "items": {
                    "type": "object",
                    "properties": {
                        "question": {"type": "string", "description": "In the user's language."},
                        "options": {
                            "type": "array",
                            "items": {"type": "string"},
                            "maxItems": MAX_OPTIONS,
                            "description": "Likely answers; leave it out for a free text.",
                        },
                        "multiple": {
                            "type": "boolean",
                            "description": "Whether several options may be chosen.",
                        },
                        "description": {
                            "type": "string",
                            "description": "A hint below a question without options.",
                        },
                    },
                    "required": ["question"],
                },
            }
        },
        "required": ["questions"],
    },
)


def read_questions(arguments: str) -> StructuredInput:
    """Parse the form from the arguments of a call. Raises BadArguments."""
    entries = read_arguments(arguments).get("questions")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_QUESTIONS:
        raise BadArguments(f"questions must be an array of 1 to {MAX_QUESTIONS} objects.")
    questions = tuple(_question(place, entry) for place, entry in enumerate(entries, start=1))
    return StructuredInput(questions=questions)


def _question(place: int, entry: Any) -> Question:
    if not isinstance(entry, dict):
        raise BadArguments(f"Question {place} must be an object.")
    options = entry.get("options") or []
    if not isinstance(options, list) or len(options) > MAX_OPTIONS:
        raise BadArguments(f"The options of question {place} must be at most {MAX_OPTIONS} texts.")
    description = entry.get("description")
    return Question(
        id=f"q{place}",
        question=_sentence(entry.get("question"), f"Question {place}"),
        options=tuple(
            dict.fromkeys(_sentence(option, f"An option of question {place}") for option in options)
        ),
        multiple=entry.get("multiple") is True,
        description=None
        if description is None
        else _sentence(description, f"The description of question {place}"),
    )


def _sentence(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_SENTENCE:
        raise BadArguments(f"{name} must be a text of 1 to {MAX_SENTENCE} characters.")
    return value.strip()


def pending_of(call: ToolCall, kind: str) -> StructuredInput | ClientToolCall:
    """The item with which the user (`ask`) or the page answers a call. Raises BadArguments."""
    if kind == "ask":
        return read_questions(call.arguments)
    arguments = read_arguments(call.arguments)
    return ClientToolCall(call_id=call.call_id, name=call.name, arguments=arguments)


def call_of(form: StructuredInput) -> str:
    """The arguments of the call that created the form."""
    return dumps({"questions": [_asked(question) for question in form.questions]})


def _asked(question: Question) -> dict[str, Any]:
    wire: dict[str, Any] = {"question": question.question}
    if question.options:
        return {**wire, "options": list(question.options), "multiple": question.multiple}
    return wire if question.description is None else {**wire, "description": question.description}


def result_of(form: StructuredInput) -> str:
    """The user's answers, as the result of the call that created the form."""
    if form.status == "skipped":
        return dumps({"skipped": True, "message": "The user skipped the questions."})
    return dumps(
        {
            "answers": [
                {"question": question.question, "skipped": True}
                if question.answer is None or question.answer.skipped
                else {"question": question.question, "answers": list(question.answer.values)}
                for question in form.questions
            ]
        }
    )
