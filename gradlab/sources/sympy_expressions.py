"""From a SymPy expression to an expression graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
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
)
from gradlab.graph.sizes import ONE, Axes, Coefficient
from gradlab.sources import sums
from gradlab.sources.builder import Builder
from gradlab.sources.composed import COMPOSED, of_reciprocal
from gradlab.sources.indices import MAX_TERMS, Run
from gradlab.sources.unavailable import INSTEAD

_COMPOSED = {**COMPOSED, "acot": of_reciprocal("atan")}
_RENAMED = {"Abs": "abs", "ln": "log", "loggamma": "lgamma", "ceiling": "ceil", "Mod": "mod"}


@dataclass(frozen=True, eq=False)
class _Scope:
    """What the symbols of an expression stand for, besides the variables with these *axes*.

    runs: what the indices of the sums around it run over.  sizes: the symbols that are lengths of arrays.
    """

    axes: Mapping[str, Axes]
    builder: Builder
    runs: Mapping[Any, Run]
    sizes: frozenset[str]


DEEPEST = 150
"""Operations inside each other that are read: SymPy itself comes to the end of Python's stack soon after."""


def check(expression: Any) -> None:
    """Raise TraceError for an expression that SymPy could not even print or whose names no document can set.

    Raises TypeError for what is no expression.
    """
    import sympy

    if isinstance(expression, sympy.Tuple):
        raise TypeError(f"cannot read a function from {expression!s:.60}; give its entries one by one")
    if not isinstance(expression, sympy.Basic):
        return
    level = {expression}
    for _ in range(DEEPEST):
        level = {inner for part in level for inner in part.args}
        if not level:
            break
    else:
        raise TraceError(
            f"the SymPy expression has more than {DEEPEST} operations inside each other; write the function in Python"
        )
    for name in sorted(str(symbol.name) for symbol in expression.atoms(sympy.Symbol)):
        if not name.isprintable() or "$" in name or name.count("{") != name.count("}") or "}" in name.partition("{")[0]:
            raise TraceError(
                f"the symbol {name!r:.60} is called by what no document can set: a sign that is invisible or ends a "
                "formula, or a brace without its other; call it for example x_1"
            )


def convert(expression: Any, axes: Mapping[str, Axes], builder: Builder) -> Node:
    """Return the graph of a SymPy expression, term by term as SymPy keeps it.

    Raises TraceError naming the part that has no counterpart, such as an unevaluated integral.
    """
    return _convert(expression, _Scope(axes, builder, {}, sizes_in(expression)))


def _convert(expression: Any, scope: _Scope) -> Node:
    import sympy

    made: dict[Any, Node] = {}
    for part in reversed(_parts(sympy, expression)):
        # Limits of integrals and the like are tuples; the part that holds them is refused below.
        # (a case of a Piecewise is one as well: it is read with the whole).
        if part not in made and not isinstance(part, sympy.Tuple):
            below = [made[argument] for argument in _ordered(part) if argument in made]
            if isinstance(part, sympy.Piecewise):
                below = [made[argument] for case in part.args for argument in case.args]
            made[part] = _converted(sympy, part, below, scope)
    return made[expression]


def _parts(sympy: Any, expression: Any) -> list[Any]:
    """Return the parts of an expression, each before its own; what a sum adds up is a matter of that sum."""
    from sympy.concrete.expr_with_limits import ExprWithLimits

    found: list[Any] = []
    walk = sympy.preorder_traversal(expression)
    for part in walk:
        found.append(part)
        if isinstance(part, (ExprWithLimits, sympy.Indexed)):
            walk.skip()
    return found


def _ordered(part: Any) -> Any:
    """Return the arguments in the order in which SymPy prints them."""
    return part.as_ordered_terms() if part.is_Add else part.args


