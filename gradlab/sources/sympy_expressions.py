"""From a SymPy expression to an expression graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from gradlab.errors import TraceError
from gradlab.graph.algebra import split
from gradlab.graph.kinds import Constant, Linear, Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import (
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    HEAVISIDE,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_NOT,
    LOGICAL_OR,
    MAXIMUM,
    MINIMUM,
    NOT_EQUAL,
    OPERATIONS,
    STEP,
    WHERE,
    polygamma,
)
from gradlab.graph.sizes import ONE, Axes
from gradlab.sources.builder import Builder

_RENAMED = {"Abs": "abs", "ln": "log", "loggamma": "lgamma", "ceiling": "ceil", "Mod": "mod"}


def convert(expression: Any, axes: Mapping[str, Axes], builder: Builder) -> Node:
    """Return the graph of a SymPy expression, term by term as SymPy keeps it.

    Raises TraceError naming the part that has no counterpart, such as an unevaluated integral.
    """
    import sympy

    made: dict[Any, Node] = {}
    for part in sympy.postorder_traversal(expression):
        # Limits of integrals and the like are tuples; the part that holds them is refused below.
        # (a case of a Piecewise is one as well: it is read with the whole).
        if part not in made and not isinstance(part, sympy.Tuple):
            below = [made[argument] for argument in _ordered(part) if argument in made]
            if isinstance(part, sympy.Piecewise):
                below = [made[argument] for case in part.args for argument in case.args]
            made[part] = _converted(sympy, part, below, axes, builder)
    return made[expression]


def _ordered(part: Any) -> Any:
    """Return the arguments in the order in which SymPy prints them."""
    return part.as_ordered_terms() if part.is_Add else part.args


def _converted(sympy: Any, part: Any, below: list[Node], axes: Mapping[str, Axes], builder: Builder) -> Node:
    if part.is_Symbol:
        return Variable(part.name, axes[part.name])
    if part.is_Rational:
        return builder.constant(Fraction(int(part.p), int(part.q)))
    if part.is_Float:
        return builder.constant(float(part))
    if part is sympy.pi or part is sympy.E:
        return Constant("pi" if part is sympy.pi else "e")
    if part.is_Add:
        # SymPy keeps x - y as x + (-1) y; its reader sees a difference.
        parts = [split(node) for node in below]
        coefficients = tuple(c if rest is not None else ONE for c, rest in parts)
        return Linear(coefficients, tuple(rest or node for node, (_, rest) in zip(below, parts, strict=True)))
    if part.is_Mul:
        return _product(part, below, builder)
    if part.is_Pow:
        return builder.power(*below)
    if isinstance(part, sympy.exp):
        return builder.apply(OPERATIONS["exp"], *below)
    if isinstance(part, (sympy.logic.boolalg.Boolean, sympy.Piecewise)):
        return _condition(sympy, part, below, builder)
    if isinstance(part, sympy.Heaviside):
        return builder.apply(STEP, below[0]) if part.args[1] == 0 else builder.apply(HEAVISIDE, *below)
    if isinstance(part, sympy.polygamma) and part.args[0].is_Integer and part.args[0] >= 0:
        return builder.apply(polygamma(Fraction(int(part.args[0]))), below[1])
    if isinstance(part, (sympy.Max, sympy.Min)):
        operation = MAXIMUM if isinstance(part, sympy.Max) else MINIMUM
        return _reduced(lambda first, second: builder.apply(operation, first, second), below)
    name = _RENAMED.get(type(part).__name__, type(part).__name__)
    operation = OPERATIONS.get(name)
    if operation is None or operation.arity != len(below):
        raise TraceError(
            f"the SymPy expression contains {part}, and {type(part).__name__} is not read; "
            "evaluate it first (.doit()), or write the function in Python"
        )
    return builder.apply(operation, *below)


def _condition(sympy: Any, part: Any, below: list[Node], builder: Builder) -> Node:
    """Return a comparison, a combination of some, or a function by cases; conditions are 1 where they hold, else 0."""
    if part in (True, False):
        return builder.constant(int(part == True))  # noqa: E712  # SymPy's true, which is not Python's
    name = type(part).__name__
    if name in _COMPARISONS:
        return builder.apply(_COMPARISONS[name], *below)
    if name in _LOGIC:
        return _reduced(lambda first, second: builder.apply(_LOGIC[name], first, second), below)
    if isinstance(part, sympy.Not):
        return builder.apply(LOGICAL_NOT, *below)
    if not isinstance(part, sympy.Piecewise) or part.args[-1].args[1] != True:  # noqa: E712  # as above
        raise TraceError(f"the SymPy expression contains {part}; add a last case (value, True) to it")
    result = below[-2]
    for place in range(len(below) - 4, -1, -2):
        result = builder.apply(WHERE, below[place + 1], below[place], result)
    return result


_COMPARISONS = {
    "StrictGreaterThan": GREATER,
    "GreaterThan": GREATER_EQUAL,
    "StrictLessThan": LESS,
    "LessThan": LESS_EQUAL,
    "Equality": EQUAL,
    "Unequality": NOT_EQUAL,
}

_LOGIC = {"And": LOGICAL_AND, "Or": LOGICAL_OR}


def _reduced(combine: Callable[[Node, Node], Node], nodes: list[Node]) -> Node:
    result = nodes[0]
    for node in nodes[1:]:
        result = combine(result, node)
    return result


def _product(part: Any, below: list[Node], builder: Builder) -> Node:
    """Return a product; factors with negative powers go below the fraction bar."""
    above: list[Node] = []
    under: list[Node] = []
    for factor, node in zip(part.args, below, strict=True):
        exponent = factor.exp if factor.is_Pow else None
        if exponent is not None and exponent.is_Rational and exponent.is_negative:
            base = node.operands[0]
            under.append(base if exponent == -1 else builder.power(base, builder.constant(_rational(-exponent))))
        else:
            above.append(node)
    top = _reduced(builder.multiply, above) if above else builder.constant(1)
    return builder.divide(top, _reduced(builder.multiply, under)) if under else top


def _rational(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))
