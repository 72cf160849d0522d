"""gradlab's side of the table: the operations as written, one at a time, and the deltas that one sweep derives.

Long expressions are given numbers, v1, v2, …, as a textbook numbers the values of a forward pass; then every operation,
local derivative and delta is written with the names of its neighbours and stays short, however deep the function is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gradlab.graph import Function, Point, bounds, printing
from gradlab.graph.bounded import Bounded
from gradlab.graph.differentiation import Flow, sweep
from gradlab.graph.kinds import Let, Variable
from gradlab.graph.names import in_text
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.styles import TextPrinter
from gradlab.graph.tidying import tidied

SHORT = 16
"""Characters up to which an expression is its own name."""


@dataclass(frozen=True, eq=False)
class Draft:
    """One operation of the function, or one leaf.

    node: the operation.  name, operation: what it is called, and how it is written.
    operands: places of the drafts that it is computed from, each once.
    delta: the derivative of the output with respect to it; None where no variable reaches it.
    flows: the rules by which its delta flows on.
    """

    node: Any
    name: str
    operation: str
    operands: tuple[int, ...]
    delta: Node | None
    flows: tuple[Flow, ...]

    @property
    def is_leaf(self) -> bool:
        """Whether it is a variable or data."""
        return isinstance(self.node, Variable)


@dataclass(frozen=True, eq=False)
class Drafts:
    """The operations of a function, operands before their users; the output comes last.

    form: "matrix" or "index", how all of it is written.
    seed: the node of the weights of the output, None for a single number.
    """

    function: Function
    rows: tuple[Draft, ...]
    form: str
    seed: Variable | None

    def ways(self) -> list[tuple[int, int]]:
        """Return the ways that deltas flow: from the place of an operation to that of an operand."""
        places = {row.node: place for place, row in enumerate(self.rows)}
        return [
            (place, places[unnamed(flow.operation.operands[flow.place])])
            for place, row in enumerate(self.rows)
            for flow in row.flows
            if unnamed(flow.operation.operands[flow.place]) in places
        ]

    def values(self, point: Point, cotangent: Any, bits: int) -> dict[Node, Bounded]:
        """Return every value, delta and local derivative at a point in float64, with a bound on its rounding.

        bits: of the arithmetic; below 53 the inputs count as rounded too.
        """
        wanted: list[Node] = []
        for row in self.rows:
            wanted += [row.node, *(flow.pull.local for flow in row.flows if flow.pull.local is not None)]
            if row.delta is not None:
                wanted.append(row.delta)
        given = {**self.function.data, **point}
        if self.seed is not None:
            given[self.seed.name] = cotangent
        found = bounds.with_bounds(wanted, given, self.function.sizes(point), rounded_inputs=bits < 53)
        return dict(zip(wanted, found, strict=True))

    def written(self, node: Node, *, opened: bool = False) -> str:
        """Return an expression with the names of the rows in it, in its shorter form.

        opened: write out a name that is all of it: the delta of Z, not δ_Z.
        """
        named = _with_names(unnamed(node) if opened else node)
        return min((printing.written(form, TextPrinter, form=self.form)[0] for form in (named, tidied(named))), key=len)


def drafted(function: Function, names: Sequence[str], *, weighted: bool) -> Drafts:
    """Return the operations of *function* with their deltas.

    names: the variables to differentiate with respect to.  weighted: whether the output is weighted by a cotangent.
    Raises NoFormulaError where there is no formula.
    """
    form = "matrix" if any(part.rank > 1 for part in topological([function.formula])) else "index"
    output, spoken = _named(function, form)
    seed = Variable(_free("cotangent", _taken(function)), output.axes) if weighted else None
    found = sweep(output, [function.nodes[name] for name in names], seed)
    flows: dict[Node, list[Flow]] = {}
    for flow in found.flows:
        if not isinstance(flow.operation, Let):
            flows.setdefault(flow.operation, []).append(flow)
    rows: list[Draft] = []
    places: dict[Node, int] = {}
    for node in topological([output]):
        if node not in spoken:
            continue
        operands = dict.fromkeys(unnamed(operand) for operand in node.operands)
        places[node] = len(rows)
        rows.append(
            Draft(
                node,
                spoken[node],
                "" if isinstance(node, Variable) else printing.written(node, TextPrinter, form=form)[0],
                tuple(places[operand] for operand in operands if operand in places),
                found.deltas.get(node),
                tuple(flows.get(node, ())),
            )
        )
    return Drafts(function, tuple(rows), form, seed)


def rule_of(flow: Flow) -> tuple[str, str]:
    """Return the name and the formula of the rule by which a delta flows on."""
    return flow.pull.rule, flow.pull.because


def _named(function: Function, form: str) -> tuple[Node, dict[Node, str]]:
    """Return the formula with names for long expressions, and what each operation in it is called."""
    output = function.formula
    taken = _taken(function)
    given = {node.operands[0] for node in topological([output]) if isinstance(node, Let)}
    spoken: dict[Node, str] = {}
    numbers = iter(range(1, len(topological([output])) + 1 + len(taken)))

    def replace(old: Node, new: Node) -> Node:
        if isinstance(new, Let):
            if new.operands[0] in spoken:
                spoken[new.operands[0]] = in_text(new.name)
            return new
        if not isinstance(new, Variable) and not any(unnamed(operand) in spoken for operand in new.operands):
            return new  # a number, however it is computed
        if isinstance(new, Variable):
            spoken[new] = in_text(new.name)
            return new
        written = printing.written(new, TextPrinter, form=form)[0]
        # A broadcast is written as what it copies.
        spoken[new] = f"{written} copied" if written in spoken.values() else written
        if old in given or len(spoken[new]) <= SHORT:
            return new
        name = function.name if old is output and function.name not in taken else None
        name = name or next(free for free in (f"v{number}" for number in numbers) if free not in taken)
        spoken[new] = name
        return Let(name, new)

    (named,) = rebuild([output], replace=replace)
    return named, spoken


def _taken(function: Function) -> set[str]:
    lets = (node.name for node in topological([function.formula]) if isinstance(node, Let))
    return {*function.variables, *function.data, *lets}


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


def unnamed(node: Node) -> Node:
    """Return what a name stands for."""
    return node.operands[0] if isinstance(node, Let) else node


def _with_names(node: Node) -> Node:
    """Return an expression in which names stand for themselves, so that tidying does not write them out."""
    return rebuild([node], replace=lambda old, new: Variable(new.name, new.axes) if isinstance(new, Let) else new)[0]
