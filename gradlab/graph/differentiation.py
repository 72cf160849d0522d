"""Reverse-mode symbolic differentiation: one sweep for all variables, emitting the same graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradlab.graph import algebra
from gradlab.graph.kinds import Frozen, Let
from gradlab.graph.nodes import Node, Pull, pullback, topological


@dataclass(frozen=True, slots=True)
class Flow:
    """One application of a rule: what *operation* passes back to one of its operands.

    place: which operand.  incoming: the delta of the operation.  pull: the rule, its formula, what flows on.
    """

    operation: Node
    place: int
    incoming: Node
    pull: Pull


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one reverse sweep found.

    deltas: the derivative of the output with respect to each node that a variable reaches, ∂output/∂node.
    flows: every rule applied, in the order in which the sweep went.
    """

    output: Node
    deltas: dict[Node, Node]
    flows: tuple[Flow, ...]

    def gradient(self, variable: Node) -> Node:
        """Return the derivative with respect to a variable, of its axes; zeros if it does not occur."""
        return self.deltas.get(variable, algebra.number(0, variable.axes))


def sweep(output: Node, wrt: Sequence[Node], seed: Node | None = None, *, named: bool = True) -> Sweep:
    """Return the derivatives of *output* with respect to the variables *wrt* and everything on the way.

    seed: the delta of the output, of its axes; 1 for a scalar output if not given.
    named: whether the delta of a named value gets a name too: delta_Z for Z.
    The chain rule, applied from the output backwards: each operation is visited once, after all of its users
    (Griewank & Walther, *Evaluating Derivatives*, 2nd ed. 2008, section 3.2).
    """
    ordered = topological([output])
    reached: set[Node] = set(wrt)
    for node in ordered:
        if any(operand in reached for operand in node.operands) and not isinstance(node, Frozen):
            reached.add(node)
    received: dict[Node, list[Node]] = {output: [seed if seed is not None else algebra.number(1, output.axes)]}
    deltas: dict[Node, Node] = {}
    flows: list[Flow] = []
    names = {node.operands[0]: node for node in ordered if isinstance(node, Let)}
    for node in reversed(ordered):
        if node not in reached or node not in received:
            continue
        delta = algebra.add(*received.pop(node)) if len(received[node]) > 1 else received.pop(node)[0]
        if named and isinstance(node, Let) and not node.names_an_input and not algebra.is_constant(delta):
            delta = Let(f"delta_{node.name}", delta)
        deltas[node] = delta
        wanted = [operand in reached for operand in node.operands]
        for place, pull in enumerate(pullback(node, delta, wanted, names.get(node, node))):
            if pull is not None:
                received.setdefault(node.operands[place], []).append(pull.delta)
                flows.append(Flow(node, place, delta, pull))
    return Sweep(output, deltas, tuple(flows))
