"""Which signs an expression can have at any point: what needs no proof, read off its form.

Sound, and no more than that: a sign that is not ruled out here may still never occur. The expression is taken where it
is a real number, and an axis to have at least one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import singledispatch
from itertools import product

from gradlab.graph.kinds import (
    Constant,
    Contraction,
    Elementwise,
    Frozen,
    Let,
    Linear,
    Norm,
    OneHot,
    Softmax,
    Variance,
    Winners,
)
from gradlab.graph.nodes import Node
from gradlab.graph.operations import (
    ABS,
    ASINH,
    ATAN,
    CBRT,
    CLAMP_MAX,
    CLAMP_MIN,
    COSH,
    DIVIDE,
    ERF,
    ERFC,
    EXP,
    EXPM1,
    GELU,
    GENERAL_POWER,
    GREATER,
    HYPOT,
    INSIDE,
    LOGICAL_OR,
    MAXIMUM,
    MINIMUM,
    NORMAL_CDF,
    NORMAL_DENSITY,
    NOT_EQUAL,
    RELU,
    SIGMOID,
    SIGN,
    SILU,
    SINH,
    SOFTPLUS,
    SOFTSIGN,
    SQRT,
    TANH,
    WHERE,
    Operation,
    exponent_of,
)

Signs = frozenset[int]
"""Those of -1, 0 and 1 that the sign of a value may be."""

ANY, NOT_NEGATIVE, POSITIVE = frozenset((-1, 0, 1)), frozenset((0, 1)), frozenset((1,))

DEEPEST = 40
"""Nested operations up to which an expression is looked into; below them any sign is taken for possible."""


def is_positive(node: Node) -> bool:
    """Return whether *node* is seen to be positive at every point.

    >>> from gradlab.graph.kinds import Variable
    >>> from gradlab.graph import algebra
    >>> x = Variable("x")
    >>> is_positive(algebra.add(algebra.raised(x, 2), algebra.number(1))), is_positive(algebra.raised(x, 2))
    (True, False)
    """
    return signs_of(node) == POSITIVE


def is_nonzero(node: Node) -> bool:
    """Return whether *node* is seen to be 0 at no point.

    >>> from gradlab.graph.kinds import Elementwise, Variable
    >>> is_nonzero(Elementwise(COSH, (Variable("x"),)))
    True
    """
    return 0 not in signs_of(node)


def always_holds(condition: Node) -> bool:
    """Return whether a comparison, or one of several joined by "or", is seen to hold at every point."""
    if not isinstance(condition, Elementwise):
        return False
    first, *others = condition.operands
    if condition.operation is LOGICAL_OR:
        return any(always_holds(part) for part in condition.operands)
    if condition.operation is GREATER:
        return is_positive(_difference(first, others[0]))
    if condition.operation is NOT_EQUAL:
        return is_nonzero(_difference(first, others[0]))
    if condition.operation is INSIDE:
        return is_positive(_difference(first, others[0])) and is_positive(_difference(others[1], first))
    return False


def _difference(first: Node, second: Node) -> Node:
    """Return *first* less *second*, with the numbers of both as one."""
    from gradlab.graph import algebra
    from gradlab.graph.tidying import tidied

    coefficient, rest = algebra.split(second)
    if rest is None and coefficient.is_zero:
        return first
    return tidied(algebra.add(first, algebra.negative(second)))


def signs_of(node: Node) -> Signs:
    """Return the signs that *node* may have."""
    known: dict[Node, Signs] = {}

    def look(part: Node, depth: int) -> Signs:
        if depth > DEEPEST:
            return ANY
        if part not in known:
            known[part] = _signs(part, [look(operand, depth + 1) for operand in part.operands])
        return known[part]

    return look(node, 0)


@singledispatch
def _signs(node: Node, below: Sequence[Signs]) -> Signs:
    """Return the signs that *node* may have, from those of its operands; any for a kind that is not listed."""
    return ANY


@_signs.register
def _(node: Constant, below: Sequence[Signs]) -> Signs:
    if isinstance(node.value, str):
        return frozenset((-1,)) if node.value == "-inf" else POSITIVE
    return frozenset((_sign(node.value.rational),))


@_signs.register
def _(node: Linear, below: Sequence[Signs]) -> Signs:
    terms = [
        frozenset(_sign(coefficient.rational) * sign for sign in signs)
        for coefficient, signs in zip(node.coefficients, below, strict=True)
    ]
    return _added(terms)


@_signs.register
def _(node: Contraction, below: Sequence[Signs]) -> Signs:
    factors: dict[tuple[Node, tuple[int, ...]], tuple[Signs, int]] = {}
    for operand, row, signs in zip(node.operands, node.inputs, below, strict=True):
        factors[operand, row] = signs, factors.get((operand, row), (signs, 0))[1] + 1
    multiplied = _multiplied([frozenset(sign**times for sign in signs) for signs, times in factors.values()])
    total = _added([multiplied, multiplied]) if node.summed else multiplied
    # Beside a diagonal there are zeros.
    return total if len(set(node.output)) == len(node.output) else total | {0}


@_signs.register
def _(node: Elementwise, below: Sequence[Signs]) -> Signs:
    exponent = exponent_of(node.operation)
    if exponent is not None:
        return _raised(below[0], exponent)
    if node.operation in _ALWAYS:
        return _ALWAYS[node.operation]
    if node.operation in _KEEPING:
        return below[0]
    combine = _COMBINED.get(node.operation)
    return combine(*below) if combine is not None else NOT_NEGATIVE if node.operation.truth else ANY


@_signs.register
def _(node: Let, below: Sequence[Signs]) -> Signs:
    return below[0]


@_signs.register
def _(node: Frozen, below: Sequence[Signs]) -> Signs:
    return below[0]


@_signs.register
def _(node: Softmax, below: Sequence[Signs]) -> Signs:
    return POSITIVE


@_signs.register(Norm)
@_signs.register(Variance)
@_signs.register(OneHot)
@_signs.register(Winners)
def _(node: Node, below: Sequence[Signs]) -> Signs:
    return NOT_NEGATIVE


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _raised(signs: Signs, exponent: Fraction) -> Signs:
    """Return the signs of a power; a fractional one of a negative number, or 1/0, is no real number."""
    base = signs if exponent.denominator == 1 else signs & NOT_NEGATIVE
    base = base if exponent >= 0 else base - {0}
    return frozenset(sign ** (abs(exponent.numerator) if exponent.denominator == 1 else 1) for sign in base)


def _added(terms: Iterable[Signs]) -> Signs:
    """Return the signs of a sum of values of these signs."""
    total = frozenset((0,))
    for signs in terms:
        pairs = product(total, signs)
        total = frozenset(sign for a, b in pairs for sign in (ANY if a * b < 0 else {a or b}))
    return total


def _multiplied(factors: Iterable[Signs]) -> Signs:
    total = POSITIVE
    for signs in factors:
        total = frozenset(a * b for a, b in product(total, signs))
    return total


_ALWAYS: Mapping[Operation, Signs] = dict.fromkeys(
    (EXP, COSH, SIGMOID, SOFTPLUS, ERFC, NORMAL_CDF, NORMAL_DENSITY), POSITIVE
)
"""Functions whose values all have one sign."""

_KEEPING = frozenset((SINH, TANH, ASINH, ATAN, CBRT, ERF, EXPM1, SIGN, SOFTSIGN, SILU, GELU))
"""Functions with the sign of their input."""

_COMBINED: Mapping[Operation, Callable[..., Signs]] = {
    SQRT: lambda u: _raised(u, Fraction(1, 2)),
    WHERE: lambda u, v, w: v | w,
    GENERAL_POWER: lambda u, v: POSITIVE if u == POSITIVE else ANY,
    ABS: lambda u: frozenset(abs(sign) for sign in u),
    RELU: lambda u: frozenset(max(sign, 0) for sign in u),
    DIVIDE: lambda u, v: _multiplied([u, v - {0}]),
    HYPOT: lambda u, v: frozenset(max(abs(a), abs(b)) for a, b in product(u, v)),
    **dict.fromkeys((MAXIMUM, CLAMP_MIN), lambda u, v: frozenset(map(max, product(u, v)))),
    **dict.fromkeys((MINIMUM, CLAMP_MAX), lambda u, v: frozenset(map(min, product(u, v)))),
}
"""Functions whose sign follows from the signs of their inputs."""
