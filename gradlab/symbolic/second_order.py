"""Second derivatives: the derived gradient, differentiated once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradlab.graph import algebra, jacobians, names
from gradlab.graph.differentiation import Sweep
from gradlab.graph.function import Function
from gradlab.graph.kinds import Stack, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.tidying import tidied

Pair = tuple[str, str]
"""Two variables: ∂²f / ∂first ∂second."""


@dataclass(frozen=True, eq=False)
class SecondOrder:
    """The second derivatives of a function.

    blocks: per pair of variables, of the axes of the first and then those of the second; named values kept.
    sweeps: the reverse sweeps that they rest on, each with the variable whose partial derivative it starts from.
    sent: the name of the vector that is sent back from a partial derivative that is an array.
    """

    blocks: Mapping[Pair, Node]
    sweeps: tuple[tuple[str, Sweep], ...]
    sent: str

    def depends_on(self, variables: Sequence[str]) -> tuple[str, ...]:
        """Return which of *variables* the second derivatives contain."""
        parts = topological(list(self.blocks.values()))
        found = {part.name for part in parts if isinstance(part, Variable)}
        return tuple(name for name in variables if name in found)


def second_order(function: Function, partials: Mapping[str, Node]) -> SecondOrder:
    """Return the second derivatives from the first; ∂²f/∂y∂x is ∂²f/∂x∂y, turned, and not derived again."""
    nodes = function.nodes
    sent = _free_name(function)
    # What is smallest is differentiated: from ∂f/∂b for a number b the derivative by W is one sweep without a batch.
    order = sorted(partials, key=lambda name: nodes[name].rank)
    wanted: dict[Pair, Node] = {}
    sweeps: list[tuple[str, Sweep]] = []
    for place, name in enumerate(order):
        partial = partials[name]
        if all(not part.axes for part in topological([partial])):
            partial = tidied(partial)  # numbers only: shorter steps, as a person would take them
        found = jacobians.derivatives(partial, [nodes[other] for other in order[place:]], seed=sent)
        sweeps += [(name, swept) for swept in found.sweeps]
        for other in order[place:]:
            block = found.jacobians[nodes[other]]
            wanted[name, other] = _mirrored(block) if name == other else block
            if name != other:
                wanted[other, name] = jacobians.transposed(block, nodes[name].rank)
    return SecondOrder({(v, w): wanted[v, w] for v in partials for w in partials}, tuple(sweeps), sent)


def _free_name(function: Function) -> str:
    taken = {*function.variables, *function.data, *names.used_in(function.formula)}
    return next(name for name in ("v", "u", "s", *(f"v{number}" for number in range(len(taken)))) if name not in taken)


def _mirrored(block: Node) -> Node:
    """Return a matrix that is listed entry by entry with what stands above its diagonal below it too."""
    if not isinstance(block, Stack) or not all(isinstance(row, Stack) for row in block.operands):
        return block
    rows = [row.operands for row in block.operands]
    return Stack(
        tuple(Stack(tuple(rows[min(i, j)][max(i, j)] for j in range(len(rows))), 0) for i in range(len(rows))),
        0,
    )


def is_zero(node: Node) -> bool:
    """Return whether *node* is written as nothing but zeros."""
    coefficient, rest = algebra.split(node)
    if isinstance(rest, Stack):
        return all(is_zero(operand) for operand in rest.operands)
    return coefficient.is_zero and rest is None
