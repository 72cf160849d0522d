"""What other units of the inputs, or of the components, would do to the condition number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

from gradlab.descent.second_derivatives import written_out

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@dataclass(frozen=True, eq=False)
class Rescaling:
    """What other units would do: the condition number as it is, and after.

    inputs: the names of the data that were standardised: each column less its mean, over its standard deviation.
    standardised: the condition number then; None where no data enter the Hessian.
    scaled: the condition number where each component is measured in units of 1/√H_ii instead, which for a linear model
        is to divide each column of its inputs by its root mean square; None where an H_ii is not positive. No other
        units, component by component, are better by more than the number of components (van der Sluis, *Numer. Math.*
        14 (1969), 14-23).
    """

    condition: float
    inputs: tuple[str, ...]
    standardised: float | None
    scaled: float | None

    def text(self) -> str:
        """Return it in words, line by line."""
        said = [f"the condition number is {self.condition:.4g}"]
        if self.standardised is not None:
            said.append(f"with {' and '.join(self.inputs)} standardised it would be {self.standardised:.4g}")
        if self.scaled is not None:
            said.append(f"with each component in units of 1/√H_ii it would be {self.scaled:.4g}")
        return "\n".join(said)

    def __repr__(self) -> str:
        return self.text()


def rescaling(f: Any, at: Any, inputs: Sequence[str] | None = None) -> Rescaling:
    """Return what standardising the inputs would do to the condition number of the Hessian of *f* at a point.

    inputs: names of data to standardise; if None, the arrays that enter the Hessian: in a mean of squares of a linear
        model these are the inputs, and the targets are not among them.
    The point keeps its numbers, so that for a function that is not quadratic it is another point of another function.
    Raises NoFormulaError where f has no formula, ValueError for a name that is no data of f.

    >>> import numpy as np
    >>> time, speed = np.arange(20.0), np.arange(20.0)
    >>> rescaling(lambda a, b: np.mean((a*time + b - speed)**2), {"a": 0.0, "b": 0.0})
    the condition number is 464.2
    with time standardised it would be 1
    with each component in units of 1/√H_ii it would be 12.78
    """
    import numpy as np

    from gradlab.sources import at_point
    from gradlab.symbolic import derive

    function, point = at_point(f, at)
    derivation = derive(function)
    matrix = written_out(derivation, point).matrix
    used = derivation.second.depends_on(list(function.data))
    chosen = tuple(used if inputs is None else inputs)
    unknown = [name for name in chosen if name not in function.data]
    if unknown:
        known = ", ".join(function.data) or "none"
        raise ValueError(f"inputs names {unknown[0]!r}; the data of {function.signature} are {known}")
    chosen = tuple(name for name in chosen if np.ndim(function.data[name]))
    moved: float | None = None
    if chosen:
        data = {**function.data, **{name: standardised(function.data[name]) for name in chosen}}
        moved = _condition(written_out(replace(derivation, function=replace(function, data=data)), point).matrix)
    diagonal = np.diag(matrix)
    scaled = None
    if (diagonal > 0).all():
        units = 1 / np.sqrt(diagonal)
        scaled = _condition(matrix * units * units[:, None])
    return Rescaling(_condition(matrix), chosen, moved, scaled)


def standardised(array: Array) -> Array:
    """Return each column less its mean, over its standard deviation; a constant column stays as it is.

    >>> import numpy as np
    >>> standardised(np.array([[1.0, 1.0], [3.0, 1.0]]))
    array([[-1.,  1.],
           [ 1.,  1.]])
    """
    import numpy as np

    mean, spread = array.mean(axis=0), array.std(axis=0)
    constant = spread <= 1e-12 * np.abs(array).max(axis=0, initial=0.0)
    return np.where(constant, array, (array - mean) / np.where(constant, 1.0, spread))


def _condition(matrix: Array) -> float:
    import numpy as np

    values = np.linalg.eigvalsh(matrix)
    noise = 8 * len(values) * np.finfo(float).eps * np.abs(matrix).sum(axis=1).max()
    return float(values[-1] / values[0]) if values[0] > noise else inf
