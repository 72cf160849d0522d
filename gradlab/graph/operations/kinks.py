"""Functions with kinks and jumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.operations.comparisons import EQUAL, LARGER, SMALLER, undecided
from gradlab.graph.operations.operation import add
from gradlab.graph.writing import Printer, Shown


def _sign_ball(flint: Any, u: Any) -> Any:
    if u > 0:
        return flint.arb(1)
    if u < 0:
        return flint.arb(-1)
    return flint.arb(0) if u == 0 else flint.arb(0, 1)


SIGN = add(
    "sign",
    "sign",
    "d/du sign(u) = 0",
    lambda g, u, out: [g.number(0, out.axes)],
    ball=_sign_ball,
    switches=lambda g, u: [u[0]],
    where="u ≠ 0",
)


def _from_whole(g: Any, u: Sequence[Node]) -> Sequence[Node]:
    """Return the distance to the nearest whole number, u - floor(u + 1/2); sin(π u) would be rounded."""
    return [g.add(u[0], g.negative(g.apply(FLOOR, g.add(u[0], g.number(Fraction(1, 2), u[0].axes)))))]


def _from_half(g: Any, u: Sequence[Node]) -> Sequence[Node]:
    return _from_whole(g, [g.add(u[0], g.number(Fraction(1, 2), u[0].axes))])


def _round_ball(flint: Any, u: Any) -> Any:
    # To the even neighbour from the middle: where floor(u + 1/2) is odd there, it is one too high.
    up = (u + 0.5).floor()
    half = u - up + 0.5
    if half > 0:
        return up
    even = (up / 2).floor() * 2
    return even if half == 0 else up.union(even)


FLOOR = add(
    "floor",
    "floor",
    "d/du floor(u) = 0",
    lambda g, u, out: [g.number(0, out.axes)],
    switches=_from_whole,
    where="u not a whole number",
)
CEIL = add(
    "ceil",
    "ceiling",
    "d/du ceil(u) = 0",
    lambda g, u, out: [g.number(0, out.axes)],
    sympy=lambda sp, u: sp.ceiling(u),
    switches=_from_whole,
    where="u not a whole number",
)
TRUNC = add(
    "trunc",
    "whole part",
    "d/du trunc(u) = 0",
    lambda g, u, out: [g.number(0, out.axes)],
    sympy=lambda sp, u: sp.sign(u) * sp.floor(sp.Abs(u)),
    ball=lambda flint, u: _trunc_ball(u),
    switches=_from_whole,
    where="u not a whole number except 0",
)
ROUND = add(
    "round",
    "rounding",
    "d/du round(u) = 0",
    lambda g, u, out: [g.number(0, out.axes)],
    # SymPy has no rounding to even: away from the jumps this is the same.
    sympy=lambda sp, u: sp.floor(u + sp.Rational(1, 2)),
    numpy=lambda np, u: np.rint(u),
    ball=_round_ball,
    switches=_from_half,
    where="u + 1/2 not a whole number",
)


def _trunc_ball(u: Any) -> Any:
    return u.floor() if u >= 0 else u.ceil() if u <= 0 else u.floor().union(u.ceil())


FMOD = add(
    "fmod",
    "remainder with the sign of u",
    "d fmod(u, v) = du - trunc(u/v) dv",
    lambda g, u, out: [g.number(1, out.axes), g.negative(g.apply(TRUNC, g.quotient(u[0], u[1])))],
    arity=2,
    sympy=lambda sp, u, v: u - v * sp.sign(u / v) * sp.floor(sp.Abs(u / v)),
    ball=lambda flint, u, v: u - v * _trunc_ball(u / v),
    switches=lambda g, u: _from_whole(g, [g.quotient(u[0], u[1])]),
    domain="v ≠ 0",
    where="v ≠ 0 and u/v not a whole number except 0",
)
MOD = add(
    "mod",  # np.mod and Python's %; a "remainder" is another one in Python's math
    "remainder with the sign of v",
    "d mod(u, v) = du - floor(u/v) dv",
    lambda g, u, out: [g.number(1, out.axes), g.negative(g.apply(FLOOR, g.quotient(u[0], u[1])))],
    arity=2,
    sympy=lambda sp, u, v: u - v * sp.floor(u / v),
    torch=lambda torch, u, v: torch.remainder(u, v),
    ball=lambda flint, u, v: u - v * (u / v).floor(),
    switches=lambda g, u: _from_whole(g, [g.quotient(u[0], u[1])]),
    domain="v ≠ 0",
    where="v ≠ 0 and u/v not a whole number",
    # A small negative u gives v + u, of the size of v.
    scale=lambda np, u, v: np.abs(v),
)
STEP = add(
    "step",
    "unit step",
    "d/du step(u) = 0",
    lambda g, u, out: [g.number(0, out.axes)],
    sympy=lambda sp, u: sp.Heaviside(u, 0),
    numpy=lambda np, u: np.heaviside(u, 0),
    torch=lambda torch, u: (u > 0).to(u.dtype),
    ball=lambda flint, u: flint.arb(1) if u > 0 else flint.arb(0) if u <= 0 else undecided(flint),
    switches=lambda g, u: [u[0]],
    where="u ≠ 0",
    write=lambda printer, u, elementwise: printer.relation([u[0], printer.integer(0)], [">"]),
    truth=True,
)
HEAVISIDE = add(
    "heaviside",
    "unit step with a value at 0",
    "d heaviside(u, v) = 0",
    lambda g, u, out: [g.number(0, out.axes), g.apply(EQUAL, u[0], g.number(0, out.axes))],
    arity=2,
    sympy=lambda sp, u, v: sp.Piecewise((1, u > 0), (v, sp.Eq(u, 0)), (0, True)),
    torch=lambda torch, u, v: torch.where(u == 0, v, (u > 0).to(u.dtype)),
    ball=lambda flint, u, v: (
        flint.arb(1) if u > 0 else flint.arb(0) if u < 0 else v if u == 0 else undecided(flint).union(v)
    ),
    switches=lambda g, u: [u[0]],
    where="u ≠ 0",
)
ABS = add(
    "abs",
    "absolute value",
    "d/du |u| = sign(u)",
    lambda g, u, out: [g.apply(SIGN, u[0])],
    sympy=lambda sp, u: sp.Abs(u),
    ball=lambda flint, u: abs(u),
    switches=lambda g, u: [u[0]],
    where="u ≠ 0",
    write=lambda printer, u, elementwise: printer.absolute(u[0]),
)
RELU = add(
    "relu",
    "rectifier",
    "d/du relu(u) = 1 for u > 0, 0 for u < 0",
    lambda g, u, out: [g.apply(STEP, u[0])],
    sympy=lambda sp, u: sp.Max(u, 0),
    numpy=lambda np, u: np.maximum(u, 0),
    ball=lambda flint, u: u.max(flint.arb(0)),
    switches=lambda g, u: [u[0]],
    where="u ≠ 0",
)


MAXIMUM = add(
    "max",
    "larger of two",
    "d max(u, v) = du where u > v, dv where v > u",
    lambda g, u, out: [g.apply(LARGER, u[0], u[1]), g.apply(LARGER, u[1], u[0])],
    arity=2,
    sympy=lambda sp, u, v: sp.Max(u, v),
    numpy=lambda np, u, v: np.maximum(u, v),
    torch=lambda torch, u, v: torch.maximum(u, v),
    ball=lambda flint, u, v: u.max(v),
    switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
    where="u ≠ v",
)
MINIMUM = add(
    "min",
    "smaller of two",
    "d min(u, v) = du where u < v, dv where v < u",
    lambda g, u, out: [g.apply(SMALLER, u[0], u[1]), g.apply(SMALLER, u[1], u[0])],
    arity=2,
    sympy=lambda sp, u, v: sp.Min(u, v),
    numpy=lambda np, u, v: np.minimum(u, v),
    torch=lambda torch, u, v: torch.minimum(u, v),
    ball=lambda flint, u, v: u.min(v),
    switches=lambda g, u: [g.add(u[0], g.negative(u[1]))],
    where="u ≠ v",
)


class _Largest(Shown):
    """A written maximum and its parts, so that the maximum of a maximum is written as one."""

    __slots__ = ("parts",)

    parts: Sequence[Shown]


def _write_largest(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
    parts = [part for shown in u for part in (shown.parts if isinstance(shown, _Largest) else (shown,))]
    called = printer.call("max", parts)
    written = _Largest(called.written, applied=called.applied)
    object.__setattr__(written, "parts", parts)
    return written


def _share_of_first(g: Any, u: Sequence[Node]) -> list[Node]:
    later = g.apply(STEP, g.add(u[1], g.negative(u[0])))
    return [g.add(g.number(1, u[0].axes), g.negative(later)), later]


FIRST_LARGEST = replace(
    MAXIMUM,
    partials=lambda g, u, out: _share_of_first(g, u),
    write=_write_largest,
)
"""The larger of two, all of the derivative to the first at a tie, as in torch's max_pool; nobody writes it by name."""
