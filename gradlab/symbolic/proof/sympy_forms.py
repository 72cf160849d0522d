"""SymPy's view of graphs without axes, and of the rules of single operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from gradlab.graph.kinds import Constant, Contraction, Elementwise, Let, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, topological
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


def sympy_slope(node: Elementwise, place: int) -> Node:
    """Return the derivative of *node* with respect to the operand at *place*, as SymPy finds it.

    Raises TypeError where SymPy leaves a derivative open.
    """
    named = dict(zip(LETTERS, node.operands, strict=False))
    partial = sympy_partials(node.operation)[place]
    return rebuild([partial], replace=lambda old, new: named[old.name] if isinstance(old, Variable) else new)[0]


def _away_from_jumps(derivative: Any) -> Any:
    """Return a derivative without its impulses: away from the jumps, where points are drawn, they are 0.

    Raises TypeError where SymPy leaves the derivative of anything else open.
    """
    import sympy

    steps = (sympy.floor, sympy.ceiling, sympy.sign, sympy.Heaviside)
    derivative = derivative.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
    for unevaluated in (sympy.Subs, sympy.Derivative):
        for found in derivative.atoms(unevaluated):
            inner = found.expr if unevaluated is sympy.Derivative else getattr(found.expr, "expr", None)
            if not isinstance(inner, steps):
                raise TypeError(f"SymPy does not carry out {found}")
            derivative = derivative.xreplace({found: sympy.Integer(0)})
    return derivative


def is_derivative(expression: Node, slopes: Sequence[tuple[Variable, Node]], claimed: Node) -> bool:
    """Return whether SymPy's algebra shows that *claimed* is the derivative of one operation on unknown parts."""
    import sympy

    single = all(isinstance(operand, (Variable, Constant)) for operand in expression.operands)
    named = _symbols([expression, claimed, *(slope for _, slope in slopes)]) if single else None
    if named is None:
        return False
    try:
        function, said = as_sympy(expression, named), as_sympy(claimed, named)
        moving = [(named[part], as_sympy(slope, named)) for part, slope in slopes if part in named]
        return _is_zero(sum((sympy.diff(function, symbol) * slope for symbol, slope in moving), -said))
    except TypeError:
        return False


def same_form(before: Node, after: Node) -> bool:
    """Return whether SymPy's algebra shows that two numbers are equal."""
    named = _symbols([before, after])
    if named is None:
        return False
    try:
        return _is_zero(as_sympy(before, named) - as_sympy(after, named))
    except TypeError:
        return False


def _symbols(outputs: Sequence[Node]) -> dict[Variable, Any] | None:
    """Return a symbol for each variable, None where there is too much to simplify or not all are numbers."""
    import sympy

    nodes = topological(outputs)
    if any(node.axes or getattr(node, "extents", ()) for node in nodes) or len(nodes) > LONGEST:
        return None
    return {node: sympy.Symbol(node.name, real=True) for node in nodes if isinstance(node, Variable)}


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
    number = sympy.Rational(*coefficient.rational.as_integer_ratio()) * sympy.sqrt(coefficient.root)
    for size, exponent in coefficient.sizes:
        number *= sympy.Symbol(f"size {size}", positive=True) ** sympy.Rational(*exponent.as_integer_ratio())
    return number
