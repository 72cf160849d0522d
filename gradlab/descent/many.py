"""A function and its derived gradient at many points at once, in one NumPy call."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from gradlab.descent.history import Layout
from gradlab.descent.repeating import Repeated
from gradlab.descent.second_derivatives import written_out
from gradlab.errors import GradlabError
from gradlab.graph import Function, Point

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_WRITTEN_OUT = 64
"""Components up to which a quadratic is stepped by its Hessian: one small product of matrices for all points."""


class ManyPoints:
    """The losses and the gradients of one function at rows of points, shape (points, components).

    What depends on data alone is computed once.  A quadratic is recognised: its gradient is then H (x - x_0) + ∇f(x_0),
    whatever the number of data points, and gradient descent on it is had in closed form.
    Raises NoFormulaError where there is no formula, GradlabError where the code decides by its values.
    """

    def __init__(self, function: Function, start: Point, layout: Layout) -> None:
        import numpy as np

        from gradlab.symbolic import derive

        derivation = derive(function)
        if function.guards:
            raise GradlabError(
                f"{function.signature} decides by its values: its formula holds for {function.guards[0]} alone, "
                "and many points cannot be computed as one"
            )
        self._layout = layout
        variables, sizes = function.nodes.values(), function.sizes(start)
        partials = [derivation.partials[name] for name in layout.shapes]
        self._loss = Repeated([derivation.output], function.data, sizes, variables)
        self._partials = Repeated(partials, function.data, sizes, variables)
        largest = max((np.size(array) for array in function.data.values()), default=1)
        self.together: int = max(1, 4_000_000 // max(largest, layout.size))
        """Points to compute at once: what lies between then fits into some hundred megabytes."""
        self._hessian: Array | None = None
        if layout.size <= _WRITTEN_OUT and derivation.is_quadratic:
            self._hessian = written_out(derivation, start).matrix
            self._origin = layout.flat(start)
            self._slope = self._gradients(self._origin[None])[0]

    @cached_property
    def _eigen(self) -> tuple[Array, Array] | None:
        import numpy as np

        return None if self._hessian is None else np.linalg.eigh(self._hessian)

    def descended(self, rows: Array, rates: Array, steps: int) -> Array | None:
        """Return where gradient descent takes each of *rows* at its rate, shape (points, 1); None if not a quadratic.

        Along an eigenvector of λ the gradient after j steps is (1 - rate λ)^j of the first, and the steps up to the
        k-th add up to (1 - (1 - rate λ)^k)/λ of it, to rate k of it where λ is 0.
        """
        import numpy as np

        if self._eigen is None:
            return None
        values, vectors = self._eigen
        with np.errstate(all="ignore"):  # to the power of a thousand, a factor above 1 leaves the finite numbers
            left = rates * values
            # Through logarithms, or of a factor near 1 nothing but rounding would be left; odd powers keep its sign.
            fading = -np.expm1(steps * np.log1p(-left))
            turning = 1 - (-1.0) ** steps * np.exp(steps * np.log(left - 1))
            sums = np.where(left < 1, fading, np.where(left > 1, turning, 1.0))
            sums = np.where(values == 0, rates * steps, sums / np.where(values == 0, 1.0, values))
            return rows - (sums * (self.gradients(rows) @ vectors)) @ vectors.T

    def losses(self, rows: Array) -> Array:
        """Return the loss at each of *rows*."""
        import numpy as np

        (found,) = self._loss(self._layout.unpacked(rows))
        return np.array(np.broadcast_to(found, (len(rows),)))

    def gradients(self, rows: Array) -> Array:
        """Return the gradient at each of *rows*, in their shape."""
        if self._hessian is not None:
            return (rows - self._origin) @ self._hessian + self._slope
        return self._gradients(rows)

    def _gradients(self, rows: Array) -> Array:
        import numpy as np

        parts = self._partials(self._layout.unpacked(rows))
        shapes = self._layout.shapes.values()
        wide = [np.broadcast_to(part, (len(rows), *shape)) for part, shape in zip(parts, shapes, strict=True)]
        return np.concatenate([part.reshape(len(rows), -1) for part in wide], axis=1)
