"""Every derivative of the corpus against SymPy's, in ball arithmetic, and against torch's, in floating point."""

from __future__ import annotations

import math
from typing import Any

import flint
import numpy as np
import pytest
import sympy as sp
import torch

from gradlab.graph import evaluation
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.symbolic import sympy_reading
from tests.symbolic.scalar_corpus import CORPUS
from tests.symbolic.sympy_reading import Absolute, Ceiling, Floor, Rounded, Signum, Truncated

BITS = 256
TIGHTEST = 1e-30
"""Relative to values above 1; a larger radius would let two different derivatives overlap: it counts as wrong."""

LARGEST = 1e6
"""Slopes up to which doubles are compared: beyond it the function turns too fast for their 16 digits."""


NUMBERS = (0.3, 4.1, 1.3, -0.6, 0.72, 2.6, -1.7, 5.3, 0.15, 3.4, -2.3, 0.95)
"""What the variables are set to in turn: within the domain of every function somewhere, and off its kinks."""

LEAST_POINTS = 2
"""Points at which a derivative must have been compared; log(log(log(x))) has few."""

ENTRIES = {entry[0]: entry[-1] for entries in CORPUS.values() for entry in entries}


def points(names: list[str]) -> list[dict[str, float]]:
    return [
        {name: NUMBERS[(start + 5 * place) % len(NUMBERS)] + place / 64 for place, name in enumerate(names)}
        for start in range(len(NUMBERS))
    ]


# The two arithmetics -------------------------------------------------------------------------------


def ball_of_step(u: Any, half: Any) -> Any:
    return flint.arb(1) if u > 0 else flint.arb(0) if u < 0 else flint.arb("nan")


def ball_of_polygamma(n: Any, u: Any) -> Any:
    return u.digamma() if n == 0 else flint.arb(n + 1).zeta(u) * (n + 1).gamma() * (-1) ** (int(n.unique_fmpz()) + 1)


METHODS = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
BALLS: sympy_reading.Arithmetic = {
    **{getattr(sp, name): (lambda u, name=name: getattr(u, name)()) for name in (*METHODS, "erf", "erfc", "gamma")},
    sp.Pow: lambda u, v: u**v,
    sp.pi.func: lambda: flint.arb.pi(),
    sp.E.func: lambda: flint.arb(1).exp(),
    sp.loggamma: lambda u: u.lgamma(),
    sp.polygamma: ball_of_polygamma,
    sp.atan2: lambda u, v: flint.arb.atan2(u, v),
    **dict.fromkeys((sp.Abs, Absolute), abs),
    **dict.fromkeys((sp.sign, Signum), lambda u: u.sgn()),
    sp.Heaviside: ball_of_step,
    sp.Max: lambda *u: max_of_balls(u),
    sp.Min: lambda *u: -max_of_balls([-one for one in u]),
    Floor: lambda u: u.floor(),
    Ceiling: lambda u: u.ceil(),
    Truncated: lambda u: u.floor() if u >= 0 else u.ceil(),
    Rounded: lambda u: (u + 0.5).floor(),
}


def max_of_balls(balls: Any) -> Any:
    largest = balls[0]
    for ball in balls[1:]:
        largest = largest.max(ball)
    return largest


def torch_gamma(u: Any) -> Any:
    sign = torch.where(u > 0, 1.0, 1 - 2 * torch.remainder(torch.floor(u), 2))
    return sign * torch.exp(torch.lgamma(u))


TENSORS: sympy_reading.Arithmetic = {
    **{getattr(sp, name): getattr(torch, name) for name in (*METHODS, "erf", "erfc", "atan2")},
    sp.Pow: lambda u, v: torch.pow(u, v),
    sp.pi.func: lambda: torch.tensor(math.pi, dtype=torch.float64),
    sp.E.func: lambda: torch.tensor(math.e, dtype=torch.float64),
    sp.gamma: torch_gamma,
    sp.loggamma: torch.lgamma,
    sp.polygamma: lambda n, u: torch.digamma(u) if n == 0 else torch.special.polygamma(int(n), u),
    **dict.fromkeys((sp.Abs, Absolute), torch.abs),
    **dict.fromkeys((sp.sign, Signum), torch.sign),
    sp.Max: lambda *u: torch.stack(u).max(),
    sp.Min: lambda *u: torch.stack(u).min(),
    Floor: torch.floor,
    Ceiling: torch.ceil,
    Truncated: torch.trunc,
    Rounded: torch.round,
}


