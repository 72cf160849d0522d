"""The eigenvalues of a Hessian that decide what a learning rate does, and the directions that belong to them.

On a quadratic a step of gradient descent multiplies the error along the eigenvector of λ by 1 - rate λ, so that it
converges for 0 < rate < 2/λ_max, and fastest at 2/(λ_min + λ_max), where the extreme factors are equal and opposite
(Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), section 3.3; Polyak, *Introduction to Optimization*
(1987), section 1.4). Anything else looks like its own quadratic close by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any

from gradlab.descent.history import Layout
from gradlab.descent.krylov import lanczos
from gradlab.descent.second_derivatives import product_with, written_out
from gradlab.graph import Function, Point
from gradlab.graph.gradient import component_name
from gradlab.graph.kinds import Variable
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.symbolic import Derivation

WHOLE = 32
"""Components up to which the Hessian is written out: its eigenvalues then come all, with a proved bound."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of one Hessian, from the smallest to the largest, and their directions.

    at: the point.  labels: the names of the components, where the code gave them some: a, b, c = params.
    eigenvalues: shape (k,): all of them, or the two extremes where there are many components.
    directions: shape (components, k), unit vectors in columns.
    error: how far an eigenvalue may be from one of the Hessian's.
    method: how they were found, in words.  quadratic: whether the Hessian is the same everywhere.

    Where only the extremes were sought, the largest shown never exceeds λ_max but by the rounding of the products,
    and the smallest never undercuts λ_min: each lies within *error* of some eigenvalue (Parlett, *The Symmetric
    Eigenvalue Problem* (1998), theorem 4.5.1).
    """

    at: Point
    labels: tuple[str, ...]
    eigenvalues: Array
    directions: Array
    error: float
    method: str
    quadratic: bool

    @property
    def smallest(self) -> float:
        """λ_min."""
        return float(self.eigenvalues[0])

    @property
    def largest(self) -> float:
        """λ_max."""
        return float(self.eigenvalues[-1])

    @property
    def largest_rate(self) -> float:
        """2/λ_max, below which gradient descent converges on a quadratic; infinite where nothing curves upwards."""
        return 2 / self.largest if self.largest > 0 else inf

    @property
    def best_rate(self) -> float | None:
        """2/(λ_min + λ_max), the best fixed rate on a quadratic; None where it has no single minimum."""
        return 2 / (self.smallest + self.largest) if self.smallest > self.error else None

    @property
    def best_factor(self) -> float | None:
        """What a step at the best rate multiplies the error by at worst: (κ - 1)/(κ + 1); None as for the rate."""
        rate = self.best_rate
        return None if rate is None else 1 - rate * self.smallest

    @property
    def condition(self) -> float:
        """κ = λ_max/λ_min; infinite where the smallest cannot be told from zero or lies below it."""
        return self.largest / self.smallest if self.smallest > self.error else inf

    def factors(self, rate: float) -> Array:
        """Return 1 - rate λ for each eigenvalue: what one step of gradient descent multiplies the error by.

        >>> spectrum("x**2 + 3*y**2", {"x": 1.0, "y": 1.0}).factors(0.25)
        array([ 0.5, -0.5])
        """
        return 1 - rate * self.eigenvalues

    def along(self, place: int) -> str:
        """Return a direction in words, by its largest components: ``0.998 a + 0.064 b``."""
        return in_words(self.directions[:, place], self.labels)

    def text(self) -> str:
        """Return what the eigenvalues say of rates, line by line."""
        lines = [
            f"{name} = {value:.6g} along {self.along(place)}"
            for name, value, place in (("λ_min", self.smallest, 0), ("λ_max", self.largest, -1))
        ]
        if self.largest_rate < inf:
            lines.append(f"gradient descent is stable below 2/λ_max = {self.largest_rate:.4g}")
        if self.best_rate is not None and self.best_factor is not None:
            lines.append(
                f"its best fixed rate is 2/(λ_min + λ_max) = {self.best_rate:.4g}: "
                f"a step then multiplies the error by at most {factor_in_words(self.best_factor)}"
            )
            lines.append(f"condition number λ_max/λ_min = {self.condition:.6g}")
        elif self.smallest < -self.error:
            lines.append("λ_min is negative: along it the function curves downwards, and no rate converges")
        else:
            lines.append("λ_min cannot be told from 0: along it the function is flat, to second order")
        scope = "the same everywhere" if self.quadratic else f"at {self.at!r}" if len(self.labels) <= WHOLE else "here"
        return "\n".join([*lines, f"{self.method}; {scope}"])

    def __repr__(self) -> str:
        return self.text()


def in_words(direction: Array, labels: Sequence[str], most: int = 3) -> str:
    """Return a direction as a sum of its largest components, the very largest positive.

    >>> import numpy as np
    >>> in_words(np.array([-0.8, 0.6, 0.0]), ["a", "b", "c"])
    '0.8 a - 0.6 b'
    >>> in_words(np.full(100, 0.1), [f"w[{i}]" for i in range(100)])
    '0.1 w[0] + 0.1 w[1] + 0.1 w[2] + …'
    """
    import numpy as np

    sizes = np.abs(direction)
    order = np.argsort(-sizes, kind="stable")
    shown = [place for place in order[:most] if sizes[place] >= 0.01 * sizes[order[0]]]
    sign = 1.0 if direction[order[0]] >= 0 else -1.0
    if len(shown) == 1 and sizes[shown[0]] > 0.995:
        said = str(labels[shown[0]])
    else:
        terms = [(sign * float(direction[place]), labels[place]) for place in shown]
        said = "".join(
            f"{' - ' if value < 0 else ' + '}{abs(value):.3g} {label}" for value, label in terms
        ).removeprefix(" + ")
    left = float(np.sqrt(max(0.0, 1 - float((sizes[shown] ** 2).sum()))))
    return f"{said} + …" if left > 0.1 and len(shown) < len(labels) else said


def factor_in_words(value: float) -> str:
    """Return a factor with three digits, and where it is close to 1 with two digits of what is missing.

    >>> factor_in_words(-4.65432), factor_in_words(0.99984)
    ('-4.65', '0.99984')
    """
    if 0.9 <= abs(value) < 1:
        size = 1 - float(f"{1 - abs(value):.2g}")
        return f"{size if value > 0 else -size:.12g}" if size < 1 else f"{value:.0f}"
    return f"{value:.3g}"


# From a function ------------------------------------------------------------------------------------------


@explains_misuse
def spectrum(f: Any, at: Any, *, whole: int = WHOLE) -> Spectrum:
    """Return the eigenvalues of the Hessian of *f* at a point, with what they say of learning rates.

    f: anything that `gradlab.as_function` takes, with one number as its value.
    at: a mapping from variable name to value, or the bare value where there is one variable.
    whole: up to how many components the Hessian is written out and all eigenvalues found; beyond, the extremes come
        from products of the Hessian with vectors, by Lanczos' method.
    The Hessian is derived where f has a formula; else the products come from torch, by differentiating twice.
    Raises DomainError where the Hessian is not finite, NoFormulaError where neither way is open.

    >>> spectrum("x**2 + 3*y**2", {"x": 1.0, "y": 1.0})
    λ_min = 2 along x
    λ_max = 6 along y
    gradient descent is stable below 2/λ_max = 0.3333
    its best fixed rate is 2/(λ_min + λ_max) = 0.25: a step then multiplies the error by at most 0.5
    condition number λ_max/λ_min = 3
    from the closed form λ_1 = 2, λ_2 = 6; the same everywhere
    """
    from gradlab.sources import at_point

    function, point = at_point(f, at)
    layout = Layout({name: array.shape for name, array in point.items()})
    if layout.size == 0:
        raise ValueError(f"{function.signature} has no components, and so no curvature")
    if function.output is not None and layout.size <= whole:
        return _written_out(function, point, layout)
    product, how, quadratic = product_with(function, point, layout)
    values, vectors, residual, products = lanczos(product, layout.size)
    method = f"by Lanczos' method from {products} products of the Hessian with vectors, {how}"
    return Spectrum(point, _labels(function, layout), values, vectors, residual, method, quadratic)


def _written_out(function: Function, point: Point, layout: Layout) -> Spectrum:
    import numpy as np

    derivation = _derived(function)
    found = written_out(derivation, point)
    values, vectors = np.linalg.eigh(found.matrix)
    return Spectrum(point, _labels(function, layout), values, vectors, found.error, found.how, derivation.is_quadratic)


@lru_cache(maxsize=2)  # runs of one function, one after the other, need its Hessian derived once
def _derived(function: Function) -> Derivation:
    from gradlab.symbolic import derive

    return derive(function)


def _labels(function: Function, layout: Layout) -> tuple[str, ...]:
    """Return the name of each component: the one that the code gave it, ``a`` of ``a, b, c = params``, or by place."""
    import numpy as np

    from gradlab.graph.kinds import Index, Let
    from gradlab.graph.nodes import topological

    given: dict[tuple[str, Any], str] = {}
    for node in topological([function.output] if function.output is not None else []):
        if isinstance(node, Let) and node.names_an_input and isinstance(node.operands[0], Index) and not node.axes:
            whole = node.operands[0].operands[0]
            assert isinstance(whole, Variable)
            given.setdefault((whole.name, node.operands[0].selection), node.name)
    places = [(name, place) for name, shape in layout.shapes.items() for place in np.ndindex(shape)]
    called = tuple(given.get(place) or component_name(*place) for place in places)
    return called if len({*called}) == len(called) else tuple(component_name(*place) for place in places)
