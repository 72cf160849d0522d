"""Second derivatives: the derived gradient, differentiated once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradlab.graph import algebra, jacobians, names
from gradlab.graph.function import Function
from gradlab.graph.kinds import Stack, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.tidying import tidied
from gradlab.symbolic.board import fits, on_board
from gradlab.symbolic.steps import Step, steps_of

Pair = tuple[str, str]
"""Two variables: ∂²f / ∂first ∂second."""


@dataclass(frozen=True, eq=False)
class SecondOrder:
    """The second derivatives of a function.

    blocks: per pair of variables, of the axes of the first and then those of the second; named values kept.
    steps: how they were derived from the first derivatives.
    """

    blocks: Mapping[Pair, Node]
    steps: tuple[Step, ...]

    def depends_on(self, variables: Sequence[str]) -> tuple[str, ...]:
        """Return which of *variables* the second derivatives contain."""
        parts = topological(list(self.blocks.values()))
        found = {part.name for part in parts if isinstance(part, Variable)}
        return tuple(name for name in variables if name in found)


def second_order(function: Function, partials: Mapping[str, Node]) -> SecondOrder:
    """Return the second derivatives from the first; ∂²f/∂y∂x is ∂²f/∂x∂y, turned, and not derived again."""
    nodes = function.nodes
    # What is smallest is differentiated: from ∂f/∂b for a number b the derivative by W is one sweep without a batch.
    order = sorted(partials, key=lambda name: nodes[name].rank)
    wanted: dict[Pair, Node] = {}
    steps: list[Step] = []
    for place, name in enumerate(order):
        found, own = _derived(function, partials[name], [nodes[other] for other in order[place:]])
        steps += own
        for other in order[place:]:
            block = found[nodes[other]]
            wanted[name, other] = _mirrored(block) if name == other else block
            if name != other:
                wanted[other, name] = jacobians.transposed(block, nodes[name].rank)
    return SecondOrder({(v, w): wanted[v, w] for v in partials for w in partials}, tuple(steps))


def _derived(
    function: Function, partial: Node, variables: list[Variable]
) -> tuple[Mapping[Variable, Node], list[Step]]:
    """Return the derivatives of a partial derivative, and how they were found."""
    if fits(partial, variables):
        boards = {variable: on_board(partial, variable, _taken(function)) for variable in variables}
        return {variable: board.named for variable, board in boards.items()}, [
            step for board in boards.values() for step in board.steps
        ]
    if all(not part.axes for part in topological([partial])):
        partial = tidied(partial)  # numbers only: shorter steps, as a person would take them
    found = jacobians.derivatives(partial, variables, seed=_free_name(function))
    return found.jacobians, [step for swept in found.sweeps for step in steps_of(swept)]


def _taken(function: Function) -> frozenset[str]:
    return frozenset({*function.variables, *function.data, *names.used_in(function.formula)})


def _free_name(function: Function) -> str:
    taken = _taken(function)
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
