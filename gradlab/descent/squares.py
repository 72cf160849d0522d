"""Sums of squares, found in the graph: f = Σ_j c_j Σ_i r_ji², with the residuals r_j and their positive weights c_j."""

from __future__ import annotations

from fractions import Fraction

from gradlab.graph import Function
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Let, Linear, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations.powers import power
from gradlab.graph.sizes import ONE, Coefficient

_SQUARE = power(Fraction(2))


def residuals(function: Function, variables: frozenset[str]) -> list[tuple[Coefficient, Node]]:
    """Return the weights and residuals of a sum of squares, as it is written; nothing where *function* is none.

    variables: those that move; terms without them are left out.

    >>> from gradlab import as_function
    >>> f = as_function("(a - 1)^2 + 100 (b - a^2)^2")
    >>> [(weight, f.with_output(residual).text()) for weight, residual in residuals(f, frozenset("ab"))]
    [(Coefficient(1), 'a - 1'), (Coefficient(100), 'b - a²')]
    """
    found: list[tuple[Coefficient, Node]] = []
    waiting: list[tuple[Coefficient, Node]] = [(ONE, function.formula)]  # each stands for the sum of its entries
    while waiting:
        weight, node = waiting.pop()
        if not _moves(node, variables):
            continue
        match node:
            case Let(operands=(inside,)):
                waiting.append((weight, inside))
            case Linear():
                parts = zip(node.coefficients, node.operands, strict=True)
                waiting.extend(reversed([(weight * coefficient, part) for coefficient, part in parts]))
            case Contraction(operands=(inside,)) if _sums_all(node):
                waiting.append((weight, inside))
            case Contraction(operands=(one, other)) if one is other and _sums_all(node):
                found.append((weight, one))
            case Elementwise(operands=(inside,)) if node.operation is _SQUARE:
                found.append((weight, inside))
            case _:
                return []
    return found if all(weight.rational > 0 for weight, _ in found) else []


def _moves(node: Node, variables: frozenset[str]) -> bool:
    if isinstance(node, Constant):
        return False
    return any(isinstance(part, Variable) and part.name in variables for part in topological([node]))


def _sums_all(node: Contraction) -> bool:
    """Return whether *node* adds up every entry of its operand, or of the product of two alike, each once."""
    first = node.inputs[0]
    alike = all(indices == first for indices in node.inputs)
    return alike and not node.output and len(set(first)) == len(first) == len(node.extents)
