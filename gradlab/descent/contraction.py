"""What one step does to the error along one eigenvector, for any rule whose step is linear there.

On λ x²/2 the gradient is λ x, and a rule that only adds and scales takes (x, what it remembers) to a matrix times the
same: gradient descent to the number 1 - rate λ; momentum to a 2×2 matrix, the companion of
z² - (1 + β - rate λ) z + β, whose eigenvalues may be complex, an error that circles while it shrinks by √β (Polyak,
*USSR Comput. Math. Math. Phys.* 4 (1964), 1-17; Goh, "Why Momentum Really Works", Distill 2017).
Adam divides by the gradient's own size: its step is not linear, no such matrix exists, and none is made up.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

from gradlab.descent.optimizers import Rule

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_SETTLED = (2, 7)
"""Steps after which the matrix is read: a rule whose matrix changes between them has no single one."""


def step_matrix(rule: Rule, eigenvalue: float) -> Array | None:
    """Return the matrix of one step on λ x²/2, from (x, memory) to (x, memory); None where the step is not linear.

    It is read off the rule itself: its columns are where the unit vectors go.

    >>> from gradlab.descent import GradientDescent
    >>> step_matrix(GradientDescent(rate=0.5), 3.0)
    array([[-0.5]])
    """
    import numpy as np

    if not isinstance(getattr(rule, "rate", 1.0), float):  # a schedule
        return None
    try:
        with np.errstate(all="ignore"):
            first, second = (_matrix(rule, eigenvalue, steps) for steps in _SETTLED)
    except (TypeError, ValueError, AttributeError, ArithmeticError):  # a rule that needs more than a gradient
        return None
    if first is None or second is None or first.shape != second.shape:
        return None
    return second if np.allclose(first, second, rtol=1e-9, atol=1e-12) else None


def _matrix(rule: Rule, eigenvalue: float, steps: int) -> Array | None:
    import numpy as np

    x, state = np.ones(1), rule.initial(np.ones(1))
    for _ in range(steps):
        x, state = rule.step(x, eigenvalue * x / max(1.0, float(np.abs(x[0]))), state)
    places = [place for place, part in enumerate(state) if isinstance(part, np.ndarray)]

    def moved(vector: Array) -> Array:
        given: list[Any] = list(state)
        for entry, place in enumerate(places):
            given[place] = vector[entry + 1 : entry + 2]
        at = vector[:1]
        to, kept = rule.step(at, eigenvalue * at, tuple(given))
        return np.concatenate([np.ravel(to), *(np.ravel(kept[place]) for place in places)])

    size = 1 + len(places)
    matrix = np.stack([moved(unit) for unit in np.eye(size)], axis=1)
    trial = np.linspace(-1.3, 2.7, size) if size > 1 else np.array([-2.7])
    return matrix if np.allclose(moved(trial), matrix @ trial, rtol=1e-9, atol=1e-12) else None


def factor(rule: Rule, eigenvalue: float) -> complex | None:
    """Return the eigenvalue of largest modulus of the step's matrix: what a step multiplies the error by in the end.

    A real number, as 1 - rate λ for gradient descent, comes with no imaginary part; None where the step is not linear.

    >>> from gradlab.descent import GradientDescent
    >>> factor(GradientDescent(rate=0.75), 2.0)
    (-0.5+0j)
    """
    import numpy as np

    matrix = step_matrix(rule, eigenvalue)
    if matrix is None:
        return None
    found = np.linalg.eigvals(matrix).astype(complex)
    return complex(found[np.argmax(np.abs(found))])


def largest_rate(rule: Rule, eigenvalue: float) -> float | None:
    """Return the rate above which steps of *rule* along an eigenvector of λ = *eigenvalue* > 0 grow.

    2/λ for gradient descent, 2 (1 + β)/λ for momentum; None where no such limit can be stated, as for Adam.

    >>> from gradlab.descent import GradientDescent
    >>> largest_rate(GradientDescent(rate=1.0), 4.0)
    0.5
    """
    written: Any = rule  # a dataclass, if it has a rate
    if not isinstance(getattr(rule, "rate", None), float) or not 0 < eigenvalue < inf:
        return None

    def grows(rate: float) -> bool | None:
        found = factor(replace(written, rate=rate), eigenvalue)
        return None if found is None else abs(found) > 1 + 1e-12

    low, high = 1e-3 / eigenvalue, 1e3 / eigenvalue
    if grows(low) is not False or not grows(high):
        return None
    while high > low * (1 + 1e-13):
        middle = sqrt(low) * sqrt(high)
        if not low < middle < high:
            break
        low, high = (low, middle) if grows(middle) else (middle, high)
    return float(f"{high:.12g}")
