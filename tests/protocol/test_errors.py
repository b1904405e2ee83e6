"""The tree of errors, as the docstring draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from chatkit.protocol import errors
from chatkit.protocol.errors import (
    BadRequest,
    ChatKitError,
    MethodNotAllowed,
    NotFound,
    Sentence,
    TooMany,
)
from tests.wording import SAY


def kinds_below(parent: type[ChatKitError], depth: int) -> Iterator[tuple[type[ChatKitError], int]]:
    """Each kind with its depth in the tree, in the order in which they are defined."""
    for kind in parent.__subclasses__():
        yield kind, depth
        yield from kinds_below(kind, depth + 1)


def test_the_drawing_of_the_tree_has_every_kind_with_its_status_and_its_usual_code() -> None:
    drawn = re.findall(r"([ │]*)[├└]── (\w+) +(\d{3})  (.*)", errors.__doc__ or "")
    kinds = list(kinds_below(ChatKitError, 0))
    assert [(name, len(indent) // 4 - 1) for indent, name, _, _ in drawn] == [
        (kind.__name__, depth) for kind, depth in kinds
    ]
    for (kind, _), (_, _, status, codes) in zip(kinds, drawn, strict=True):
        assert kind.status == int(status)
        assert kind.default_code in codes.split(", ")


def test_the_root_of_the_tree_is_never_raised_itself() -> None:
    with pytest.raises(TypeError, match="one of the kinds"):
        ChatKitError("Something went wrong.")


def test_an_error_says_what_the_caller_can_do() -> None:
    assert NotFound("thread").in_words(SAY) == "no such thread"
    wrong_method = MethodNotAllowed(("GET", "DELETE"))
    assert (wrong_method.in_words(SAY), wrong_method.allow) == (
        "this path answers GET, DELETE",
        ("GET", "DELETE"),
    )
    too_many = TooMany("Wait a moment.", retry_after_s=3)
    assert (str(too_many), too_many.retry_after_s) == ("Wait a moment.", 3)


def test_a_log_has_the_code_of_a_sentence_with_its_parameters() -> None:
    assert str(NotFound("thread")) == "missing.thread"
    sentence = Sentence("file.short", count=3, declared=5)
    assert str(BadRequest(sentence)) == "file.short(count=3, declared=5)"
    assert str(BadRequest("title: is required")) == "title: is required"
