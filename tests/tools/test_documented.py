"""The README's table of what our client does with MCP."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = "\n".join(
    path.read_text()
    for room in ("tools", "engine")
    for path in (ROOT / "tests" / room).glob("test_*.py")
)


def test_each_row_of_the_table_names_a_test_that_there_is() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("| Of MCP |")[2].partition("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 8
    for row in rows:
        last = row.rstrip(" |").rpartition("|")[2].strip()
        named = re.fullmatch(r"`(test_\w+)`", last)
        assert last == "none" or (named and f"def {named[1]}(" in TESTS), row
