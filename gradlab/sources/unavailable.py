"""Functions that people write and that have no rule here, each with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

_BESSEL = "Bessel functions have no rule; as_function(f, opaque=True) takes one as a Python function"
_INTEGRAL = "work the integral out first, and write the result"

INSTEAD: Mapping[str, str] = {
    "acot": "it has two meanings where x < 0; write atan(1/x) or pi/2 - atan(x)",
    "tg": "write tan",
    "ctg": "write cot",
    "arctg": "write atan",
    "sinc": "write sin(x)/x, or sin(pi x)/(pi x) as NumPy means it",
    "factorial": "write gamma(n + 1) for the factorial of n",
    "binomial": "write gamma(n + 1)/(gamma(k + 1) gamma(n - k + 1)) for n over k",
    "erfinv": "it has no rule; write the equation the other way round, with erf",
    "diracdelta": "it is no function of a number; write where(|x| < 1/2, 1, 0) for a narrow peak",
    "product": "write the factors out, with * between them",
    "prod": "write the factors out, with * between them",
    "integrate": _INTEGRAL,
    "integral": _INTEGRAL,
    "diff": "write the function alone; derive(f) differentiates it",
    "derivative": "write the function alone; derive(f) differentiates it",
    "limit": "write the function alone; a limit is no part of a formula",
    "argmax": "it picks a place, which has no derivative; write max(a, b) for the value",
    "argmin": "it picks a place, which has no derivative; write min(a, b) for the value",
    "if": "write where(x > 0, a, b), or piecewise((a, x > 0), (b, true))",
    **dict.fromkeys(("besselj", "bessely", "besseli", "besselk"), _BESSEL),
}
"""Name in small letters -> why it is not read and what to write."""
