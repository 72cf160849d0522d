"""The error function and the normal distribution in NumPy, which has neither.

W. J. Cody, "Rational Chebyshev Approximations for the Error Function", Mathematics of Computation 23 (1969): with his
tables the error stays within 5 units in the last place, for whole arrays, and neither SciPy nor torch is loaded.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

HIGHEST = 1 / sqrt(2 * pi)
"""The normal density at 0."""

# Numerator and denominator of each approximation, the highest power first.
_NEAR = (  # erf(z) / z in z², up to z = 0.46875
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (  # e^(z²) erfc(z) in z, up to z = 4
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
_FAR = (  # z² (1/√π - z e^(z²) erfc(z)) in 1/z², beyond
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242,
        1.87295284992346047,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)
_SWITCH = 0.46875


def erf(np: Any, u: Any) -> Any:
    """Return the error function of each entry."""
    return _by_size(np, u, _erf_near, lambda np, z: 1 - _bell(np, z, 1.0) * _scaled(np, z), odd=True)


def erfc(np: Any, u: Any) -> Any:
    """Return 1 - erf of each entry, with all its digits where it is small."""
    return _by_size(np, u, lambda np, z: 1 - _erf_near(np, z), lambda np, z: _bell(np, z, 1.0) * _scaled(np, z), rest=2)


def normal_cdf(np: Any, u: Any) -> Any:
    """Return Φ of each entry, the share of the normal distribution below it."""

    def near(np: Any, u: Any) -> Any:
        return 0.5 - 0.5 * _erf_near(np, u / sqrt(2))

    # Φ(-u) = erfc(u/√2) / 2, and the exponent is formed from u itself: u/√2 is rounded.
    def far(np: Any, u: Any) -> Any:
        return _bell(np, u, 0.5) * _scaled(np, u / sqrt(2)) / 2

    return 1.0 * _by_size(np, -np.asarray(u), near, far, rest=1, switch=_SWITCH * sqrt(2))


def normal_density(np: Any, u: Any) -> Any:
    """Return φ of each entry, e^(-u²/2) / √(2π)."""
    values = np.abs(np.asarray(u))
    return (_bell(np, values.astype(np.float64), 0.5) * HIGHEST).astype(values.dtype)


def _by_size(
    np: Any, u: Any, near: Any, far: Any, *, odd: bool = False, rest: float = 0.0, switch: float = _SWITCH
) -> Any:
    """Return *near* of the entries close to 0, and *far* of the sizes of all others.

    For a negative entry the result is minus that of its size if *odd*, else *rest* less that.
    """
    given = np.asarray(u)
    if given.size == 1:  # Python's own numbers are ten times faster
        one = float(given.reshape(()))
        found = near(np, one) if abs(one) <= switch else far(np, abs(one))
        if one < -switch:
            found = -found if odd else rest - found
        return np.full(given.shape, found, dtype=given.dtype)
    flat = given.astype(np.float64).reshape(-1)
    size = np.abs(flat)
    result = np.empty_like(flat)
    inner = size <= switch
    result[inner] = near(np, flat[inner])
    outer = ~inner  # nan too, which stays nan
    found = far(np, size[outer])
    result[outer] = np.where(flat[outer] < 0, -found if odd else rest - found, found)
    return result.reshape(given.shape).astype(given.dtype, copy=False)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    total = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total


def _erf_near(np: Any, z: Any) -> Any:
    above, below = _NEAR
    return z * _polynomial(above, z * z) / _polynomial(below, z * z)


def _scaled(np: Any, z: Any) -> Any:
    """Return e^(z²) erfc(z) for z ≥ 0.46875."""
    if isinstance(z, float):
        return _scaled_middle(z) if z <= 4 else _scaled_far(z)
    result = np.empty_like(z)
    middle = z <= 4
    result[middle] = _scaled_middle(z[middle])
    result[~middle] = _scaled_far(z[~middle])
    return result


def _scaled_middle(z: Any) -> Any:
    return _polynomial(_MIDDLE[0], z) / _polynomial(_MIDDLE[1], z)


def _scaled_far(z: Any) -> Any:
    inverse = 1 / (z * z)
    rest = inverse * _polynomial(_FAR[0], inverse) / _polynomial(_FAR[1], inverse)
    return (1 / sqrt(pi) - rest) / z


def _bell(np: Any, z: Any, factor: float) -> Any:
    """Return e^(-factor z²) for z ≥ 0, its exponent in two parts: z² rounded would lose as many digits as it has."""
    coarse = np.trunc(np.minimum(z, 64.0) * 16) / 16
    return np.exp(-factor * coarse * coarse) * np.exp(-factor * (z - coarse) * (z + coarse))
