"""What was measured, kept in results.json: a row for each figure, and the runs that they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import Counts, Figure, Growth
from tests.benchmarks._sections import NAMES

STORED = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Row:
    """A figure, the run in which it was measured, by its date, and how many seconds that took."""

    figure: Figure
    run: str
    took: float


@dataclass(frozen=True)
class Results:
    """Rows by name, in the order of the page, and by date what each run was made on."""

    rows: Mapping[str, Row]
    runs: Mapping[str, Mapping[str, Any]]

    def updated(self, name: str, row: Row, run: Mapping[str, Any]) -> Results:
        """Return the results with a row anew; a run that no row comes from is forgotten."""
        rows = {**self.rows, name: row}
        ordered = {name: rows[name] for name in NAMES if name in rows}
        runs = {**self.runs, run["date"]: run}
        used = {row.run for row in ordered.values()}
        return Results(ordered, {date: runs[date] for date in sorted(runs) if date in used})


def load(path: Path = STORED) -> Results:
    """Return the results that are kept; none where there is no file."""
    if not path.exists():
        return Results({}, {})
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Results({name: _row(row) for name, row in stored["rows"].items()}, stored["runs"])


def save(results: Results, path: Path = STORED) -> None:
    """Keep the results."""
    stored = {"runs": results.runs, "rows": {name: asdict(row) for name, row in results.rows.items()}}
    path.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


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
    return Row(figure(stored["figure"]), stored["run"], stored["took"])
