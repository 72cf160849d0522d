"""The backpropagation table: what each operation computes and receives, by gradlab and by torch, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.autodiff import drawing, views
from gradlab.graph import Function, Point
from gradlab.graph.names import in_text

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Passed:
    """What an operation passes back to one of its operands.

    operand: its name.  rule, because: the name of the rule, and its formula.
    local: the local derivative, written, and its value; "" and None where the rule does not multiply by one.
    """

    operand: str
    rule: str
    because: str
    local: str = ""
    value: Array | None = None


@dataclass(frozen=True, eq=False)
class Row:
    """One operation of a function as it is written, or one leaf: a variable, or data.

    name: the writer's own where there is one, else the expression, or a number where that is long: v1, v2, ….
    operation: how it is written; "" for a leaf.  inputs: the rows that it is computed from, by their places.
    value: what it is at the point.  passed: what it passes back to each operand.
    formula, delta: the derivative of the output with respect to it, as gradlab derives it; "" and None where no
        variable reaches it.
    node: what torch calls the operation, joined by + where torch has several tensors for it; "" where torch has none.
    torch_delta: the gradient that torch had there during ``backward()``; the sum over several.
    apart: the largest difference of the two deltas relative to the largest entry; None without a partner.
    agrees: whether that is within rounding; None without a partner, or where one of them is not finite.
    alone: why it has no partner, in words.
    """

    name: str
    operation: str
    inputs: tuple[int, ...]
    value: Array
    passed: tuple[Passed, ...] = ()
    formula: str = ""
    delta: Array | None = None
    node: str = ""
    torch_delta: Array | None = None
    apart: float | None = None
    agrees: bool | None = None
    alone: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain data: numbers, strings, lists and dicts."""
        arrays = {"value": self.value, "delta": self.delta, "torch_delta": self.torch_delta}
        return {
            "name": self.name,
            "operation": self.operation,
            "inputs": list(self.inputs),
            **{name: None if array is None else array.tolist() for name, array in arrays.items()},
            "formula": self.formula,
            "passed": [
                {
                    "operand": part.operand,
                    "rule": part.rule,
                    "because": part.because,
                    "local": part.local,
                    "value": None if part.value is None else part.value.tolist(),
                }
                for part in self.passed
            ],
            "node": self.node,
            "apart": self.apart,
            "agrees": self.agrees,
            "alone": self.alone,
        }


@dataclass(frozen=True, eq=False)
class Table:
    """One pass forward and back through a function, operation by operation, beside torch's own graph.

    rows: operands before their users; the output is the last one.
    precision: bits of torch's arithmetic, by which the agreement is judged.
    notes: what a reader should know besides.

    The two deltas of a row agree if they are apart by no more than 16 times gradlab's running bound on the rounding of
    that delta, which grows with every operation on the way to it, or than 16 roundings of its largest entry, both at
    torch's precision. What both have as zero within that bound counts as equal.

    >>> from gradlab.autodiff import backward
    >>> table = backward("x*sin(x^2)", at=1).table()
    >>> [(row.name, row.formula, row.node) for row in table.rows][1:3]
    [('x²', 'x cos(x²)', 'PowBackward0'), ('sin(x²)', 'x', 'SinBackward0')]
    >>> table.first_disagreement is None
    True
    """

    function: Function
    at: Point
    rows: tuple[Row, ...]
    precision: int = 53
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Row:
        """Return the row of that name; μ is also found as mu."""
        found = next((row for row in self.rows if row.name in (name, in_text(name))), None)
        if found is None:
            raise KeyError(f"no row {name!r}; there are {', '.join(row.name for row in self.rows)}")
        return found

    @cached_property
    def first_disagreement(self) -> Row | None:
        """The first row, in the order in which deltas flow, whose deltas disagree; None if there is none."""
        return next((row for row in reversed(self.rows) if row.agrees is False), None)

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """For the place of each row, the places of those that are computed from it and pass a delta back."""
        found: dict[int, list[int]] = {place: [] for place in range(len(self.rows))}
        for place, row in enumerate(self.rows):
            for below in row.inputs:
                if row.delta is not None and self.rows[below].delta is not None:
                    found[below].append(place)
        return {place: tuple(above) for place, above in found.items()}

    @property
    def conclusion(self) -> str:
        """Whether gradlab and torch agree, and where not, from which operation on: in plain sentences."""
        return views.conclusion(self)

    def text(self, width: int | None = None) -> str:
        """Return the table for a terminal of *width* columns, its own width by default.

        Where it is too wide it comes as two: forward, and backward from the output to the leaves.
        """
        return views.text(self, width)

    def markdown(self) -> str:
        """Return the table as Markdown, with the conclusion below it."""
        return views.markdown(self)

    def graph(self) -> str:
        """Return the graph for a terminal: a line for each operation, values flowing forward, deltas back."""
        return views.graph(self)

    def svg(self) -> str:
        """Return the graph as a picture: a self-contained SVG, dark where the reader's screen is."""
        return drawing.svg(self)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: numbers, strings, lists and dicts."""
        first = self.first_disagreement
        return {
            "function": self.function.signature,
            "at": {name: array.tolist() for name, array in self.at.items()},
            "rows": [row.as_dict() for row in self.rows],
            "first_disagreement": None if first is None else first.name,
            "conclusion": self.conclusion,
            "precision": self.precision,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return self.text(views.WIDTH)

    def _repr_html_(self) -> str:
        return views.html(self)
