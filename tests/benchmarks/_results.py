"""What was measured, kept in results.json: a row for each figure, and the runs that they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks import Counts, Figure, Growth
from tests.benchmarks._sections import NAMES

STORED = Path(__file__).with_name("results.json")


Machine = Mapping[str, Any]
"""What `_machine.machine` returns."""


@dataclass(frozen=True)
class Row:
    """A figure and how it was measured.

    date: when, in UTC.  load: of the machine, in the minute before.  took: seconds.  machine: a key of `Results.machines`.
    """

    figure: Figure
    date: str
    load: float
    took: float
    machine: str = ""


@dataclass(frozen=True)
class Results:
    """Rows by name, in the order of the page, and the machines, with the versions of what is installed there."""

    rows: Mapping[str, Row]
    machines: Mapping[str, Machine]

    def updated(self, name: str, row: Row, machine: Machine) -> Results:
        """Return the results with a row anew; a machine, or a set of versions, that no row has is forgotten."""
        known = next((key for key, each in self.machines.items() if each == machine), "")
        key = known or str(1 + max(map(int, self.machines), default=0))
        rows = {**self.rows, name: replace(row, machine=key)}
        ordered = {name: rows[name] for name in NAMES if name in rows}
        used = {row.machine for row in ordered.values()}
        machines = {**self.machines, key: machine}
        return Results(ordered, {key: each for key, each in machines.items() if key in used})


def load(path: Path = STORED) -> Results:
    """Return the results that are kept; none where there is no file."""
    if not path.exists():
        return Results({}, {})
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Results({name: _row(row) for name, row in stored["rows"].items()}, stored["machines"])


def save(results: Results, path: Path = STORED) -> None:
    """Keep the results; a run that is interrupted leaves the file whole."""
    rows = {name: asdict(row) for name, row in results.rows.items()}
    stored = {"machines": results.machines, "rows": rows}
    written = path.with_suffix(".writing")
    written.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    written.replace(path)


def figure(stored: Mapping[str, Any]) -> Figure:
    """Return the figure that JSON holds."""
    growth, counts = stored["growth"], stored["counts"]
    if growth is not None:
        curves = {name: tuple(map(tuple, points)) for name, points in growth["curves"].items()}
        growth = Growth(growth["by"], growth["unit"], curves)
    if counts is not None:
        counts = Counts(counts["of"], tuple(counts["kinds"]), {k: tuple(v) for k, v in counts["rows"].items()})
    return Figure(**{**stored, "growth": growth, "counts": counts})


def _row(stored: Mapping[str, Any]) -> Row:
    return Row(**{**stored, "figure": figure(stored["figure"])})
