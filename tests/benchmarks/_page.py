"""docs/benchmarks.md, made whole of results.json and the texts beside each figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.benchmarks import Counts, Figure, Growth
from tests.benchmarks._pictures import FOLDER, draw, drawn
from tests.benchmarks._results import Results, Row
from tests.benchmarks._sections import SECTIONS, Section
from tests.benchmarks._words import anchor, heading, number, quantity, short, why

PAGE = FOLDER.parents[1] / "benchmarks.md"

_OPENING = """# What was measured

Each figure is measured beside another library, or beside gradlab itself at another size, in the same run: two things are done in turns on the same machine, and the median of the paired ratios is taken.
Absolute times show the scale; they are this machine's.
Each is one file in `tests/benchmarks/`, and this page is generated from what they measured:

    make bench                                        # all of them, in about {minutes:.0f} minutes
    .venv/bin/python -m tests.benchmarks NAME ...     # some, by the name of their file
    .venv/bin/python -m tests.benchmarks --write-only # this page anew, nothing measured

`make bench` fails where a goal is missed, after everything is written.
"""


def write(results: Results) -> None:
    """Write the page and its pictures, and remove the pictures of figures that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = {draw(name, row.figure) for name, row in results.rows.items() if drawn(row.figure)}
    for stale in set(FOLDER.glob("*.svg")) - made:
        stale.unlink()
    PAGE.write_text(page(results), encoding="utf-8", newline="\n")


def page(results: Results) -> str:
    """Return the page as it has to be."""
    minutes = sum(row.took for row in results.rows.values()) / 60
    parts = [_OPENING.format(minutes=minutes), _machine(results), _missed(results), _overview(results)]
    parts += [_section(section, results) for section in SECTIONS]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _machine(results: Results) -> str:
    """Return where and when the figures were measured: one line for each machine and set of versions."""
    lines = ["## Machine and versions", ""]
    for key, machine in results.machines.items():
        rows = [row for row in results.rows.values() if row.machine == key]
        dates, loads = sorted(row.date for row in rows), sorted(row.load for row in rows)
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        lines += [
            f"- {_which(key, results)}{number(len(rows))} figures on {machine['machine']}, with {versions}; "
            f"{dates[0]} to {dates[-1]} UTC, the load of the machine {loads[0]:.1f} to {loads[-1]:.1f}."
        ]
    return "\n".join([*lines, ""])


def _which(key: str, results: Results) -> str:
    """Return what tells one machine, or one set of versions, from the others; "" where there is but one."""
    return f"machine {key}: " if len(results.machines) > 1 else ""


def _missed(results: Results) -> str:
    """Return what falls short of its goal, with the reason and the next idea."""
    missed = {name: row.figure for name, row in results.rows.items() if not row.figure.held}
    lines = ["## What falls short", ""]
    if not missed:
        return "\n".join([*lines, "Every goal is held.", ""])
    for name, figure in missed.items():
        lines += [f"- {_link(figure)}: {number(figure.ratio)}, of {number(figure.at_most or 0)}. {short(name, figure)}"]
    return "\n".join([*lines, ""])


def _overview(results: Results) -> str:
    rows = ((_link(row.figure), number(row.figure.ratio), _goal(row.figure)) for row in results.rows.values())
    return "\n".join(["## All figures", "", *_table(("figure", "measured", "at most"), rows, "lrr")])


def _link(figure: Figure) -> str:
    return f"[{heading(figure)}](#{anchor(heading(figure))})"


def _goal(figure: Figure) -> str:
    return "" if figure.at_most is None else number(figure.at_most) + ("" if figure.held else " (missed)")


def _section(section: Section, results: Results) -> str:
    found = {name: results.rows[name] for name in section.figures if name in results.rows}
    if not found:
        return ""
    return "\n".join(
        [
            f"## {section.title}",
            "",
            section.opening,
            "",
            *(_shown(name, row, _which(row.machine, results)) for name, row in found.items()),
        ]
    )


def _shown(name: str, row: Row, machine: str) -> str:
    """Return a figure with what was measured, what to think of it, its growth and its picture."""
    figure = row.figure
    of = "" if figure.at_most is None else f", of at most {number(figure.at_most)}"
    missed = "" if figure.held else " (missed)"
    lines = [f"### {heading(figure)}", "", f"**{number(figure.ratio)}**{of}{missed}: {figure.how}.", ""]
    lines += [text + "\n" for text in (why(name, figure), short(name, figure)) if text]
    if figure.growth is not None:
        lines += _growth(figure.growth)
    if figure.counts is not None:
        lines += _counts(figure.counts)
    if drawn(figure):
        lines += [f"![{_said(figure)}](_static/benchmarks/{name}.svg)", ""]
    return "\n".join(
        [*lines, f"{machine}`{name}`, measured {row.date} UTC in {row.took:.0f} s at a load of {row.load:.1f}.", ""]
    )


def _said(figure: Figure) -> str:
    """Return what a picture shows, for those who do not see it."""
    if figure.growth is not None:
        return f"{heading(figure)}: {figure.growth.by} across, {', '.join(figure.growth.curves)}"
    return f"{heading(figure)}: bars of the table above"


def _growth(growth: Growth) -> list[str]:
    sizes = sorted({size for points in growth.curves.values() for size, _ in points})
    curves = {name: dict(points) for name, points in growth.curves.items()}
    rows = (
        (name, *(quantity(points[size], growth.unit) if size in points else "–" for size in sizes))
        for name, points in curves.items()
    )
    return _table((growth.by, *map(number, sizes)), rows, "l" + "r" * len(sizes))


def _counts(counts: Counts) -> list[str]:
    rows = ((name, *map(number, row)) for name, row in counts.rows.items())
    return _table((counts.of, *counts.kinds), rows, "l" + "r" * len(counts.kinds))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], aligned: str) -> list[str]:
    def lines() -> Iterator[str]:
        yield f"| {' | '.join(head)} |"
        yield "|" + "|".join("---:" if side == "r" else "---" for side in aligned) + "|"
        for row in rows:
            yield f"| {' | '.join(row)} |"
        yield ""

    return list(lines())
