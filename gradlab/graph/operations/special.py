"""The error function, the normal distribution, and the gamma function with its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import factorial, inf, nan, sqrt
from math import gamma as gamma_of_float
from typing import Any

from gradlab.graph.nodes import Node
from gradlab.graph.operations import gaussian
from gradlab.graph.operations.exponentials import EXP
from gradlab.graph.operations.operation import OPERATIONS, Operation, add, family
from gradlab.graph.operations.powers import SQRT
from gradlab.graph.rules import rule
from gradlab.graph.writing import Printer, Shown


def _bell(g: Any, u: Sequence[Node], out: Node, factor: int) -> Node:
    """Return *factor* / √π e^(-u²)."""
    root = g.reciprocal(g.apply(SQRT, g.named_number("pi", out.axes)))
    return g.product(root, g.scale_by(factor, g.apply(EXP, g.negative(g.raised(u[0], 2)))))


ERF = add(
    "erf",
    "error function",
    "d/du erf u = 2/√π e^(-u²)",
    lambda g, u, out: [_bell(g, u, out, 2)],
    numpy=gaussian.erf,
    roundings=6,
)
ERFC = add(
    "erfc",
    "complementary error function",
    "d/du erfc u = -2/√π e^(-u²)",
    lambda g, u, out: [_bell(g, u, out, -2)],
    numpy=gaussian.erfc,
    roundings=8,
)
NORMAL_CDF = add(
    "normal_cdf",
    "distribution function of the normal distribution",
    "d/du Φ(u) = φ(u)",
    lambda g, u, out: [g.apply(NORMAL_DENSITY, u[0])],
    # erfc keeps its digits far to the left, where 1 + erf has none.
    sympy=lambda sp, u: sp.erfc(-u / sp.sqrt(2)) / 2,
    numpy=gaussian.normal_cdf,
    torch=lambda torch, u: torch.special.erfc(-u * sqrt(0.5)) / 2,
    ball=lambda flint, u: (-u / flint.arb(2).sqrt()).erfc() / 2,
    write=lambda printer, u, elementwise: printer.call("Phi", u),
    roundings=12,
)
NORMAL_DENSITY = add(
    "normal_density",
    "density of the normal distribution",
    "d/du φ(u) = -u φ(u)",
    lambda g, u, out: [g.negative(g.product(u[0], out))],
    sympy=lambda sp, u: sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi),
    numpy=gaussian.normal_density,
    torch=lambda torch, u: torch.exp(-u * u / 2) * gaussian.HIGHEST,
    ball=lambda flint, u: (-u * u / 2).exp() / (2 * flint.arb.pi()).sqrt(),
    write=lambda printer, u, elementwise: printer.call("phi", u),
    roundings=8,
)

# Gamma -------------------------------------------------------------------------------------------


def _by_torch(function: str, np: Any, u: Any) -> Any:
    # NumPy has neither of these, and SciPy is not needed for anything else; they are too rare to load torch before.
    import torch

    return getattr(torch, function)(torch.as_tensor(np.array(u))).numpy().astype(u.dtype, copy=False)


def _gamma_or_pole(u: float) -> float:
    """Return Γ(u), which is no number at 0, -1, -2, … and beyond a double from 172 on."""
    try:
        return gamma_of_float(u)
    except ValueError:
        return nan
    except OverflowError:
        return inf


def _sign_of_gamma(torch: Any, u: Any) -> Any:
    # Between two of its poles the sign is the one of the whole number below: -1 where that is odd.
    return torch.where(u > 0, 1.0, 1.0 - 2.0 * torch.remainder(torch.floor(u), 2.0))


_SHIFT = 12
"""Terms of the zeta function that are added up before Euler and Maclaurin's formula takes over."""

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _polygamma(module: Any, u: Any, n: int) -> Any:
    """Return ψ_n(u) = (-1)^(n+1) n! ζ(n + 1, u) for u > 0, by functions that NumPy and torch share.

    torch's own is right to 9 digits only. Abramowitz & Stegun, *Handbook of Mathematical Functions*, 6.4.11.
    """
    s, total = n + 1, 0.0
    for step in range(_SHIFT):
        total = total + (u + step) ** -float(s)
    far = u + _SHIFT
    total = total + far ** -float(n) / n + far ** -float(s) / 2
    factor = s / 2
    for k, number in enumerate(_BERNOULLI, 1):
        total = total + number * factor * far ** -float(s + 2 * k - 1)
        factor = factor * (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2))
    return module.where(u > 0, (-1.0) ** (n + 1) * factorial(n) * total, float("nan"))


_DIGAMMA = rule("digamma function", "d/du ψ(u) = ψ_1(u)", "u > 0")
_POLYGAMMA = rule("polygamma function", "d/du ψ_n(u) = ψ_(n+1)(u)", "u > 0")


@family
def polygamma(order: Fraction) -> Operation:
    """Return the derivative of this *order* of the digamma function, which is the order 0.

    >>> polygamma(Fraction(1)).rule.formula
    'd/du ψ_n(u) = ψ_(n+1)(u)'
    """
    n = int(order)

    def ball(flint: Any, u: Any) -> Any:
        if n == 0:
            return u.digamma()
        # ψ_n(u) = (-1)^(n+1) n! ζ(n + 1, u)
        return flint.arb(n + 1).zeta(u) * flint.arb(n).fac() * (-1) ** (n + 1)

    def write(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
        return printer.call("digamma" if n == 0 else "polygamma", u if n == 0 else [printer.integer(n), *u])

    return Operation(
        name="digamma" if n == 0 else f"polygamma {n}",
        arity=1,
        rule=_DIGAMMA if n == 0 else _POLYGAMMA,
        sympy=lambda sp, u: sp.polygamma(n, u),
        numpy=lambda np, u: _polygamma(np, u, n) if n else _by_torch("digamma", np, u),
        torch=lambda torch, u: _polygamma(torch, u, n) if n else torch.digamma(u),
        ball=ball,
        partials=lambda g, u, out: [g.apply(polygamma(order + 1), u[0])],
        domain="u > 0",
        number=order,
        write=write,
        roundings=64,
        scale=lambda np, u: 1 + np.abs(np.log(np.abs(u))) + np.abs(u) ** -(n + 1.0),
    )


DIGAMMA = polygamma(Fraction(0))
OPERATIONS[DIGAMMA.name] = DIGAMMA
LGAMMA = add(
    "lgamma",
    "logarithm of the gamma function",
    "d/du ln Γ(u) = ψ(u)",
    lambda g, u, out: [g.apply(DIGAMMA, u[0])],
    sympy=lambda sp, u: sp.loggamma(u),
    numpy=lambda np, u: _by_torch("lgamma", np, u),
    domain="u > 0",
    roundings=16,
    # It is 0 at 1 and 2, as a difference of larger numbers.
    scale=lambda np, u: 1 + np.abs(u * np.log(np.abs(u))) + np.abs(np.log(np.abs(u))),
)
GAMMA = add(
    "gamma",
    "gamma function",
    "d/du Γ(u) = Γ(u) ψ(u)",
    lambda g, u, out: [g.product(out, g.apply(DIGAMMA, u[0]))],
    numpy=lambda np, u: np.vectorize(_gamma_or_pole, otypes=[float])(u).astype(u.dtype, copy=False),
    torch=lambda torch, u: _sign_of_gamma(torch, u) * torch.exp(torch.lgamma(u)),
    domain="u not a whole number below 1",
    roundings=64,
)
