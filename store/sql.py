"""The SQL statements of each store module, from the file of its name in `queries/`.

A statement has a name, a comment and its parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_FILES = Path(__file__).with_name("queries")
_HEADER = re.compile(r"--\s*([^\s-]\S*)?\s*--\s*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def load(name: str) -> Mapping[str, str]:
    """The statements of `queries/<name>.sql` by name, without their comment lines.

    A module loads its file when it is imported, so a broken one stops the start: ValueError for
    a name that is missing, malformed or used twice, and for a name with no statement under it.
    """
    path = _FILES / f"{name}.sql"
    return parse(path.read_text(encoding="utf-8"), place=path.name)


def parse(text: str, *, place: str) -> Mapping[str, str]:
    """The statements in `text`; `place` names it in the errors."""
    statements: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.fullmatch(line):
            title = header[1] or ""
            if not _NAME.fullmatch(title):
                raise ValueError(f"{place}:{number}: not a name for a statement: {title!r}")
            if title in statements:
                raise ValueError(f"{place}:{number}: a second statement named {title}")
            lines = statements[title] = []
        elif line.strip() and not line.lstrip().startswith("--"):
            if lines is None:
                raise ValueError(f"{place}:{number}: a statement without a name")
            lines.append(line)
    for title, body in statements.items():
        if not body:
            raise ValueError(f"{place}: no statement under {title}")
    return MappingProxyType({title: "\n".join(body) for title, body in statements.items()})
