"""gradlab's side of the table: the operations as written, one at a time, and the deltas that one sweep derives.

Long expressions are given numbers, v1, v2, …, as a textbook numbers the values of a forward pass; then every operation,
local derivative and delta is written with the names of its neighbours and stays short, however deep the function is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from gradlab.graph import Function, Point, bounds, printing
from gradlab.graph.bounded import Bounded
from gradlab.graph.differentiation import Flow, sweep
from gradlab.graph.kinds import Let, Variable
from gradlab.graph.names import in_text
from gradlab.graph.nodes import Node, rebuild, topological
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
    plain: every delta and local derivative with each name as a variable: so tidying does not write it out.
    seed: the node of the weights of the output, None for a single number.
    """

    function: Function
    rows: tuple[Draft, ...]
    form: str
    plain: Mapping[Node, Node]
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
        wanted = [row.node for row in self.rows] + _derived(self.rows)
        given = {**self.function.data, **point}
        if self.seed is not None:
            given[self.seed.name] = cotangent
        found = bounds.with_bounds(wanted, given, self.function.sizes(point), rounded_inputs=bits < 53)
        return dict(zip(wanted, found, strict=True))

    def written(self, node: Node, *, opened: bool = False) -> str:
        """Return an expression with the names of the rows in it, in its shorter form.

        opened: write out a name that is all of it: the delta of Z, not δ_Z.
        """
        plain = self.plain[unnamed(node) if opened else node]
        return min((printing.text(form, form=self.form) for form in (plain, tidied(plain))), key=len)


def drafted(function: Function, names: Sequence[str], *, weighted: bool) -> Drafts:
    """Return the operations of *function* with their deltas.

    names: the variables to differentiate with respect to.  weighted: whether the output is weighted by a cotangent.
    Raises NoFormulaError where there is no formula.
    """
    form = "matrix" if any(part.rank > 1 for part in topological([function.formula])) else "index"
    naming = _Naming(function, form)
    output = naming.rebuilt()
    seed = Variable(_free("cotangent", _taken(function)), output.axes) if weighted else None
    found = sweep(output, [function.nodes[name] for name in names], seed)
    flows: dict[Node, list[Flow]] = {}
    for flow in found.flows:
        if not isinstance(flow.operation, Let):
            flows.setdefault(flow.operation, []).append(flow)
    rows: list[Draft] = []
    places: dict[Node, int] = {}
    for node in topological([output]):
        if node not in naming.names:
            continue
        operands = dict.fromkeys(unnamed(operand) for operand in node.operands)
        places[node] = len(rows)
        rows.append(
            Draft(
                node,
                naming.names[node],
                naming.operations.get(node, ""),
                tuple(places[operand] for operand in operands if operand in places),
                found.deltas.get(node),
                tuple(flows.get(node, ())),
            )
        )
    derived = _derived(rows)
    derived += [unnamed(node) for node in derived]
    return Drafts(function, tuple(rows), form, dict(zip(derived, _with_names(derived), strict=True)), seed)


def _derived(rows: Iterable[Draft]) -> list[Node]:
    """Return every delta and every local derivative."""
    locals_of = [flow.pull.local for row in rows for flow in row.flows if flow.pull.local is not None]
    return [*locals_of, *(row.delta for row in rows if row.delta is not None)]


class _Naming:
    """Gives names to long expressions, operands first, while a formula is rebuilt.

    names: what each operation is called.  operations: how it is written.
    plain: each expression, with the names in it as variables.
    """

    def __init__(self, function: Function, form: str) -> None:
        self.form = form
        self.output = function.formula
        self.name = function.name
        self.taken = _taken(function)
        self.named = {node.operands[0] for node in topological([self.output]) if isinstance(node, Let)}
        self.numbers = (name for number in count(1) if (name := f"v{number}") not in self.taken)
        self.names: dict[Node, str] = {}
        self.operations: dict[Node, str] = {}
        self.plain: dict[Node, Node] = {}

    def rebuilt(self) -> Node:
        """Return the formula with the names in it."""
        return rebuild([self.output], replace=self._replaced)[0]

    def _replaced(self, old: Node, new: Node) -> Node:
        self.plain[new] = new.rebuilt(tuple(self.plain[operand] for operand in new.operands), {})
        match new:
            case Variable():
                self.names[new] = in_text(new.name)
            case Let():
                self.plain[new] = Variable(new.name, new.axes)
                if new.operands[0] in self.names:
                    self.names[new.operands[0]] = in_text(new.name)
            case _ if any(unnamed(operand) in self.names for operand in new.operands):
                return self._called(old, new)
            case _:  # a number, however it is computed
                pass
        return new

    def _called(self, old: Node, new: Node) -> Node:
        written = printing.text(self.plain[new], form=self.form)
        if any(written == self.names[unnamed(operand)] for operand in new.operands if unnamed(operand) in self.names):
            written += " copied"  # a broadcast is written as what it copies
        self.names[new] = self.operations[new] = written
        if old in self.named or len(written) <= SHORT:
            return new
        name = self.name if old is self.output and self.name not in self.taken else next(self.numbers)
        self.names[new] = name
        let = Let(name, new)
        self.plain[let] = Variable(name, new.axes)
        return let


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


def _with_names(nodes: Sequence[Node]) -> list[Node]:
    """Return expressions in which names are variables."""
    return rebuild(nodes, replace=lambda old, new: Variable(new.name, new.axes) if isinstance(new, Let) else new)
