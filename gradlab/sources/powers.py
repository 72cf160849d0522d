"""Constant powers too large to be meant, such as ``9^9^9``, refused without computing them."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from gradlab.errors import ParseError
from gradlab.sources.syntax import Binary, Call, Entry, Name, Number, Tree, Unary, Vector, fold

MAX_EXPONENT = 10_000
"""A larger constant exponent overflows every double but those within 8 % of 1."""

MAX_POWER_DIGITS = 400
"""Digits before the point, or zeros after it: beyond 308 no double holds the value."""

MAX_EXACT_DIGITS = 1_000_000
"""Digits that the exact fraction may need: ``1.01^9999`` needs 60,000, and its own power far more."""

_VALUES = {"e": math.e, "pi": math.pi}
_STEEP = {"exp": math.exp, "sinh": math.sinh, "cosh": math.cosh}
"""Functions that outgrow every power; the others stay below about the size of their argument."""


@dataclass(frozen=True)
class _Size:
    """A constant part of the formula: its approximate value and the digits of its exact fraction."""

    value: float
    digits: float


def check_powers(tree: Tree, text: str, variables: Collection[str] = ()) -> None:
    """Raise ParseError at a constant power whose value or exponent is out of range.

    variables: declared names; among them ``e`` and ``pi`` are no constants.

    >>> from fractions import Fraction
    >>> two = Number(Fraction(2), (0, 1))
    >>> check_powers(Binary("^", two, two, (0, 3)), "2^2")
    """

    def size(node: Tree, below: tuple[_Size | None, ...]) -> _Size | None:
        match node:
            case Number():
                return _Size(_float(node), len(str(node.value)))
            case Name():
                is_constant = node.name in _VALUES and node.name not in variables
                return _Size(_VALUES[node.name], 1) if is_constant else None
            case Unary():
                operand = below[0]
                return _Size(-operand.value, operand.digits) if operand and node.operator == "-" else operand
            case Binary(operator="^" | "^⊙"):
                return _power(node, below[0], below[1], text)
            case Binary():
                return _arithmetic(node.operator, below[0], below[1])
            case Call():
                return _call(node.function, below)
            case Vector() | Entry():
                return None

    fold(tree, size)


def _float(number: Number) -> float:
    try:
        return float(number.value)
    except OverflowError:
        return math.inf


def _power(node: Binary, base: _Size | None, exponent: _Size | None, text: str) -> _Size | None:
    """Return the size of a power, or raise ParseError at its exponent."""
    if exponent is None:
        return None
    # Written so that nan, which compares as false with everything, is refused too.
    if not abs(exponent.value) <= MAX_EXPONENT:
        message = f"an exponent beyond {MAX_EXPONENT} is out of range; write a smaller exponent"
        raise ParseError(message, text, node.right.span[0])
    if base is None:
        return None
    factor = abs(exponent.value)
    order = factor * abs(math.log10(abs(base.value))) if base.value else 0.0
    exact_digits = base.digits * max(1.0, factor)
    if not order <= MAX_POWER_DIGITS:
        message = f"this power has more than {MAX_POWER_DIGITS} digits; write smaller numbers"
        raise ParseError(message, text, node.right.span[0])
    if exact_digits > MAX_EXACT_DIGITS:
        message = f"this power needs more than {MAX_EXACT_DIGITS} digits to be exact; write a smaller exponent"
        raise ParseError(message, text, node.right.span[0])
    try:
        value = abs(base.value) ** exponent.value
    except (OverflowError, ZeroDivisionError):
        value = math.inf
    is_negative = base.value < 0 and exponent.value % 2 == 1
    return _Size(-value if is_negative else value, exact_digits)


def _arithmetic(operator: str, left: _Size | None, right: _Size | None) -> _Size | None:
    if left is None or right is None:
        return None
    digits = left.digits + right.digits
    match operator:
        case "+":
            return _Size(left.value + right.value, digits)
        case "-":
            return _Size(left.value - right.value, digits)
        case "/":
            return _Size(left.value / right.value if right.value else math.inf, digits)
        case _:
            return _Size(left.value * right.value, digits)


def _call(function: str, arguments: tuple[_Size | None, ...]) -> _Size | None:
    sizes = [argument for argument in arguments if argument is not None]
    if len(sizes) < len(arguments):
        return None
    largest = max(abs(size.value) for size in sizes)
    if function in _STEEP:
        try:
            largest = _STEEP[function](largest)
        except OverflowError:
            largest = math.inf
    return _Size(largest, sum(size.digits for size in sizes))