def _converted(sympy: Any, part: Any, below: list[Node], scope: _Scope) -> Node:
    builder = scope.builder
    if part in scope.runs:
        run = scope.runs[part]
        return sums.counted(builder, run.first, run.length, run.level)
    if part.is_Symbol:
        is_size = part.name in scope.sizes
        if not is_size and part.name not in scope.axes:  # not a variable, but the side of a limit
            raise TraceError(f"the SymPy expression contains {part}, which is no variable; evaluate it first (.doit())")
        return Constant(Coefficient.of_size(part.name)) if is_size else Variable(part.name, scope.axes[part.name])
    if isinstance(part, sympy.Indexed):
        return _entry(part, scope)
    if isinstance(part, sympy.Sum):
        return _sum(sympy, part, scope)
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
        terms = [rest or node for node, (_, rest) in zip(below, parts, strict=True)]
        return Linear(coefficients, tuple(builder.broadcast(terms, "cannot add")))
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
    if isinstance(part, (sympy.Max, sympy.Min)):
        operation = MAXIMUM if isinstance(part, sympy.Max) else MINIMUM
        return _reduced(lambda first, second: builder.apply(operation, first, second), below)
    name = _RENAMED.get(type(part).__name__, type(part).__name__)
    if name in _COMPOSED:
        return _COMPOSED[name](builder, *below)
    operation = OPERATIONS.get(name)
    if operation is None or operation.arity != len(below):
        advice = INSTEAD.get(name.lower(), "evaluate it first (.doit()), or write the function in Python")
        raise TraceError(f"the SymPy expression contains {part}, and {type(part).__name__} is not read; {advice}")
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


# Sums over an index ------------------------------------------------------------------------------


def sizes_in(expression: Any) -> frozenset[str]:
    """Return the symbols that are lengths of arrays: those that a sum runs to, as in (k, 0, n - 1)."""
    import sympy

    limits = [limit for part in expression.atoms(sympy.Sum) for limit in part.limits]
    return frozenset(symbol.name for limit in limits for end in limit[1:] for symbol in end.free_symbols)


def _sum(sympy: Any, part: Any, scope: _Scope) -> Node:
    """Return a sum over the last of its indices; the others belong to a sum inside it."""
    *inner, limit = part.limits
    body = sympy.Sum(part.function, *inner) if inner else part.function
    run = _run(part, limit, len(scope.runs) + 1)
    arrays = {str(entry.base) for entry in body.atoms(sympy.Indexed)}
    if isinstance(run.length, str) and not any(limit[0] in entry.indices for entry in body.atoms(sympy.Indexed)):
        raise TraceError(
            f"{part} runs to {run.length}, and nothing tells how much that is; put a number for it, as in "
            f".subs({run.length}, 5), or add up the entries of an array: IndexedBase('a')[{limit[0]}]"
        )
    terms = prod(each.length for each in (*scope.runs.values(), run) if isinstance(each.length, int))
    if terms > MAX_TERMS:
        raise TraceError(f"{part} and the sums around it have {terms:,} terms together; at most {MAX_TERMS:,} are read")
    made = _convert(body, replace(scope, runs={**scope.runs, limit[0]: run}))
    return sums.summed(scope.builder, made, run.length, run.level, arrays)


def _run(part: Any, limit: Any, level: int) -> Run:
    """Return what one index runs over: between two whole numbers, or to a symbol that is a length."""
    if len(limit) == 3:
        _, first, last = limit
        count = last - first + 1
        if first.is_Integer and (count.is_Symbol or (count.is_Integer and 0 < count <= MAX_TERMS)):
            return Run(int(first), count.name if count.is_Symbol else int(count), level)
    raise TraceError(
        f"{part} does not run between two whole numbers, at most {MAX_TERMS:,} of them; "
        "write (k, 1, 5), or (k, 0, n - 1) and (k, 1, n) for all entries of an array"
    )


def _entry(part: Any, scope: _Scope) -> Node:
    """Return all entries of an array along the axis of the sum that runs through them."""
    run = scope.runs.get(part.indices[0]) if len(part.indices) == 1 else None
    if run is None or run.first not in (0, 1):
        raise TraceError(
            f"the SymPy expression contains {part}, and an entry is read as a[k] where k runs through all entries, "
            "from 0 or from 1 on"
        )
    name, builder = str(part.base), scope.builder
    array = Variable(name, scope.axes[name])
    builder.need_axes(array, ("n",))
    if array.rank != 1:
        raise TraceError(f"{part} is an entry of {name}, which has shape {builder.sizes.shape_text(array)}")
    if isinstance(run.length, str):
        builder.sizes.declare((run.length,))
    builder.sizes.unify(array.axes[0], run.length, f"{part} runs through {run.length} entries")
    return sums.placed(builder, array, run.level)


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
        # A negative power of a length has become a number: 1/n.
        if exponent is not None and exponent.is_Rational and exponent.is_negative and node.operands:
            base = node.operands[0]
            under.append(base if exponent == -1 else builder.power(base, builder.constant(_rational(-exponent))))
        else:
            above.append(node)
    top = _reduced(builder.multiply, above) if above else builder.constant(1)
    return builder.divide(top, _reduced(builder.multiply, under)) if under else top


def _rational(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))
