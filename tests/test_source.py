"""The source holds to its own rules: style, types, import walls, layout."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[1]
_SOURCES: Final = ("app.py", "chatkit", "store", "tools")
_TOP_LEVEL: Final = {*_SOURCES, "tests", "schema.sql", "requirements.txt", "README.md"}

#: Rooms whose files take values and give values (`.importlinter` holds their imports).
_PURE: Final = tuple(
    f"chatkit/{room}"
    for room in ("protocol", "words", "access", "todo", "models/pure", "answer", "ports")
)

_MAX_LINES: Final = 400
#: Sources that may be longer, and why.
_LONGER: Final[dict[str, str]] = {
    "chatkit/page/conversation.js": "a thread and its turn share a dozen private fields",
    "chatkit/page/inline.js": "one grammar: its tokens and their nodes are read side by side",
    "chatkit/page/page.js": "wires all parts of the page in one list",
    "chatkit/page/types.d.ts": "every shape that modules share, looked up by name",
    "chatkit/words/english.py": "a language is one file",
}

# What holds on one machine only, and marks of unfinished work. None of the patterns matches itself.
_MACHINES: Final = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org|--(?:extra-)?index-url[ =]"
    r"|--find-links[ =]|(?<![\w.])/(?:work|farm|root|home)/|/opt/(?:pypi|wheels)|/tmp/[v]env",
)
_UNFINISHED: Final = re.compile(r"\b(?:TO(?:DO)|FIX(?:ME))\b|(?i:not\simplemented)")

# The reads of a clock, of chance and of the world that an import of `datetime` or none allows.
_IMPURE_METHODS: Final = {"now", "utcnow", "today", "uuid1", "uuid4", "read_text", "read_bytes"}
_IMPURE_FUNCTIONS: Final = {"open", "input", "print", "__import__", "import_module"}


def _files(*suffixes: str, under: tuple[str, ...] = (".",)) -> Iterator[Path]:
    """Every file that belongs to the repository: all but what `.gitignore` names."""
    lines = (_ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ignored = [line.rstrip("/") for line in lines] + [".git"]

    def walk(path: Path) -> Iterator[Path]:
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            return
        if path.is_dir():
            for child in sorted(path.iterdir()):
                yield from walk(child)
        elif not suffixes or path.suffix in suffixes:
            yield path

    for name in under:
        yield from walk(_ROOT / name)


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _ran_clean(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_ruff_finds_no_fault() -> None:
    _ran_clean(sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise")


def test_every_file_is_formatted() -> None:
    _ran_clean(
        sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "--output-format=concise"
    )


def test_every_type_is_right() -> None:
    _ran_clean(sys.executable, "-m", "mypy")


def test_no_layer_imports_across_a_wall() -> None:
    _ran_clean(Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache")


def test_every_room_has_a_wall_and_says_what_lives_in_it() -> None:
    walls = configparser.ConfigParser()
    walls.read(_ROOT / ".importlinter", encoding="utf-8")
    walled = {
        module
        for section in walls.sections()
        for module in walls[section].get("source_modules", "").split()
    }
    rooms = {_name(path.parent).replace("/", ".") for path in _files(".py", under=_SOURCES[1:])}
    inside = {room for room in rooms if any(room.startswith(f"{wall}.") for wall in walled)}
    assert rooms - inside - {"chatkit"} <= walled
    docs = {
        room: ast.get_docstring(
            ast.parse((_ROOT / room.replace(".", "/") / "__init__.py").read_text())
        )
        for room in walled
    }
    assert [room for room, doc in docs.items() if not doc] == []


def test_the_top_level_is_as_the_readme_draws_it() -> None:
    names = {_name(path).split("/")[0] for path in _files()}
    assert {name for name in names if not name.startswith(".")} == _TOP_LEVEL


def test_no_source_file_outgrows_its_reader() -> None:
    long = {
        _name(path)
        for path in _files(".py", ".js", ".ts", ".css", under=_SOURCES)
        if len(path.read_text(encoding="utf-8").splitlines()) > _MAX_LINES
    }
    assert long == set(_LONGER)


@pytest.mark.parametrize("pattern", [_MACHINES, _UNFINISHED], ids=["machine", "unfinished"])
def test_no_text_names_a_machine_or_unfinished_work(pattern: re.Pattern[str]) -> None:
    found = [
        f"{_name(path)}: {match[0]}"
        for path in _files()
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def _type_names(tree: ast.Module) -> Iterator[str]:
    """The public classes of a module, and its type aliases."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                if re.fullmatch(r"[A-Z][A-Za-z]*[a-z][A-Za-z]*", name):
                    yield name


def test_a_name_is_that_of_one_type() -> None:
    places: dict[str, list[str]] = {}
    for path in _files(".py", under=_SOURCES):
        for name in _type_names(ast.parse(path.read_text(encoding="utf-8"))):
            places.setdefault(name, []).append(_name(path))
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert twice == {}


def test_no_pure_file_reads_a_clock_or_the_world() -> None:
    found = []
    for path in _files(".py", under=_PURE):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=name)) if name in _IMPURE_METHODS:
                    found.append(f"{_name(path)}:{node.lineno}: {name}")
                case ast.Call(func=ast.Name(id=name)) if name in _IMPURE_FUNCTIONS:
                    found.append(f"{_name(path)}:{node.lineno}: {name}")
    assert found == []


class _InlineCode(HTMLParser):
    """Collects what a Content-Security-Policy with `'self'` alone refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        self.found += [value for _, value in attrs if value and value.startswith("javascript:")]


def test_no_page_has_code_or_style_inside_its_markup() -> None:
    pages = list(_files(".html", ".svg", under=("chatkit/page",)))
    assert pages
    for page in pages:
        parser = _InlineCode()
        parser.feed(page.read_text(encoding="utf-8"))
        assert (_name(page), parser.found) == (_name(page), [])


def test_no_script_turns_text_into_markup_or_code() -> None:
    unsafe = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        r"|createContextualFragment|setAttribute\(\"(?:style|on)|cssText"
    )
    scripts = list(_files(".js", under=("chatkit/page",)))
    assert scripts
    found = [
        f"{_name(script)}: {match[0]}"
        for script in scripts
        for match in unsafe.finditer(script.read_text(encoding="utf-8"))
    ]
    assert found == []