def in_balls(expression: Any, at: dict[str, float]) -> Any:
    values = {name: flint.arb(number) for name, number in at.items()}
    return sympy_reading.value(
        expression, values, lambda number: flint.arb(flint.fmpq(*number.as_integer_ratio())), BALLS
    )


def by_torch(expression: Any, at: dict[str, float]) -> dict[str, float]:
    """Return torch's gradient of SymPy's reading of a function."""
    values = {name: torch.tensor(number, dtype=torch.float64, requires_grad=True) for name, number in at.items()}
    total = sympy_reading.value(expression, values, lambda n: torch.tensor(float(n), dtype=torch.float64), TENSORS)
    if not total.requires_grad:
        return dict.fromkeys(at, 0.0)
    slopes = torch.autograd.grad(total, list(values.values()), allow_unused=True)
    return {name: 0.0 if slope is None else float(slope) for name, slope in zip(values, slopes, strict=True)}


# The comparison ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ENTRIES)
def test_the_derivative_is_sympys_and_torchs(text):
    function = as_function(text)
    derivation, names = derive(function), list(function.variables)
    reading = sympy_reading.read(ENTRIES[text])
    slopes = {name: sp.diff(reading, sympy_reading.NAMES[name]) for name in names}
    as_derived = list(derivation.partials.values())
    as_written = [partial.formula for partial in derivation.gradient.values()]
    compared = 0
    with flint.ctx.workprec(BITS):
        for at in points(names):
            value = in_balls(reading, at)
            if not value.is_finite():  # outside of the domain
                continue
            arrays = {name: np.asarray(number) for name, number in at.items()}
            outputs = [function.formula, *as_derived, *as_written]
            own, *found = (ball.item() for ball in evaluation.with_balls(outputs, arrays, {}, BITS))
            assert_same(own, value, f"{text} at {at}")
            torchs = by_torch(reading, at)
            for place, name in enumerate(names):
                slope = in_balls(slopes[name], at)
                if not slope.is_finite():
                    continue
                compared += 1
                for ball in (found[place], found[len(names) + place]):
                    assert_same(ball, slope, f"∂/∂{name} {text} at {at}")
                if math.isfinite(torchs[name]) and abs(slope) < LARGEST:
                    # torch's polygamma is right to 9 digits, its other functions to 15; some of them are differences.
                    close = 1e-6 if reading.has(sp.polygamma, sp.loggamma, sp.gamma) else 1e-9
                    assert torchs[name] == pytest.approx(float(slope.mid()), rel=close, abs=close), name
    assert compared >= LEAST_POINTS * len(names), f"{text}: too few points in its domain"


def assert_same(ball: Any, other: Any, said: str) -> None:
    assert ball.overlaps(other), f"{said}: {ball} is not {other}"
    for one in (ball, other):
        assert one.rad() < TIGHTEST * (1 + abs(one)), f"{said}: {one} is not known well"


def test_the_corpus_is_large_and_repeats_nothing():
    texts = [entry[0] for entries in CORPUS.values() for entry in entries]
    assert len(texts) >= 400
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("text", ["x^2", "sin(x)/x", "max(x, y)"])
def test_a_derivative_that_is_off_a_little_would_be_seen(text):
    (name, partial), *_ = derive(text).partials.items()
    reading = sympy_reading.read(text)
    at = points(list(as_function(text).variables))[0]
    with flint.ctx.workprec(BITS):
        slope = in_balls(sp.diff(reading, sympy_reading.NAMES[name]), at) + flint.arb(2) ** -99
        arrays = {key: np.asarray(number) for key, number in at.items()}
        (ball,) = evaluation.with_balls([partial], arrays, {}, BITS)
        with pytest.raises(AssertionError, match="is not"):
            assert_same(ball.item(), slope, text)
