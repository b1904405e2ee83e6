"""The figures as a table for people."""

from __future__ import annotations

from collections.abc import Mapping

#: Figures of which more is better; of all others less is.
_MORE_IS_BETTER = ("streams at 50 deltas/s",)


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """A line for each figure, a column for each server, and how many times better ours is than
    the official parts, where both have it."""
    names = list(figures)
    rows = list(dict.fromkeys(row for found in figures.values() for row in found))
    compared = "ours" in figures and "official" in figures
    head = ["", *names, *(["ours against official"] if compared else [])]
    lines = [head]
    for row in rows:
        cells = [_number(figures[name].get(row)) for name in names]
        ratio = ""
        if compared and row in figures["ours"] and row in figures["official"]:
            ratio = _ratio(row, figures["ours"][row], figures["official"][row])
        lines.append([row, *cells, *([ratio] if compared else [])])
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(row: str, ours: float, official: float) -> str:
    if not ours or not official:
        return ""
    times = ours / official if row in _MORE_IS_BETTER else official / ours
    return f"{times:.1f}x" if times >= 1.05 else f"{times:.2f}x"
