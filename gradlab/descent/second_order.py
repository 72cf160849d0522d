"""Rules that step by the curvature: siblings of those in `optimizers`, with the same two methods.

They have a ground, what the function is like beyond its gradient, which `descend` gives them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlab.descent.ground import Ground
from gradlab.descent.optimizers import State, Vector
from gradlab.descent.settings import not_negative, positive
from gradlab.errors import GradlabError
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_SMALLEST = 1e-10
"""Eigenvalues below this fraction of the largest are taken for it: a step along them would be rounding, magnified."""


@explains_misuse
@dataclass(frozen=True)
class Newton:
    """To the minimum of the parabola that fits: x_{k+1} = x_k - rate H^{-1} g, with the Hessian H = ∇²f(x_k).

    rate: the fraction of the way, 1 all of it.
    descending: take |λ| for each eigenvalue λ of H, so that every step leads down; False is the plain method, which
        goes to saddles and maxima too. In both a direction without curvature is left out.
    Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), section 3.3, and 3.4 for the eigenvalues.
    Raises NoFormulaError, in a run, where f has no formula for its Hessian; GradlabError where the Hessian is zero.

    >>> from gradlab import descend
    >>> descend("(x - 1)^2 + 100 (y - 2)^2", {"x": 5.0, "y": 5.0}, rule=Newton(), steps=1).points[-1]
    {'x': array(1.), 'y': array(2.)}
    """

    rate: float = 1.0
    descending: bool = True
    ground: Ground | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", positive("Newton", "rate", self.rate))

    def initial(self, x: Vector) -> State:
        return ()

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        ground = grounded(self)
        row = ground.row(x)
        way = _solved(ground.hessian(row), ground.row(gradient), row, descending=self.descending)
        return ground.vector(row - self.rate * way), state


@explains_misuse
@dataclass(frozen=True)
class GaussNewton:
    """Newton's step for f = Σ_j c_j Σ r_j², from first derivatives: x_{k+1} = x_k - rate (H + damping 1)^{-1} g with
    H = Σ_j 2 c_j J_j^T J_j and the Jacobians J_j of the residuals r_j.

    The residuals are found in the formula of f. damping: 0 is Gauss-Newton's step, more is Levenberg's, shorter and
    nearer to the gradient.
    Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), section 10.3.
    Raises GradlabError, in a run, where f is not written as a sum of squares.

    >>> from gradlab import descend
    >>> run = descend("(a - 1)^2 + 100 (b - a^2)^2", {"a": -1.2, "b": 1.0}, rule=GaussNewton(), steps=2)
    >>> run.points[-1], bool(run.losses[-1] < 1e-20)
    ({'a': array(1.), 'b': array(1.)}, True)
    """

    rate: float = 1.0
    damping: float = 0.0
    ground: Ground | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", positive("GaussNewton", "rate", self.rate))
        object.__setattr__(self, "damping", not_negative("GaussNewton", "damping", self.damping))

    def initial(self, x: Vector) -> State:
        return ()

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        import numpy as np

        ground = grounded(self)
        row = ground.row(x)
        curvature = ground.gauss_newton(row) + self.damping * np.eye(len(row))
        return ground.vector(row - self.rate * _solved(curvature, ground.row(gradient), row, descending=True)), state


def grounded(rule: object) -> Ground:
    """Return the ground of a rule; raises TypeError where it was not given one."""
    ground = getattr(rule, "ground", None)
    if ground is None:
        raise TypeError(f"{rule!r} has to know the function, not only its gradient: let descend(…, rule={rule!r}) step")
    return ground


def _solved(hessian: Array, gradient: Array, row: Array, *, descending: bool) -> Array:
    """Return H^{-1} g in the directions that have curvature; the others are left out."""
    import numpy as np

    if not np.isfinite(hessian).all():
        return np.full_like(gradient, np.nan)
    eigenvalues, directions = np.linalg.eigh(hessian)
    sizes = np.abs(eigenvalues)
    curved = sizes > _SMALLEST * sizes.max()
    if not curved.any():
        raise GradlabError("the Hessian is zero here, so that there is no parabola to go to the minimum of")
    taken = sizes if descending else eigenvalues
    inverse = np.divide(1.0, taken, out=np.zeros_like(taken), where=curved)
    return directions @ (inverse * (directions.T @ gradient))
