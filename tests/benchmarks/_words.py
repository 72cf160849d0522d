"""How what was measured is written on the page and in its pictures."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.benchmarks import Figure

HERE = Path(__file__).parent
TEXTS = ("WHY", "SHORT")
_SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))


def quantity(value: float, unit: str) -> str:
    """Return a measured value with its unit, not to be torn apart; seconds in the part of one that suits them."""
    if unit != "s":
        return f"{number(value)}\N{NO-BREAK SPACE}{unit}".rstrip()
    least, name = next(scale for scale in _SCALES if value >= scale[0])
    return f"{number(value / (least or 1e-9))}\N{NO-BREAK SPACE}{name}"


def number(value: float) -> str:
    """Return three digits, or all of a whole number."""
    if value == round(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def heading(figure: Figure) -> str:
    """Return the heading of a figure."""
    return figure.what[0].upper() + figure.what[1:]


def anchor(title: str) -> str:
    """Return the anchor that GitHub, and MyST after it, gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def why(name: str, figure: Figure) -> str:
    """Return what stands beside a figure, with what was measured."""
    return _filled(texts(name).get("WHY", ""), figure)


def short(name: str, figure: Figure) -> str:
    """Return why a figure misses its goal, and what is next; "" where it does not."""
    return "" if figure.held else _filled(texts(name).get("SHORT", ""), figure)


@cache
def texts(name: str) -> dict[str, str]:
    """Return WHY and SHORT of a figure's file, which is read, not run: the page needs nothing installed."""
    tree = ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))
    pairs = [(each.targets[0], each.value) for each in tree.body if isinstance(each, ast.Assign)]
    return {at.id: ast.literal_eval(text) for at, text in pairs if isinstance(at, ast.Name) and at.id in TEXTS}


def _filled(text: str, figure: Figure) -> str:
    given: Mapping[str, float] = {"ratio": figure.ratio, "at_most": figure.at_most or 0.0, **figure.values}
    return text.strip().format_map(given)
