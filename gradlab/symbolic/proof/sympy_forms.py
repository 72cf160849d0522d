"""SymPy's view of graphs without axes, and of the rules of single operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from gradlab.graph import algebra
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Let, Linear, Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import LETTERS, Operation
from gradlab.graph.sizes import Coefficient


@cache
def sympy_partials(operation: Operation) -> tuple[Node, ...]:
    """Return the operation's derivatives as SymPy finds them, as nodes of ``u``, ``v`` and ``w``."""
    import sympy

    from gradlab.sources.builder import Builder
    from gradlab.sources.sympy_expressions import convert

    operands = tuple(Variable(letter) for letter in LETTERS[: operation.arity])
    function, symbols = Elementwise(operation, operands).scalar_function()
    axes = {symbol.name: () for symbol in symbols}
    derivatives = [sympy.diff(function, symbol) for symbol in symbols]
    return tuple(convert(_away_from_jumps(derivative), axes, Builder()) for derivative in derivatives)


def _away_from_jumps(derivative: Any) -> Any:
    """Return a derivative without its impulses: away from the jumps, where points are drawn, they are 0."""
    import sympy

    for impulse in (sympy.DiracDelta, sympy.Subs, sympy.Derivative):
        derivative = derivative.replace(impulse, lambda *_: sympy.Integer(0))
    return derivative


@cache
def rule_is_exact(operation: Operation) -> bool:
    """Return whether SymPy's algebra shows that the rule's local derivatives are its own."""
    import sympy

    operands = tuple(Variable(letter) for letter in LETTERS[: operation.arity])
    node = Elementwise(operation, operands)
    function, symbols = node.scalar_function()
    named = dict(zip(operands, symbols, strict=True))
    for partial, symbol in zip(operation.partials(algebra, operands, node), symbols, strict=True):
        if not _is_zero(sympy.diff(function, symbol) - as_sympy(partial, named)):
            return False
    return True


def is_derivative(expression: Node, slopes: Sequence[tuple[Variable, Node]], claimed: Node) -> bool:
    """Return whether SymPy's algebra shows that *claimed* is the derivative of one operation on unknown parts."""
    import sympy

    nodes = topological([expression, claimed, *(slope for _, slope in slopes)])
    single = all(isinstance(operand, (Variable, Constant)) for operand in expression.operands)
    if not single or len(nodes) > LONGEST or any(node.axes or getattr(node, "extents", ()) for node in nodes):
        return False
    named = {node: sympy.Symbol(node.name, real=True) for node in nodes if isinstance(node, Variable)}
    try:
        function, said = as_sympy(expression, named), as_sympy(claimed, named)
        moving = [(named[part], as_sympy(slope, named)) for part, slope in slopes if part in named]
    except TypeError:
        return False
    return _is_zero(sum((sympy.diff(function, symbol) * slope for symbol, slope in moving), -said))


def _is_zero(difference: Any) -> bool:
    """Return whether SymPy shows that an expression is 0, away from jumps."""
    import sympy

    difference = _away_from_jumps(difference)
    if difference == 0:
        return True
    # SymPy takes seconds over cases inside cases: those are left to the points.
    return not difference.has(sympy.Piecewise) and sympy.simplify(difference) == 0


LONGEST = 12
"""Nodes up to which SymPy is asked to simplify: it takes minutes over some expressions of twenty."""


def as_sympy(node: Node, named: Mapping[Variable, Any]) -> Any:
    """Return the SymPy expression of a graph without axes; *named* gives the symbol for each variable."""
    import sympy

    made: dict[Node, Any] = {}
    for part in topological([node]):
        below = [made[operand] for operand in part.operands]
        match part:
            case Variable():
                made[part] = named[part]
            case Constant():
                made[part] = _sympy_constant(sympy, part)
            case Linear():
                terms = zip(part.coefficients, below, strict=True)
                made[part] = sum(_sympy_number(sympy, coefficient) * term for coefficient, term in terms)
            case Elementwise():
                made[part] = part.operation.sympy(sympy, *below)
            case Contraction():
                made[part] = sympy.Mul(*below)
            case Let():
                made[part] = below[0]
            case _:
                raise TypeError(f"{type(part).__name__} has no scalar SymPy form")
    return made[node]


def _sympy_constant(sympy: Any, node: Any) -> Any:
    if isinstance(node.value, str):
        return {"pi": sympy.pi, "e": sympy.E, "-inf": -sympy.oo}[node.value]
    return _sympy_number(sympy, node.value)


def _sympy_number(sympy: Any, coefficient: Coefficient) -> Any:
    return sympy.Rational(*coefficient.rational.as_integer_ratio()) * sympy.sqrt(coefficient.root)
