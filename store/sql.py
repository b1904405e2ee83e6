"""Loads the SQL statements of a store module from the file of the same name in `queries/`.

Each statement has a name, a comment and a list of its parameters. `{thread_columns}` in a statement
is replaced by that list in `columns.sql`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FILES = Path(__file__).with_name("queries")
_HEADER = re.compile(r"--\s*([^\s-]\S*)?\s*--\s*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COLUMNS = re.compile(r"\{([a-z]+_columns)\}")


def load(name: str) -> Mapping[str, str]:
    """The statements of `queries/<name>.sql` by name, without their comment lines.

    A module loads its file at import, so a broken file stops the start. Raises ValueError for a
    name that is missing, malformed or used twice, for a name without a statement, and for an
    unknown list of columns.
    """
    path = _FILES / f"{name}.sql"
    statements = parse(path.read_text(encoding="utf-8"), place=path.name)
    return with_columns(statements, COLUMNS, place=path.name)


def with_columns(
    statements: Mapping[str, str], columns: Mapping[str, str], *, place: str
) -> Mapping[str, str]:
    """The statements with their column lists inserted."""

    def list_of(placeholder: re.Match[str]) -> str:
        if placeholder[1] not in columns:
            raise ValueError(f"{place}: no list of columns named {placeholder[1]}")
        return columns[placeholder[1]]

    filled = {name: _COLUMNS.sub(list_of, text) for name, text in statements.items()}
    return MappingProxyType(filled)


def parse(text: str, *, place: str) -> Mapping[str, str]:
    """Parse the statements in `text`; `place` names the file in errors."""
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


#: The column lists of `columns.sql`, by name.
COLUMNS: Final = parse(
    Path(__file__).with_name("columns.sql").read_text(encoding="utf-8"), place="columns.sql"
)
