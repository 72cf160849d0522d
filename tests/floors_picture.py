"""The drawing of the floors, docs/_static/floors.svg, made of the contract in pyproject.toml and the map of the house.

``python -m tests.floors_picture`` draws it anew, from the root of the repository.
"""

from __future__ import annotations

import html
import re
import textwrap
import tomllib
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "_static" / "floors.svg"

WIDTH, GAP, MARGIN = 960, 12, 64
LINE, CHARACTER = 15, 6.1
"""Of the small letters, in user units: from line to line, and the width of a character."""

_STYLE = """text { font: 12px system-ui, sans-serif; fill: #222 } .name { font: 600 13px ui-monospace, monospace }
.floor { fill: #777 } rect { fill: #eef3fa; stroke: #5b7fb3; rx: 6 }"""


def floors() -> list[list[str]]:
    """Return the modules on each floor, the top floor first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [each for each in settings["tool"]["importlinter"]["contracts"] if each["id"] == "floors"]
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def rows() -> dict[str, tuple[int, str]]:
    """Return each module's floor and what it is for, as the map of the house says it."""
    found: dict[str, tuple[int, str]] = {}
    for row in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) == 3 and cells[0].isdecimal():
            said = cells[2].replace("`", "").rstrip(".")
            (name,) = re.findall(r"`(\w+)(?:\.py|/)`", cells[1])
            found[name] = int(cells[0]), said
    return found


def picture() -> str:
    """Return the drawing as it has to be."""
    told, parts, top = rows(), [], 8
    above = floors()
    for number, modules in zip(count(len(above) - 1, -1), above, strict=False):
        width = (WIDTH - MARGIN - GAP * (len(modules) - 1)) / len(modules)
        said = [textwrap.wrap(told[name][1], int((width - 20) / CHARACTER)) for name in modules]
        height = 26 + LINE * max(map(len, said)) + 6
        parts.append(f'<text class="floor" x="4" y="{top + height / 2 + 4}">floor {number}</text>')
        for place, (name, lines) in enumerate(zip(modules, said, strict=True)):
            left = MARGIN + place * (width + GAP)
            parts.append(f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{height}"/>')
            parts.append(f'<text class="name" x="{left + 10:.0f}" y="{top + 19}">{name}</text>')
            for row, line in enumerate(lines):
                parts.append(f'<text x="{left + 10:.0f}" y="{top + 37 + LINE * row}">{html.escape(line)}</text>')
        top += height + GAP
    size = f'viewBox="0 0 {WIDTH + 8} {top}" width="{WIDTH + 8}" height="{top}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{_STYLE}</style>\n{body}\n</svg>\n'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
