"""Random functions of a few numbers with their exact gradients: SymPy's derivative, evaluated to 40 digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import sympy as sp

Array = np.ndarray[Any, Any]

DIGITS = 40
VISIBLE = 2.0**-46
"""A slope that changes f by less than this part of its largest term over |x| drowns in the rounding of f."""

OUTER: tuple[Callable[[sp.Expr], sp.Expr], ...] = (
    sp.sin,
    sp.cos,
    sp.exp,
    sp.tanh,
    sp.atan,
    sp.sinh,
    lambda u: sp.log(1 + u**2),
    lambda u: sp.sqrt(1 + u**2),
    lambda u: u**2,
    lambda u: u**3,
    lambda u: 1 / (1 + u**2),
    lambda u: sp.exp(-(u**2)),
)

NOISE = 2.0**32
"""A function that changes by more than so many times itself over |x| is noise in double precision: sin(sinh(90))."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A function over NumPy, a point, and the exact gradient there, rounded once.

    visible: per component, whether f in double precision shows its slope at all.
    """

    f: Callable[[Any], Any]
    at: Array
    gradient: Array
    visible: Array


def drawn(seed: int, components: int) -> Iterator[Drawn]:
    """Yield functions until so many components have come whose slope f shows."""
    random, seen = np.random.default_rng(seed), 0
    while seen < components:
        one = _drawn(random)
        if one is not None and one.visible.any():
            seen += int(one.visible.sum())
            yield one


def _drawn(random: np.random.Generator) -> Drawn | None:
    n = int(random.integers(1, 6))
    x = sp.symbols(f"x:{n}", real=True)
    terms = [_term(random, x) for _ in range(int(random.integers(1, 4)))]
    at = random.choice([-1, 1], n) * 10.0 ** random.uniform(-3, 2, n)
    derivatives = [sp.diff(sum(terms), symbol) for symbol in x]
    exactly = sp.lambdify([x], [*terms, *derivatives], "mpmath")
    try:
        with mpmath.workdps(DIGITS):
            values = [float(value) for value in exactly([mpmath.mpf(float(entry)) for entry in at])]
    except OverflowError:  # e^(e^1000)
        return None
    largest, gradient = max(abs(value) for value in values[: len(terms)]), np.array(values[len(terms) :])
    if not (np.isfinite(gradient).all() and 1e-12 < largest < 1e12):
        return None
    if (np.abs(gradient * at) > NOISE * largest).any():
        return None
    code = sp.lambdify([x], sum(terms), "numpy")
    visible = np.abs(gradient) * np.abs(at) > VISIBLE * largest
    return Drawn(lambda v: code(tuple(v)), at, gradient, visible)


def _term(random: np.random.Generator, x: tuple[sp.Symbol, ...]) -> sp.Expr:
    u = _inner(random, x)
    for _ in range(int(random.integers(1, 3))):
        u = OUTER[random.integers(len(OUTER))](u)
    return _coefficient(random) * u


def _inner(random: np.random.Generator, x: tuple[sp.Symbol, ...]) -> sp.Expr:
    count = int(random.integers(1, min(3, len(x)) + 1))
    chosen = [x[place] for place in random.choice(len(x), count, replace=False)]
    if random.random() < 0.5:
        return sum((_coefficient(random) * symbol for symbol in chosen), sp.Float(0))
    return _coefficient(random) * sp.prod(chosen)


def _coefficient(random: np.random.Generator) -> sp.Expr:
    # A number that is itself in double precision: SymPy and NumPy are to compute the same function.
    return sp.Rational(int(random.integers(-64, 65)) or 1, 32)
