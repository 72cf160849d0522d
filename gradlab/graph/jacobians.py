"""Jacobians, and products with them, by differentiating the graph: the matrix, its rows or columns combined.

Reverse rules alone are enough. What flows back is linear in what is sent back, so a whole Jacobian is what flows
back when the identity is sent; and the derivative of ⟨what flows back, v⟩ is the Jacobian times v.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradlab.graph import algebra
from gradlab.graph.differentiation import Sweep, sweep
from gradlab.graph.kinds import Stack, Variable
from gradlab.graph.kinds.index import entries
from gradlab.graph.nodes import Node, topological

SEED = "seed"
"""The name of what is sent back, in the steps of a sweep from an array."""


@dataclass(frozen=True, slots=True)
class Derivatives:
    """The derivatives of an array with respect to several variables.

    jacobians: per variable, of the axes of the array and then those of the variable.
    sweeps: the reverse sweeps that they rest on, one for each part of an array that is put together from parts.
    """

    jacobians: Mapping[Variable, Node]
    sweeps: tuple[Sweep, ...]


def derivatives(output: Node, wrt: Sequence[Variable], *, seed: str = SEED) -> Derivatives:
    """Return the Jacobians of *output* with respect to the variables *wrt*.

    seed: the name of the array that is sent back in the sweep's steps.
    Raises NoFormulaError where a kind of operation does not say how it is done for many values at once.
    """
    parts = _parts(output)
    if parts:
        found = [derivatives(part, wrt, seed=seed) for part in parts]
        stacked: dict[Variable, Node] = {
            variable: Stack(tuple(_listed(each.jacobians[variable]) for each in found), 0) for variable in wrt
        }
        return Derivatives(stacked, tuple(each for part in found for each in part.sweeps))
    if not output.axes:
        swept = sweep(output, wrt, named=False)
        return Derivatives({variable: swept.gradient(variable) for variable in wrt}, (swept,))
    sent = Variable(seed, output.axes)
    swept = sweep(output, wrt, sent, named=False)
    jacobians = {variable: _for_all(swept.gradient(variable), sent) for variable in wrt}
    return Derivatives(jacobians, (swept,))


def jacobian(output: Node, variable: Variable) -> Node:
    """Return the Jacobian of *output*: of its axes and then those of *variable*."""
    return derivatives(output, [variable]).jacobians[variable]


def vector_jacobian(output: Node, variable: Variable, left: Node) -> Node:
    """Return ``left^T J``, of the axes of *variable*; left has the axes of *output*."""
    return sweep(output, [variable], left, named=False).gradient(variable)


def jacobian_vector(output: Node, variable: Variable, right: Node) -> Node:
    """Return ``J right``, of the axes of *output*; right has the axes of *variable*.

    What flows back is linear in what is sent back: its derivative with respect to that is the Jacobian, transposed.
    """
    sent = Variable(SEED, output.axes)
    return vector_jacobian(_inner(vector_jacobian(output, variable, sent), right), sent, algebra.number(1))


def hessian_vector(output: Node, variable: Variable, right: Node) -> Node:
    """Return ``H right`` for an *output* without axes: the gradient of the slope along *right*."""
    return hessian_vectors(output, {variable: right})[variable]


def hessian_vectors(output: Node, rights: Mapping[Variable, Node]) -> dict[Variable, Node]:
    """Return ``H right`` for all variables together, per variable: their mixed second derivatives included."""
    swept = sweep(output, list(rights), named=False)
    slope = algebra.add(*(_inner(swept.gradient(variable), right) for variable, right in rights.items()))
    again = sweep(slope, list(rights), named=False)
    return {variable: again.gradient(variable) for variable in rights}


def transposed(block: Node, leading: int) -> Node:
    """Return a derivative with its *leading* first axes, those of one variable, behind the others."""
    rows = tuple(range(block.rank))
    return algebra.contract([block], [rows], rows[leading:] + rows[:leading], block.axes)


def _inner(first: Node, second: Node) -> Node:
    rows = tuple(range(first.rank))
    return algebra.contract([first, second], [rows, rows], (), first.axes)


def _parts(output: Node) -> list[Node]:
    """Return the numbers that a vector is put together from, [] if it is computed as a whole."""
    if isinstance(output, Stack) and output.rank == 1:
        return list(output.operands)
    return entries(output)


def _listed(row: Node) -> Node:
    """Return a derivative that is put together from single places as a list of what stands there."""
    parts = entries(row)
    return Stack(tuple(parts), 0) if parts else row


def _for_all(pulled: Node, sent: Variable) -> Node:
    """Return *pulled*, which is linear in *sent*, for every unit array that can be sent: first axes those of *sent*."""
    batch = sent.axes
    made: dict[Node, Node] = {sent: algebra.identity(batch)}
    for node in topological([pulled]):
        lead = tuple(operand in made for operand in node.operands)
        if any(lead):
            made[node] = node.batched(tuple(made.get(operand, operand) for operand in node.operands), lead, batch)
    return made[pulled] if pulled in made else algebra.number(0, batch + pulled.axes)
