"""The picture for the README, from the figures: python draw.py figures.json figures.png"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot

_PANELS = [
    ("short turn: CPU ms", "Turn of 10 deltas", "CPU ms"),
    ("tool turn: CPU ms", "Turn with a tool call", "CPU ms"),
    ("200-delta burst: CPU ms", "200 deltas at once", "CPU ms"),
    ("paced stream: CPU ms", "200 deltas at 50 a second", "CPU ms"),
    ("read: CPU ms", "Read of 20 rows", "CPU ms"),
    ("streams at 50 deltas/s", "Streams in one process", "streams, more is better"),
    ("MB after all turns", "Memory", "MB"),
    ("first delta ms", "First delta after", "ms"),
]
_COLORS = {"ours": "#2563eb", "official": "#9ca3af", "floor": "#d1fae5"}
_LABELS = {"ours": "this server", "official": "official parts", "floor": "libraries alone"}


def _label(value: float) -> str:
    if not value:  # of streams: not even the first number that is tried
        return "under 25"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def draw(figures: dict[str, dict[str, float]], target: Path) -> None:
    names = [name for name in _LABELS if name in figures]
    figure, axes = pyplot.subplots(2, 4, figsize=(12, 5.2), dpi=110)
    for axis, (key, title, unit) in zip(axes.flat, _PANELS, strict=True):
        shown = [name for name in names if key in figures[name]]
        values = [figures[name][key] for name in shown]
        bars = axis.bar(
            [_LABELS[name] for name in shown], values, color=[_COLORS[name] for name in shown]
        )
        axis.bar_label(bars, [_label(value) for value in values])
        axis.set_title(title, fontsize=11)
        axis.set_ylabel(unit, fontsize=8)
        axis.tick_params(axis="x", labelsize=7.5)
        axis.tick_params(axis="y", labelsize=7.5)
        axis.margins(y=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(target)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
