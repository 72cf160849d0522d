"""Numbers, sums and products, functions of each entry, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from string import ascii_lowercase, ascii_uppercase

from gradlab.graph.kinds import (
    Constant,
    Contraction,
    Elementwise,
    Frozen,
    Let,
    Linear,
    LogSumExp,
    Norm,
    Softmax,
    Standardize,
    Variable,
    Variance,
)
from gradlab.graph.sizes import Coefficient
from gradlab.symbolic.notation.fragments import (
    ATOM,
    NEGATIVE,
    POWER,
    PRODUCT,
    SUM,
    Fragment,
    Indices,
    call,
    einsum,
    indices,
    infix,
    sizes,
    spread,
    total,
    written,
)

# Numbers and sums --------------------------------------------------------------------------------


_CONSTANTS = {"pi": Fragment("pi", ATOM), "e": Fragment("exp(1)", ATOM), "-inf": Fragment("-inf", NEGATIVE)}


def _number(node: Constant) -> Fragment:
    if isinstance(node.value, str):
        return {"pi": Fragment("pi", ATOM), "e": Fragment("exp(1)", ATOM), "-inf": Fragment("-inf", NEGATIVE)}[
            node.value
        ]
    return coefficient(node.value)


def coefficient(value: Coefficient) -> Fragment:
    """Return an exact number: ``2*sqrt(3)/n``."""
    sign = "-" if value.rational < 0 else ""
    above, below = ([*_factors(part)] for part in (-value if sign else value).parts())
    level = NEGATIVE if sign else PRODUCT if below or len(above) > 1 else ATOM
    return Fragment(f"{sign}{'*'.join(above) or '1'}{_divisor(below)}", level)


def _factors(value: Coefficient) -> list[str]:
    rational = [str(value.rational)] if value.rational != 1 else []
    root = [f"sqrt({value.root})"] if value.root != 1 else []
    return [*rational, *root, *(_size_power(size, exponent) for size, exponent in value.sizes)]


def _size_power(size: str, exponent: Fraction) -> str:
    if exponent in (1, Fraction(1, 2)):
        return size if exponent == 1 else f"sqrt({size})"
    return f"{size}**{_exponent(exponent)}"


def _exponent(exponent: Fraction) -> str:
    return str(exponent) if exponent.denominator == 1 and exponent > 0 else f"({exponent})"


@written.register
def _(node: Constant, parts: Sequence[Fragment]) -> Fragment:
    return call("full", _number(node), *sizes(node.axes)) if node.axes else _number(node)


@written.register
def _(node: Linear, parts: Sequence[Fragment]) -> Fragment:
    terms = [_term(coefficient, part) for coefficient, part in zip(node.coefficients, parts, strict=True)]
    if len(terms) == 1 and terms[0][0] == "+":
        return terms[0][1]
    return total(terms)


def _term(coefficient: Coefficient, part: Fragment) -> tuple[str, Fragment]:
    negative = coefficient.rational < 0
    above, below = (_factors(side) for side in (-coefficient if negative else coefficient).parts())
    sign = "-" if negative else "+"
    if not above and not below:
        return sign, part
    if not above:
        return sign, Fragment(f"{part.within(NEGATIVE)}{_divisor(below)}", min(max(part.level, NEGATIVE), PRODUCT))
    return sign, Fragment(f"{'*'.join([*above, part.within(PRODUCT)])}{_divisor(below)}", PRODUCT)


def _divisor(below: Sequence[str]) -> str:
    return f"/({'*'.join(below)})" if len(below) > 1 else f"/{below[0]}" if below else ""


@written.register
def _(node: Variable, parts: Sequence[Fragment]) -> Fragment:
    return Fragment(node.name, ATOM)


@written.register
def _(node: Let, parts: Sequence[Fragment]) -> Fragment:
    return parts[0]


@written.register
def _(node: Frozen, parts: Sequence[Fragment]) -> Fragment:
    return call("frozen", *parts)


# Entry by entry ----------------------------------------------------------------------------------

_SIGNS = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!="}


@written.register
def _(node: Elementwise, parts: Sequence[Fragment]) -> Fragment:
    name, _, parameter = node.operation.name.partition(" ")
    if name in _SIGNS:
        return infix(parts[0], _SIGNS[name], parts[1])
    if name == "divide":
        return Fragment(f"{parts[0].within(NEGATIVE)}/{parts[1].within(POWER)}", PRODUCT)
    if name == "general":
        return Fragment(f"{parts[0].within(ATOM)}**{parts[1].within(ATOM)}", POWER)
    if name == "power":
        return Fragment(f"{parts[0].within(ATOM)}**{_exponent(Fraction(parameter))}", POWER)
    if name == "polygamma":
        return call(name, parameter, *parts)
    if name in ("elu", "celu"):
        return call(name, *parts, parameter or "1")
    return call(name, *parts, parameter) if parameter else call(name, *parts)


@written.register
def _(node: Softmax, parts: Sequence[Fragment]) -> Fragment:
    return call("softmax", *parts, str(node.axis))


@written.register
def _(node: LogSumExp, parts: Sequence[Fragment]) -> Fragment:
    return call("logsumexp", *parts, str(node.axis))


# Products and sums over indices ------------------------------------------------------------------


@written.register
def _(node: Contraction, parts: Sequence[Fragment]) -> Fragment:
    letters = ascii_lowercase[8:] + ascii_lowercase[:8] + ascii_uppercase  # i, j, k, … first
    rows = ["".join(letters[index] for index in row) for row in node.inputs]
    output = "".join(letters[index] for index in node.output)
    if output in rows and {*rows} <= {"", output} and len({*output}) == len(output) and len(rows) > 1:
        return Fragment("*".join(part.within(PRODUCT) for part in parts), PRODUCT)
    new = [index for index in dict.fromkeys(node.output) if not any(index in row for row in node.inputs)]
    return einsum(f"{','.join(rows)}->{output}", *parts, *(str(node.extents[index]) for index in new))


@written.register
def _(node: Norm, parts: Sequence[Fragment]) -> Fragment:
    if not node.places:
        return call("abs", *parts)
    whole, kept, _ = indices(node.operands[0].axes, node.places)
    return call("sqrt", einsum(f"{whole},{whole}->{kept}", parts[0], parts[0]))


def _centred(part: Fragment, rows: Indices) -> Fragment:
    total = einsum(f"{rows.whole}->{rows.kept}", part)
    mean = Fragment(f"{total.text}/({rows.entries})", PRODUCT)
    return Fragment(f"{part.within(SUM)} - {spread(mean, rows.kept, rows.whole, rows.extents).within(PRODUCT)}", SUM)


def _variance(part: Fragment, rows: Indices, correction: Fraction) -> Fragment:
    centred = _centred(part, rows)
    total = einsum(f"{rows.whole},{rows.whole}->{rows.kept}", centred, centred)
    below = f"{rows.entries} - {coefficient(Coefficient(correction)).within(PRODUCT)}" if correction else rows.entries
    return Fragment(f"{total.text}/({below})", PRODUCT)


@written.register
def _(node: Variance, parts: Sequence[Fragment]) -> Fragment:
    return _variance(parts[0], indices(node.operands[0].axes, node.along), node.correction)


@written.register
def _(node: Standardize, parts: Sequence[Fragment]) -> Fragment:
    rows = indices(node.axes, node.along)
    shifted = f"{_variance(parts[0], rows, Fraction(0)).text} + {coefficient(Coefficient(node.epsilon)).text}"
    deviation = spread(call("sqrt", shifted), rows.kept, rows.whole, rows.extents)
    return Fragment(f"({_centred(parts[0], rows).text})/{deviation.within(POWER)}", PRODUCT)
