"""Powers, quotients and roots."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from gradlab.graph.operations.exponentials import LOG
from gradlab.graph.operations.operation import Operation, add, family
from gradlab.graph.rules import rule
from gradlab.graph.sizes import Coefficient
from gradlab.graph.writing import Printer, Shown

_POWER = rule("power rule", "d/du u^n = n u^(n-1)")
_NEGATIVE_POWER = rule("power rule, negative exponent", "d/du u^n = n u^(n-1)", "u ≠ 0")
_FRACTIONAL_POWER = rule("power rule, fractional exponent", "d/du u^n = n u^(n-1)", "u > 0")


@family
def power(exponent: Fraction) -> Operation:
    """Return the operation that raises to the constant *exponent*.

    >>> power(Fraction(2)).rule.name, power(Fraction(2)) is power(Fraction(2))
    ('power rule', True)
    """
    whole = exponent.denominator == 1
    # NumPy refuses an integer array to a negative power; a Python int exponent keeps x**2 exact and fast.
    number: int | float = int(exponent) if whole else float(exponent)

    def ball(flint: Any, u: Any) -> Any:
        return _whole_power(u, int(exponent)) if whole else u ** flint.arb(flint.fmpq(*exponent.as_integer_ratio()))

    def write(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
        above = Shown(str(exponent)) if whole else printer.number(Coefficient(exponent))
        return printer.power(u[0], above, elementwise=elementwise)

    return Operation(
        name=f"power {exponent}",
        arity=1,
        rule=_FRACTIONAL_POWER if not whole else _POWER if exponent >= 0 else _NEGATIVE_POWER,
        sympy=lambda sp, u: u ** sp.Rational(*exponent.as_integer_ratio()),
        numpy=lambda np, u: u**number,
        torch=lambda torch, u: u**number,
        ball=ball,
        partials=lambda g, u, out: [g.scale_by(exponent, g.raised(u[0], exponent - 1))],
        domain="" if whole and exponent >= 0 else "u ≠ 0" if whole else "u ≥ 0" if exponent > 0 else "u > 0",
        number=exponent,
        write=write,
    )


def _whole_power(u: Any, exponent: int) -> Any:
    """Return a whole power of a ball, by squaring: python-flint's is no number where the ball holds 0.

    >>> import flint
    >>> _whole_power(flint.arb(0, 1), 3).is_finite(), _whole_power(flint.arb(2), -2) == 0.25
    (True, True)
    """
    if exponent < 0:
        return 1 / _whole_power(u, -exponent)
    holds = getattr(u, "contains", None)  # a power series has its own power, and knows nothing of balls
    if holds is None or not holds(0):
        return u**exponent
    found, square = u**0, u
    while exponent:
        found = found * square if exponent % 2 else found
        square, exponent = square * square, exponent // 2
    return found


def exponent_of(operation: Operation) -> Fraction | None:
    """Return the exponent of a constant power, None for any other operation."""
    exponent = operation.number
    return exponent if exponent is not None and operation is power(exponent) else None


def _write_quotient(printer: Printer, u: Sequence[Shown], elementwise: bool) -> Shown:
    # 1/v stays a fraction for arrays too: there is nothing else it could mean.
    scalar_above = u[0].written == "1"
    return printer.hadamard(u, "⊘") if elementwise and not scalar_above else printer.fraction(u[0], u[1])


DIVIDE = add(
    "divide",
    "quotient rule",
    "d(u/v) = (v du - u dv) / v^2",
    lambda g, u, out: [g.reciprocal(u[1]), g.negative(g.quotient(out, u[1]))],
    arity=2,
    sympy=lambda sp, u, v: u / v,
    torch=lambda torch, u, v: torch.true_divide(u, v),
    ball=lambda flint, u, v: u / v,
    domain="v ≠ 0",
    write=_write_quotient,
)
GENERAL_POWER = add(
    "general power",
    "general power rule",
    "d(u^v) = v u^(v-1) du + u^v ln(u) dv",
    lambda g, u, out: [
        g.product(u[1], g.apply(GENERAL_POWER, u[0], g.add(u[1], g.number(-1, u[1].axes)))),
        g.product(out, g.apply(LOG, u[0])),
    ],
    arity=2,
    sympy=lambda sp, u, v: u**v,
    numpy=lambda np, u, v: np.power(u, v),
    torch=lambda torch, u, v: torch.pow(u, v),
    ball=lambda flint, u, v: u**v,
    domain="u > 0",
    write=lambda printer, u, elementwise: printer.power(u[0], u[1], elementwise=elementwise),
)
SQRT = add(
    "sqrt",
    "square root",
    "d/du √u = 1 / (2 √u)",
    lambda g, u, out: [g.reciprocal(g.scale_by(2, out))],
    domain="u ≥ 0",
    where="u > 0",
    write=lambda printer, u, elementwise: printer.root(u[0]),
)


def _cube_root_ball(flint: Any, u: Any) -> Any:
    # Arb takes roots of positive numbers only.
    return -((-u).root(3)) if u < 0 else u.root(3)


CBRT = add(
    "cbrt",
    "cube root",
    "d/du ∛u = 1 / (3 ∛u²)",
    lambda g, u, out: [g.reciprocal(g.scale_by(3, g.raised(out, 2)))],
    sympy=lambda sp, u: sp.sign(u) * sp.Abs(u) ** sp.Rational(1, 3),
    torch=lambda torch, u: torch.sign(u) * torch.abs(u) ** (1 / 3),
    ball=_cube_root_ball,
    where="u ≠ 0",
)
HYPOT = add(
    "hypot",
    "length of a pair",
    "d √(u² + v²) = (u du + v dv) / √(u² + v²)",
    lambda g, u, out: [g.quotient(u[0], out), g.quotient(u[1], out)],
    arity=2,
    sympy=lambda sp, u, v: sp.sqrt(u**2 + v**2),
    ball=lambda flint, u, v: (u * u + v * v).sqrt(),
    where="u ≠ 0 or v ≠ 0",
)
