"""Comparisons, whose value is 1 where they hold and 0 elsewhere, and the choice between two values.

A condition counts as true where it is above 1/2: so a number that is no truth value, as a proof draws it, is one or
the other too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from gradlab.graph.operations.operation import Operation, add
from gradlab.graph.writing import Printer, Shown


def undecided(flint: Any) -> Any:
    """Return the ball that holds 0 and 1."""
    return flint.arb(0.5, 0.5)


def chosen(flint: Any, condition: Any, first: Any, second: Any) -> Any:
    """Return one of two balls by a condition, or a ball that holds both where it is not decided."""
    if condition > 0.5:
        return first
    return second if condition <= 0.5 else first.union(second)


_NUMBER = re.compile(r"-?(\d|\.|/|\\frac|[{}])+")
_TURNED = {">": "<", "≥": "≤", "<": ">", "≤": "≥", "=": "=", "≠": "≠"}


def _comparison(
    name: str, sign: str, holds: Callable[[Any, Any], Any], fails: Callable[[Any, Any], Any], sympy: str, torch: str
) -> Operation:
    """Register a comparison; *holds* and *fails* say whether two balls certainly are and are not so."""

    def ball(flint: Any, u: Any, v: Any) -> Any:
        return flint.arb(1) if holds(u, v) else flint.arb(0) if fails(u, v) else undecided(flint)

    return add(
        name,
        "comparison",
        "d [u > v] = 0",
        lambda g, u, out: [g.number(0, out.axes), g.number(0, out.axes)],
        arity=2,
        sympy=lambda sp, u, v: sp.Piecewise((1, getattr(sp, sympy)(u, v)), (0, True)),
        numpy=lambda np, u, v: np.asarray(getattr(np, name)(u, v), dtype=np.result_type(u, v)),
        torch=lambda torch_, u, v: getattr(torch_, torch)(u, v).to(u.dtype),
        ball=ball,
        switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
        where="u ≠ v",
        write=lambda printer, u, elementwise: _written(printer, u, sign),
        truth=True,
    )


def _written(printer: Printer, u: Sequence[Shown], sign: str) -> Shown:
    # A number stands on the right: x < 0, where 0 > x is what the graph has.
    turned = _NUMBER.fullmatch(u[0].written) and not _NUMBER.fullmatch(u[1].written)
    left, right = (u[1], u[0]) if turned else (u[0], u[1])
    return printer.relation([left, right], [_TURNED[sign] if turned else sign])


def _shared(name: str, sign: str, side: int) -> Operation:
    """Register a comparison that is a half at a tie, as torch.maximum and torch.minimum share their derivative.

    It is written as the bracket that it is elsewhere.
    """

    def ball(flint: Any, u: Any, v: Any) -> Any:
        if u == v:
            return flint.arb(0.5)
        return flint.arb(int(side > 0)) if u > v else flint.arb(int(side < 0)) if u < v else undecided(flint)

    return add(
        name,
        "comparison",
        "d [u > v] = 0",
        lambda g, u, out: [g.number(0, out.axes), g.number(0, out.axes)],
        arity=2,
        sympy=lambda sp, u, v: sp.Heaviside(side * (u - v), sp.Rational(1, 2)),
        numpy=lambda np, u, v: np.heaviside(side * (u - v), 0.5),
        torch=lambda torch, u, v: (side * torch.sign(u - v) + 1) / 2,
        ball=ball,
        switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
        where="u ≠ v",
        write=lambda printer, u, elementwise: _written(printer, u, sign),
    )


LARGER = _shared("larger", ">", 1)
SMALLER = _shared("smaller", "<", -1)
GREATER = _comparison("greater", ">", lambda u, v: u > v, lambda u, v: u <= v, "Gt", "gt")
GREATER_EQUAL = _comparison("greater_equal", "≥", lambda u, v: u >= v, lambda u, v: u < v, "Ge", "ge")
LESS = _comparison("less", "<", lambda u, v: u < v, lambda u, v: u >= v, "Lt", "lt")
LESS_EQUAL = _comparison("less_equal", "≤", lambda u, v: u <= v, lambda u, v: u > v, "Le", "le")
EQUAL = _comparison("equal", "=", lambda u, v: u == v, lambda u, v: u != v, "Eq", "eq")
NOT_EQUAL = _comparison("not_equal", "≠", lambda u, v: u != v, lambda u, v: u == v, "Ne", "ne")


def _range(
    name: str, sign: str, inside: Callable[[Any, Any, Any], Any], outside: Callable[[Any, Any, Any], Any]
) -> Any:
    """Register the comparison of u with two bounds at once."""

    def ball(flint: Any, *u: Any) -> Any:
        return flint.arb(1) if inside(*u) else flint.arb(0) if outside(*u) else undecided(flint)

    return add(
        name,
        "comparison with two bounds",
        "d [v < u < w] = 0",
        lambda g, u, out: [g.number(0, out.axes)] * 3,
        arity=3,
        sympy=lambda sp, u, v, w: sp.Piecewise((1, sp.And(*_bounds(sp, sign, u, v, w))), (0, True)),
        numpy=lambda np, u, v, w: np.asarray(inside(u, v, w), dtype=np.result_type(u, v, w)),
        torch=lambda torch, u, v, w: inside(u, v, w).to(u.dtype),
        ball=ball,
        switches=lambda g, u: [g.add(u[0], g.negative(u[1])), g.add(u[0], g.negative(u[2]))],
        where="u ≠ v and u ≠ w",
        write=lambda printer, u, elementwise: printer.relation([u[1], u[0], u[2]], [sign, sign]),
        truth=True,
    )


def _bounds(sp: Any, sign: str, u: Any, v: Any, w: Any) -> list[Any]:
    return [sp.Le(v, u), sp.Le(u, w)] if sign == "≤" else [sp.Lt(v, u), sp.Lt(u, w)]


WITHIN = _range("within", "≤", lambda u, v, w: (v <= u) & (u <= w), lambda u, v, w: (v > u) | (u > w))
INSIDE = _range("inside", "<", lambda u, v, w: (v < u) & (u < w), lambda u, v, w: (v >= u) | (u >= w))

# Logic -------------------------------------------------------------------------------------------


def _logical(
    name: str,
    word: str,
    combine: Callable[..., Any],
    sympy: Callable[..., Any],
    ball: Callable[..., Any],
    arity: int = 2,
) -> Operation:
    def write(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
        return printer.logical(word, u)

    return add(
        name,
        "logic",
        "a truth value does not change a little",
        lambda g, u, out: [g.number(0, out.axes)] * arity,
        arity=arity,
        sympy=lambda sp, *u: sp.Piecewise((1, sympy(sp, *(sp.Gt(one, sp.Rational(1, 2)) for one in u))), (0, True)),
        numpy=lambda np, *u: np.asarray(combine(*(one > 0.5 for one in u)), dtype=np.result_type(*u)),
        torch=lambda torch, *u: combine(*(one > 0.5 for one in u)).to(u[0].dtype),
        ball=ball,
        write=write,
        truth=True,
    )


def _and_ball(flint: Any, u: Any, v: Any) -> Any:
    return chosen(flint, u, chosen(flint, v, flint.arb(1), flint.arb(0)), flint.arb(0))


def _or_ball(flint: Any, u: Any, v: Any) -> Any:
    return chosen(flint, u, flint.arb(1), chosen(flint, v, flint.arb(1), flint.arb(0)))


def _not_ball(flint: Any, u: Any) -> Any:
    return chosen(flint, u, flint.arb(0), flint.arb(1))


LOGICAL_AND = _logical("logical_and", "and", lambda u, v: u & v, lambda sp, u, v: sp.And(u, v), _and_ball)
LOGICAL_OR = _logical("logical_or", "or", lambda u, v: u | v, lambda sp, u, v: sp.Or(u, v), _or_ball)
LOGICAL_NOT = _logical("logical_not", "not", lambda u: ~u, lambda sp, u: sp.Not(u), _not_ball, 1)

# The choice --------------------------------------------------------------------------------------


def _write_where(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
    condition, first, second = u
    if second.written != "0":
        return printer.cases(first, condition, second)
    if first.written == "1":
        return condition
    if _NUMBER.fullmatch(first.written):
        return printer.product([first, condition])
    return printer.hadamard([condition, first]) if elementwise else printer.product([condition, first])


WHERE = add(
    "where",
    "cases",
    "d(v if u else w) = dv if u else dw",
    lambda g, u, out: [g.number(0, out.axes), g.indicator(u[0]), g.indicator(g.negated(u[0]))],
    arity=3,
    sympy=lambda sp, u, v, w: sp.Piecewise((v, u > sp.Rational(1, 2)), (w, True)),
    numpy=lambda np, u, v, w: np.where(u > 0.5, v, w),
    torch=lambda torch, u, v, w: torch.where(u > 0.5, v, w),
    ball=chosen,
    where="u does not change",
    write=_write_where,
    # A delta that is no number, of the case that does not hold, is not passed on: 0 times it would be.
    flow=lambda g, u, delta: [None, g.kept(u[0], delta), g.kept(g.negated(u[0]), delta)],
)

OPPOSITES = {
    GREATER: LESS_EQUAL,
    LESS_EQUAL: GREATER,
    LESS: GREATER_EQUAL,
    GREATER_EQUAL: LESS,
    EQUAL: NOT_EQUAL,
    NOT_EQUAL: EQUAL,
}
"""Comparison -> the one that holds where it does not."""
