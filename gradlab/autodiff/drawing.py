"""The backpropagation table as a picture: a box for each operation, values going down, deltas coming back up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from gradlab.autodiff.layout import Layout, laid_out
from gradlab.autodiff.views import number
from gradlab.graph.cells import cut

if TYPE_CHECKING:
    from gradlab.autodiff.table import Row, Table

LETTER, LINE = 7.3, 17.0
"""Width and height of a character of 12 pixels in a monospaced font."""

PAD, GAP, BETWEEN, MARGIN, HEAD = 9.0, 34.0, 62.0, 20.0, 54.0
"""Inside a box; between boxes side by side, and one below the other; around the picture; above the graph."""

LONGEST, LABEL = 34, 22
"""Characters of a line in a box, and of a local derivative beside an arrow."""

SIDE, PORT = 4.5, 24.0
"""How far the two arrows of a line stand from its middle, and lines from each other where they meet at a box."""

_STYLE = """\
.gradlab { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.gradlab .paper { fill: #ffffff; } .gradlab .box { fill: #f6f7f9; stroke: #8a8f98; }
.gradlab .leaf { fill: #ffffff; } .gradlab .still { stroke-dasharray: 3 3; }
.gradlab .wrong { fill: #fff1ec; stroke: #c22f00; } .gradlab .first { stroke-width: 3.5; }
.gradlab text { fill: #1c1e21; } .gradlab .name { font-weight: bold; } .gradlab .title { font-size: 14px; }
.gradlab .forward { stroke: #0068a8; } .gradlab .back { stroke: #b84a00; }
.gradlab path.forward, .gradlab path.back { fill: none; stroke-width: 1.5; }
.gradlab text.forward, .gradlab polygon.forward { fill: #0068a8; stroke: none; }
.gradlab text.back, .gradlab polygon.back { fill: #b84a00; stroke: none; }
.gradlab text.label { font-size: 11px; }
@media (prefers-color-scheme: dark) {
.gradlab .paper { fill: #14161a; } .gradlab .box { fill: #22262d; stroke: #7d848f; } .gradlab .leaf { fill: #14161a; }
.gradlab .wrong { fill: #3a1a10; stroke: #ff7a4d; } .gradlab text { fill: #e8eaed; }
.gradlab .forward { stroke: #6cc0f5; } .gradlab .back { stroke: #f5a45d; }
.gradlab text.forward, .gradlab polygon.forward { fill: #6cc0f5; }
.gradlab text.back, .gradlab polygon.back { fill: #f5a45d; }
}"""
"""Blue and orange are told apart by colour-blind readers too; the arrows say the same again."""


def svg(table: Table) -> str:
    """Return the picture as a self-contained SVG."""
    boxes = [_lines(row) for row in table.rows]
    widths = [
        max(LETTER * max(len(written) for _, written in lines) + 2 * PAD, PORT * (_meeting(table, place) + 0.5))
        for place, lines in enumerate(boxes)
    ]
    heights = [LINE * len(lines) + PAD for lines in boxes]
    layout = laid_out([row.inputs for row in table.rows], widths, GAP)
    tops = _tops(layout, heights)
    title = cut(f"backpropagation of {table.function.signature}", 90)
    right = max(x + width / 2 for x, width in zip(layout.x, widths, strict=True))
    legend = ("↓ values, forward", f"↑ deltas ∂{table.function.name}/∂·, backward")
    words = max(LETTER * 1.2 * len(title), LETTER * (len("  ".join(legend))))
    room = max(right, words, *(max(way, default=0) for way in layout.ways.values())) + 2 * MARGIN
    height = max(top + own for top, own in zip(tops, heights, strict=True)) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradlab" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {room:.0f} {height:.0f}" width="{room:.0f}" height="{height:.0f}">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_told(table))}</desc>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{room:.0f}" height="{height:.0f}" rx="6"/>',
        _text(MARGIN, 24, title, "title name"),
        _text(MARGIN, 44, legend[0], "forward"),
        _text(MARGIN + LETTER * (len(legend[0]) + 2), 44, legend[1], "back"),
        *_arrows(table, layout, tops, heights),
        *(
            _box(
                row,
                lines,
                (layout.x[place] + MARGIN, tops[place], widths[place], heights[place]),
                first=row is table.first_disagreement,
            )
            for place, (row, lines) in enumerate(zip(table.rows, boxes, strict=True))
        ),
        "</svg>",
    ]
    return "\n".join(parts)


def _meeting(table: Table, place: int) -> int:
    """Return how many lines meet at a box, above or below."""
    return max(len(table.rows[place].inputs), sum(place in row.inputs for row in table.rows))


def _told(table: Table) -> str:
    """Return in words what is to be seen, for those who cannot see it."""
    said = [f"{row.name} has the value {number(row.value)} and the delta {number(row.delta)}" for row in table.rows]
    return f"{'; '.join(said)}. {table.conclusion}"


def _tops(layout: Layout, heights: Sequence[float]) -> list[float]:
    tallest = [0.0] * (max(layout.layer) + 1)
    for layer, height in zip(layout.layer, heights, strict=True):
        tallest[layer] = max(tallest[layer], height)
    starts = [HEAD + MARGIN / 2]
    for height in tallest:
        starts.append(starts[-1] + height + BETWEEN)
    return [starts[layer] + (tallest[layer] - own) / 2 for layer, own in zip(layout.layer, heights, strict=True)]


# Boxes -----------------------------------------------------------------------------------------------


def _lines(row: Row) -> list[tuple[str, str]]:
    """Return the lines of a box, each with its class: the value above, name and operation, the delta below."""
    lines = [("forward", number(row.value)), ("name", row.name)]
    if row.operation not in ("", row.name):
        lines.append(("", f"= {row.operation}"))
    if row.delta is not None:
        lines.append(("back", f"δ = {number(row.delta)}"))
    if row.agrees is False:
        lines.append(("back", f"torch: {number(row.torch_delta)}"))
    return [(kind, cut(written, LONGEST)) for kind, written in lines]


def _box(row: Row, lines: Sequence[tuple[str, str]], place: tuple[float, float, float, float], *, first: bool) -> str:
    x, top, width, height = place
    marks = {"leaf": not row.operation, "still": row.delta is None, "wrong": row.agrees is False, "first": first}
    kinds = ["box", *(kind for kind, holds in marks.items() if holds)]
    written = [
        _text(x, top + LINE * (place + 1) - 1, words, kind, "middle") for place, (kind, words) in enumerate(lines)
    ]
    return "\n".join(
        [
            "<g>",
            f"<title>{escape(_hint(row))}</title>",
            f'<rect class="{" ".join(kinds)}" x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" rx="{4 if row.operation else 16}"/>',
            *written,
            "</g>",
        ]
    )


def _hint(row: Row) -> str:
    """Return what a box says when the mouse rests on it."""
    said = [f"{row.name} = {row.operation}" if row.operation else row.name]
    said += [f"δ = {row.formula}"] if row.formula else []
    said += [f"{part.rule}: {part.because}" for part in row.passed]
    return "\n".join(dict.fromkeys([*said, row.node or row.alone]))


# Arrows ----------------------------------------------------------------------------------------------

Way = list[tuple[float, float]]
"""The points that a line goes through."""


def _arrows(table: Table, layout: Layout, tops: Sequence[float], heights: Sequence[float]) -> Iterator[str]:
    """Yield a line down for each operand of each operation, and one up where a delta flows."""
    for (operand, user), way in _ways(table, layout, tops, heights).items():
        flows = all(table.rows[end].delta is not None for end in (operand, user))
        yield _arrow([(x - SIDE * flows, y) for x, y in way], "forward")
        if flows:
            back = [(x + SIDE, y) for x, y in reversed(way)]
            yield _arrow(back, "back")
            yield _label(table, user, operand, back)


def _ways(table: Table, layout: Layout, tops: Sequence[float], heights: Sequence[float]) -> dict[tuple[int, int], Way]:
    """Return the points of each line, from an operand to its user; side by side where several meet at a box."""
    middles = _middles(layout, tops, heights)
    ways: dict[tuple[int, int], Way] = {}
    for user, row in enumerate(table.rows):
        for operand in row.inputs:
            way = [(layout.x[operand], tops[operand] + heights[operand])]
            passed = range(layout.layer[operand] + 1, layout.layer[user])
            for x, layer in zip(layout.ways[operand, user], passed, strict=True):
                way += [(x, middles[layer][0]), (x, middles[layer][1])]
            ways[operand, user] = [*way, (layout.x[user], tops[user])]
    for box in range(len(table.rows)):
        for end, first, second in ((0, 0, 1), (1, -1, -2)):  # those that leave below, those that come in above
            lines = sorted((line for line in ways if line[end] == box), key=lambda line: ways[line][second][0])
            for place, line in enumerate(lines):
                x, y = ways[line][first]
                ways[line][first] = (x + PORT * (place - (len(lines) - 1) / 2), y)
    return {line: [(x + MARGIN, y) for x, y in way] for line, way in ways.items()}


def _middles(layout: Layout, tops: Sequence[float], heights: Sequence[float]) -> list[tuple[float, float]]:
    """Return where each layer begins and ends: lines pass it straight."""
    spans: list[tuple[float, float]] = []
    for layer in range(max(layout.layer) + 1):
        own = [place for place, at in enumerate(layout.layer) if at == layer]
        spans.append((min(tops[place] for place in own), max(tops[place] + heights[place] for place in own)))
    return spans


def _arrow(way: Sequence[tuple[float, float]], kind: str) -> str:
    (x, y), *rest = way
    drawn = [f"M{x:.1f} {y:.1f}"]
    for right, low in rest:
        half = (low - y) / 2
        drawn.append(f"C{x:.1f} {y + half:.1f} {right:.1f} {low - half:.1f} {right:.1f} {low:.1f}")
        x, y = right, low
    tail = 6 if way[-1][1] > way[0][1] else -6
    head = f"{x:.1f},{y:.1f} {x - 3.5:.1f},{y - tail:.1f} {x + 3.5:.1f},{y - tail:.1f}"
    return f'<path class="{kind}" d="{" ".join(drawn)}"/><polygon class="{kind}" points="{head}"/>'


def _label(table: Table, user: int, operand: int, way: Sequence[tuple[float, float]]) -> str:
    """Return the local derivative beside the arrow back: near the operand, or near the user where several meet it."""
    parts = [part for part in table.rows[user].passed if part.operand == table.rows[operand].name]
    written = " + ".join(part.local for part in parts)
    if not all(part.local for part in parts) or written == "1" or len(written) > LABEL:
        return ""
    (x, y), (end, low) = (way[0], way[1]) if len(table.users[operand]) > 1 else (way[-1], way[-2])
    factor = f"({written})" if _is_sum(written) else written
    # On the right of the line: a line that turns right would run through what stands further along.
    along, aside = (0.2, 0.14) if end > x else (0.36, 0.08)
    return _text(x + (end - x) * aside + 5, y + (low - y) * along + 4, f"× {factor}", "back label")


def _is_sum(written: str) -> bool:
    """Return whether a plus or minus stands outside all brackets."""
    depth = 0
    for mark, following in pairwise(written):
        depth += (mark in "([{") - (mark in ")]}")
        if not depth and mark == " " and following in "+-":
            return True
    return False


def _text(x: float, y: float, written: str, kind: str, anchor: str = "start") -> str:
    at = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{at}>{escape(written)}</text>'
