"""What a comparison found, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradientMismatch
from gradlab.graph import Gradient, Point
from gradlab.graph.gradient import component_name

if TYPE_CHECKING:
    from gradlab.graph.point import Array

ROWS = 20
"""Components that a table shows, worst first; the rest are counted."""


class Verdict(StrEnum):
    """What the values of one component, or of all, say."""

    AGREE = "agree"
    DIFFER = "differ"
    KINK = "kink"
    UNDECIDED = "undecided"


GRAVEST = (Verdict.DIFFER, Verdict.KINK, Verdict.UNDECIDED, Verdict.AGREE)
"""The verdict on the whole is the first of these that any component has."""


@dataclass(frozen=True)
class ComponentVerdict:
    """One component of the gradient, and what the routes say of it.

    variable, position: which component; the position of a number is ().
    values: per route; NaN where a route has none.  error: of the numeric route, NaN where there is none.
    slopes: to the left and right where the numeric route found a kink.
    distance: the largest deviation, as a multiple of what its bound allows.
    """

    variable: str
    position: tuple[int, ...]
    values: Mapping[str, float]
    error: float
    slopes: tuple[float, float] | None
    distance: float
    verdict: Verdict
    reason: str

    @property
    def name(self) -> str:
        """The component as code writes it: ``x``, ``X[0, 2]``."""
        return component_name(self.variable, self.position)


@dataclass(frozen=True, eq=False)
class Comparison:
    """The routes to one gradient at one point, side by side.

    verdict: the gravest of the components' verdicts.  reason: one sentence on the worst component.
    signature: the function.  at: the point.  gradients: per route.
    notes: what else should be known, such as why there is no formula.
    components: every component, the worst first.
    """

    signature: str
    at: Point
    gradients: Mapping[str, Gradient]
    components: Sequence[ComponentVerdict]
    notes: tuple[str, ...] = ()
    problem: str | None = None

    @cached_property
    def verdict(self) -> Verdict:
        """The gravest verdict on any component."""
        found = {component.verdict for component in self.components}
        return next((verdict for verdict in GRAVEST if verdict in found), Verdict.UNDECIDED)

    @property
    def worst(self) -> ComponentVerdict | None:
        """The component furthest from agreement; None where there are no components."""
        return self.components[0] if self.components else None

    @cached_property
    def reason(self) -> str:
        """One sentence: what decided, on which component, and by how much."""
        if self.problem is not None:
            return self.problem
        worst = self.worst
        if worst is None:
            return "there is nothing to compare: the variables have no entries"
        if self.verdict is not Verdict.AGREE:
            return f"{worst.name}: {worst.reason}"
        count = len(self.components)
        what = "the component agrees" if count == 1 else f"all {count:,} components agree"
        agreed = f"{what} ({_listed(self.gradients)})"
        if worst.distance == 0:
            return f"{agreed}, exactly"
        return f"{agreed}; the largest deviation, at {worst.name}, is {worst.distance:.2g} of its bound"

    def check(self) -> Comparison:
        """Return this comparison; raise GradientMismatch if the routes differ.

        A kink or an undecided component is no mismatch: look at `verdict`.
        """
        if self.verdict is not Verdict.DIFFER:
            return self
        worst = self.components[0]
        wrong = sum(component.verdict is Verdict.DIFFER for component in self.components)
        lines = [
            f"gradients of {self.signature} differ in {wrong} of {len(self.components)} components",
            f"worst: {worst.name}: {worst.reason}",
            *(f"  {route}: {_number(value)}" for route, value in worst.values.items()),
        ]
        if worst.error == worst.error:
            lines.append(f"  error bound of numeric: {worst.error:.2g}")
        raise GradientMismatch("\n".join(lines))

    # Showing ---------------------------------------------------------------------------------

    @property
    def _routes(self) -> list[str]:
        return list(self.gradients)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["component"]
        head += [f"{route} ± error" if route == "numeric" else route for route in self._routes]
        rows = []
        for component in self.components[:ROWS]:
            cells = [component.name]
            for route in self._routes:
                value = _number(component.values[route])
                if route == "numeric" and component.error == component.error:
                    value = f"{value} ± {component.error:.1e}"
                cells.append(value)
            rows.append([*cells, str(component.verdict)])
        return [*head, "verdict"], rows

    def _rest(self) -> str | None:
        hidden = self.components[ROWS:]
        if not hidden:
            return None
        counts = {verdict: sum(c.verdict is verdict for c in hidden) for verdict in GRAVEST}
        return "… and " + ", ".join(f"{count:,} more that {_plural(v)}" for v, count in counts.items() if count)

    def __repr__(self) -> str:
        head, rows = self._table()
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        lines = [f"{self.signature} at {self.at!r}"]
        for row in [head, *rows]:
            first, *middle, last = row
            cells = [first.ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(middle, widths[1:-1], strict=True)]
            lines.append(("  " + "   ".join([*cells, last])).rstrip())
        rest = self._rest()
        if rest:
            lines.append(f"  {rest}")
        lines.append(f"{self.verdict}: {self.reason}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def markdown(self) -> str:
        """Return the table, the verdict and the notes as Markdown."""
        head, rows = self._table()
        marks = [":---", *["---:"] * (len(head) - 2), ":---"]
        lines = ["| " + " | ".join(row) + " |" for row in [head, marks, *([_code(row) for row in rows])]]
        rest = self._rest()
        after = [rest] if rest else []
        after += [f"**{self.verdict}**: {self.reason}", *(f"Note: {note}" for note in self.notes)]
        return "\n".join(lines) + "\n\n" + "\n\n".join(after) + "\n"

    def _repr_html_(self) -> str:
        head, rows = self._table()
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        rest = self._rest()
        said = [rest] if rest else []
        said += [f"{self.verdict}: {self.reason}", *self.notes]
        return (
            f"<table><caption>{escape(self.signature)} at {escape(repr(self.at))}</caption><thead><tr>"
            + "".join(f"<th>{escape(cell)}</th>" for cell in head)
            + f"</tr></thead><tbody>{body}</tbody></table>"
            + "".join(f"<p>{escape(line)}</p>" for line in said)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data: the verdict, the reason and every component."""
        return {
            "function": self.signature,
            "at": {name: array.tolist() for name, array in self.at.items()},
            "verdict": str(self.verdict),
            "reason": self.reason,
            "notes": list(self.notes),
            "components": [
                {
                    "name": component.name,
                    "values": dict(component.values),
                    "error": component.error,
                    "slopes": component.slopes,
                    "distance": component.distance,
                    "verdict": str(component.verdict),
                    "reason": component.reason,
                }
                for component in self.components
            ],
        }


def _code(row: list[str]) -> list[str]:
    return [f"`{row[0]}`", *row[1:]]


def _number(value: float) -> str:
    return "—" if value != value else f"{value:.10g}"


def _plural(verdict: Verdict) -> str:
    return {
        Verdict.AGREE: "agree",
        Verdict.DIFFER: "differ",
        Verdict.KINK: "are at a kink",
        Verdict.UNDECIDED: "are undecided",
    }[verdict]


def _listed(routes: Mapping[str, Gradient]) -> str:
    *first, last = routes
    return f"{', '.join(first)} and {last}" if first else last


def flat(partials: Mapping[str, Array], names: Sequence[str]) -> Array:
    """Return all components in one row, variable by variable."""
    import numpy as np

    return np.concatenate([np.ravel(partials[name]) for name in names]) if names else np.zeros(0)
