"""The pictures of docs/benchmarks.md: growth on axes in decades, counts as bars."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from gradlab.plots.canvas import LINES, MARKERS, line_style
from tests.benchmarks import Counts, Figure, Growth

FOLDER = Path(__file__).parents[2] / "docs" / "_static" / "benchmarks"
WIDTH = 4.6
"""Inches; so narrow that its words can be read on a telephone."""

ROOM = 4.0
"""By so much the axis of values reaches below the least and above the largest."""

_STYLE = {"svg.hashsalt": "gradlab", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}
_UNITS = {"s": "seconds", "MB": "megabytes", "ratio": "ratio"}


def drawn(figure: Figure) -> bool:
    """Return whether there is something to draw."""
    return figure.growth is not None or figure.counts is not None


def digest(figure: Figure) -> str:
    """Return what tells whether a picture shows a figure: a sum over all that is drawn."""
    shown = asdict(replace(figure, how="", values={}))
    return sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def draw(name: str, figure: Figure, folder: Path = FOLDER) -> Path:
    """Draw a figure, and return the file."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    path = folder / f"{name}.svg"
    with rc_context({**_STYLE, "axes.spines.right": False}):
        canvas = Canvas(figsize=(WIDTH, _height(figure)), layout="constrained")
        axes = canvas.add_subplot()
        if figure.growth is not None:
            _growth(axes, figure.growth)
        elif figure.counts is not None:
            _bars(axes, figure.counts)
        canvas.savefig(path, metadata={"Date": None, "Title": figure.what, "Description": digest(figure)})
    # matplotlib ends lines of its SVG with blanks
    lines = (line.rstrip() for line in path.read_text(encoding="utf-8").splitlines())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


def _height(figure: Figure) -> float:
    return 3.0 if figure.counts is None else 0.9 + 0.5 * len(figure.counts.rows)


def _growth(axes: Any, growth: Growth) -> None:
    for place, (name, points) in enumerate(growth.curves.items()):
        sizes, values = zip(*points, strict=True)
        bold = {"linewidth": 2.2} if place == 0 else {"linewidth": 1.2}
        axes.plot(sizes, values, marker=MARKERS[place % len(MARKERS)], label=name, **line_style(place), **bold)
    _decades(axes, growth)
    axes.set_xlabel(growth.by)
    axes.set_ylabel(_UNITS.get(growth.unit, growth.unit))
    axes.grid(which="major", color="0.9")
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, frameon=False)


def _decades(axes: Any, growth: Growth) -> None:
    """Let both axes grow by decades, and name the sizes below; what does not grow is not drawn as if it did."""
    sizes = sorted({size for points in growth.curves.values() for size, _ in points})
    values = [value for points in growth.curves.values() for _, value in points]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
    axes.tick_params(which="minor", labelbottom=False, bottom=False, labelleft=False)
    axes.set_ylim(min(values) / ROOM, max(values) * ROOM)


def _bars(axes: Any, counts: Counts) -> None:
    """Draw a group of bars for each name, the first on top, each with its number."""
    thick = 0.8 / len(counts.kinds)
    for place, kind in enumerate(counts.kinds):
        lengths = [row[place] for row in counts.rows.values()]
        heights = [number + (place - (len(counts.kinds) - 1) / 2) * thick for number in range(len(lengths))]
        bars = axes.barh(heights, lengths, thick, color=LINES[place][0], label=kind)
        axes.bar_label(bars, padding=2, fontsize=7)
    axes.set_yticks(range(len(counts.rows)), list(counts.rows))
    axes.invert_yaxis()
    axes.legend(loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=len(counts.kinds), frameon=False)
