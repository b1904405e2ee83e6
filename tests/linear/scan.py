"""Finds the public functions of the pure rooms that take text, bytes or JSON values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
#: The pure rooms, and the files of other rooms that parse what comes from outside.
_ROOMS: Final = (
    *("protocol", "answer", "models/pure", "portable", "todo", "demo", "words", "access"),
    *("edge/cors.py", "edge/guest_cookie.py", "edge/jwks.py", "edge/multipart.py"),
    *("edge/origins.py", "edge/proxies.py", "edge/tokens.py"),
    *("../tools/finding.py", "../tools/mending.py", "../tools/names.py", "../tools/results.py"),
    *("../tools/schemas.py", "../tools/listed.py"),
)
_TEXT: Final = frozenset({"str", "bytes", "Any", "object"})


def functions_with_text() -> set[str]:
    """`room.module:function` or `room.module:Class.method` of each."""
    return {
        f"{_module(path)}:{name}"
        for room in _ROOMS
        for path in _files(_ROOT / "chatkit" / room)
        for name, function in _functions(ast.parse(path.read_text(encoding="utf-8")).body)
        if _takes_text(function)
    }


def _files(place: Path) -> list[Path]:
    return [place.resolve()] if place.suffix else sorted(place.rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(_ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "chatkit" else parts)


def _functions(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            yield from _functions(statement.body, f"{statement.name}.")
        elif isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            yield f"{owner}{statement.name}", statement


def _takes_text(function: ast.FunctionDef) -> bool:
    arguments = function.args
    return any(
        isinstance(part, ast.Name) and part.id in _TEXT
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if argument.annotation is not None and not _is_function(argument.annotation)
        for part in ast.walk(argument.annotation)
    )


def _is_function(annotation: ast.expr) -> bool:
    return isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Callable"


_OWN: Final = "gets words, codes or ids of ours"
_CHECKED: Final = "gets what a reader of the table has checked and bounded"
_STORED: Final = "reads what was stored, which was checked and bounded before"
_SHORTENED: Final = "gets what demo.grammar:understand has cut and shortened"
_FIELD: Final = "reads a field by its name, for protocol.requests:parse_request"
_TOKEN: Final = "gets the claims of a token whose signature is right"

#: Functions that need no entry in the table, each with the reason. `*` stands for any letters.
EXEMPT: Final = {
    "access.quotas:Quotas.of": _OWN,
    "answer.about_model:answered_by_step": _OWN,
    "answer.asking:pending_of": _OWN,
    "answer.drafting:read_draft": _STORED,
    "answer.drafting:settled": _STORED,
    "answer.drafting:cut_off_call": _STORED,
    "answer.drafting:saved_draft": _STORED,
    "answer.history:system_message": _OWN,
    "answer.picturing:Pictures.*": _OWN,
    "answer.rounds:Round.record": _OWN,
    "answer.steps:title_of": _OWN,
    "answer.waiting:Waiting.put": _OWN,
    "answer.writing:WorkflowWriter.add": _OWN,
    "answer.writing:WorkflowWriter.change": _OWN,
    "demo.acting:choose": _SHORTENED,
    "demo.adding:*": _SHORTENED,
    "demo.changing:*": _SHORTENED,
    "demo.dates:*": _SHORTENED,
    "demo.details:*": _SHORTENED,
    "demo.sentences:*": _SHORTENED,
    "demo.targets:*": _SHORTENED,
    "demo.model:DemoModel.*": _OWN,
    "demo.speech:Speech.*": _OWN,
    "edge.guest_cookie:GuestCookie.set": _OWN,
    "edge.jwks:jwks_url": _OWN,
    "edge.origins:origin_of": "joins two texts",
    "edge.proxies:RequestHead.*": "declares what a request has",
    "edge.proxies:TrustedProxies.parse": _OWN,
    "edge.tokens:ExpectedClaims.check": _TOKEN,
    "edge.tokens:check_*": _TOKEN,
    "edge.tokens:read_user_id": _TOKEN,
    "edge.tokens:TokenCache.*": "looks a token up",
    "models.pure.provider_rules:rules_for": _OWN,
    "portable.exporting:Exporting.*": _OWN,
    "portable.imports:*": "gets what portable.json_parts:JsonParts.feed has bounded",
    "protocol.attachments:parse_attachment": _STORED,
    "protocol.bodies:parse_body": _STORED,
    "protocol.calls:*.parse": _STORED,
    "protocol.content:parse_*": _STORED,
    "protocol.structured:parse_question": _STORED,
    "protocol.workflows:parse_*": _STORED,
    "protocol.attachments:announce": "calls protocol.attachments:file_name",
    "protocol.errors:in_words": _OWN,
    "protocol.fields:Fields.*": _FIELD,
    "protocol.file_types:Probe.detect": _OWN,
    "protocol.ids:make_id": _OWN,
    "protocol.items:Thread.encode": _OWN,
    "protocol.links:*placeholder": _OWN,
    "protocol.paging:Page.of": _OWN,
    "protocol.rules:require*": _CHECKED,
    "protocol.widgets.builders:*": _OWN,
    "protocol.widgets.checks:*": "part of protocol.widgets.tree:validate",
    "protocol.widgets.icons:known_icon": "looks a name up",
    "todo.labels:*": _OWN,
    "tools.names:prefixes_of": _OWN,
    "tools.results:*_of": "reads the results of our own tools",
    "words.catalogue:Catalogue.say": _OWN,
    "words.catalogue:say_in": _OWN,
    "words.catalogue:sentences_of": _OWN,
}
