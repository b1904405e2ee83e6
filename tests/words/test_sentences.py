"""Every sentence for people is in the catalogue, under a code that the source uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Final

from chatkit.words.catalogue import CATALOGUES, ENGLISH

_ROOT: Final = Path(__file__).parents[2]
_SENTENCES: Final = CATALOGUES[ENGLISH].sentences
_CODE: Final = re.compile(r"[a-z_]+\.[a-z0-9_]+")
#: Sections that other sources than these rooms say: the demo's answers, and the page.
_ELSEWHERE: Final = ("demo.", "page.")

#: What makes an event, a step or a part of a card of the words that it is given.
_SHOWN: Final = {
    "ErrorEvent", "Notice", "Progress", "CustomTask", "WebSearchTask", "FileTask", "ImageTask",
    "text", "title", "caption", "label", "badge", "button",
}  # fmt: skip
_SHOWN_NAMES: Final = {"message", "title", "content", "text", "label", "placeholder"}
_ERRORS: Final = {
    "BadRequest", "Unauthorized", "Forbidden", "Conflict", "TooLarge", "UnsupportedMedia",
    "Unprocessable", "TooMany", "Internal", "Unavailable",
}  # fmt: skip
#: `params.title: is required`; a part that is computed stands as `{}`.
_FIELD_FAULT: Final = re.compile(r"(?:the body|[\w.\[\]{}-]+)(?:: |$)")


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in [_ROOT / "app.py", *sorted(_ROOT.glob("[cst][hto]*/**/*.py"))]:
        name = path.relative_to(_ROOT).as_posix()
        if name.startswith(("app.py", "chatkit/", "store/", "tools/")):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Where, what is called, and the call; `say_in(…)(…)` and `self._say(…)` are a `say`."""
    for name, tree in _sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Call(func=ast.Name(id="say_in"))):
                    called = "say"
                case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
                    pass
                case _:
                    continue
            yield f"{name}:{node.lineno}", called.lstrip("_"), node


def _said() -> Iterator[tuple[str, str, set[str]]]:
    """Where a code is said, which, and with what parameters."""
    for place, called, call in _calls():
        match called, call.args:
            case (("say" | "Sentence"), [ast.Constant(value=str(code))]) if _CODE.fullmatch(code):
                yield place, code, {keyword.arg or "**" for keyword in call.keywords}
            case "NotFound", [ast.Constant(value=str(kind))]:
                yield place, f"missing.{kind}", set()


def _template(node: ast.expr) -> str | None:
    """A literal text, or a text with `{}` for what is put into it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_template(value) or "{}" for value in values)
    return None


def _names(code: str) -> list[set[str]]:
    """The parameters of each form of a sentence."""
    sentence = _SENTENCES[code]
    forms = [sentence] if isinstance(sentence, str) else list(sentence.values())
    return [{name for _, name, _, _ in Formatter().parse(form) if name} for form in forms]


def test_every_code_that_is_said_is_in_the_catalogue_with_its_parameters() -> None:
    faults = []
    for place, code, given in _said():
        if code not in _SENTENCES:
            faults.append(f"{place}: {code} is in no catalogue")
            continue
        wanted = set().union(*_names(code))
        if not isinstance(_SENTENCES[code], str):
            wanted.add("count")
        if given != wanted:
            faults.append(f"{place}: {code} takes {wanted} and is given {given}")
    assert faults == []


def test_every_sentence_of_the_catalogue_is_said_somewhere() -> None:
    said = {code for _, code, _ in _said()}
    unsaid = [code for code in _SENTENCES if code not in said and not code.startswith(_ELSEWHERE)]
    assert unsaid == []


#: Files that pass a code on: the demo's tables, the catalogue, errors, and the page's markup.
_SAID_BY_NAME: Final = (
    "chatkit/demo/",
    "chatkit/words/",
    "chatkit/protocol/errors.py",
    "chatkit/edge/assets.py",
)


def test_a_code_is_a_literal_where_it_is_said() -> None:
    found = [
        place
        for place, called, call in _calls()
        if called in ("say", "Sentence")
        and not place.startswith(_SAID_BY_NAME)
        and not (call.args and isinstance(call.args[0], ast.Constant))
    ]
    assert found == []


def test_nothing_that_people_read_is_made_of_a_literal_sentence() -> None:
    found = []
    for place, called, call in _calls():
        if called not in _SHOWN or place.startswith("chatkit/demo/"):
            continue
        given = [*call.args, *(k.value for k in call.keywords if k.arg in _SHOWN_NAMES)]
        found += [
            f"{place}: {text}"
            for text in map(_template, given)
            if text and re.search(r"[A-Z][a-z]|[a-z] [a-z]|…", text)
        ]
    assert found == []


def test_an_error_without_a_code_of_words_names_the_field_at_fault() -> None:
    found = [
        f"{place}: {text}"
        for place, called, call in _calls()
        if called in _ERRORS and call.args
        if (text := _template(call.args[0])) is not None and not _FIELD_FAULT.match(text)
    ]
    assert found == []
