"""Whether numbers are right: nearer to the derived ones than rounding could have taken an honest program.

There is no tolerance. An honest program computes the same in another order, which is as good as computing it exactly
from inputs that are off by a few roundings (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section
1.5). So the right outcome is computed once more from inputs moved a little, several times, at every step of a
loop, and how far it moves, scaled down to the size of a rounding, is what may be off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.grading.code.cases import Case
from gradlab.grading.code.kinds import Kind, Reference
from gradlab.graph.precision import DOUBLE

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Array = NDArray[Any]

SHAKES = 8
MOVED = 2.0**-36
"""By which part inputs are moved: far above rounding, and small enough for the outcome to follow in proportion."""

ROUNDINGS = 256
"""How many roundings an honest program may be off by, in the inputs or in its result."""

WIDEST = 1e-3
"""What may be off, as a part of the outcome, from which on right and wrong cannot be told apart."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The right outcome of a case, and how far off an honest program may be, of the same shapes."""

    values: Mapping[str, Array]
    allowed: Mapping[str, Array]

    @property
    def decides(self) -> bool:
        """Whether it is finite, and sharp enough to tell right from wrong."""
        import numpy as np

        for name, value in self.values.items():
            largest = float(np.max(np.abs(value), initial=0.0))
            if not np.isfinite(largest) or float(np.max(self.allowed[name], initial=0.0)) > WIDEST * max(
                largest, 1e-300
            ):
                return not value.size
        return True

    def apart(self, name: str, value: Array) -> float:
        """Return how far a value is off, in units of what is allowed; infinite where it is not finite."""
        import numpy as np

        right, allowed = self.values[name], self.allowed[name]
        if not right.size:
            return 0.0
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.abs(np.asarray(value, dtype=np.float64) - right) / allowed
        return float(np.max(np.where(np.isfinite(off), off, np.inf)))


def expected(kind: Kind, reference: Reference, case: Case, seed: int, bits: int = DOUBLE) -> Expected:
    """Return the right outcome of *case*.  bits: of the numbers that the submission computes with."""
    import numpy as np

    values = kind.run(reference, case, lambda array: array)
    generator = np.random.default_rng(seed)
    moved = {name: np.zeros(value.shape) for name, value in values.items()}
    for _ in range(SHAKES):
        shaken = kind.run(reference, case, lambda array: _moved(array, generator))
        for name, value in shaken.items():
            np.maximum(moved[name], np.abs(value - values[name]), out=moved[name])
    unit = 2.0**-bits
    allowed = {
        name: ROUNDINGS * unit * (reach / MOVED + np.max(np.abs(values[name]), initial=0.0)) + np.finfo(np.float64).tiny
        for name, reach in moved.items()
    }
    return Expected(values, allowed)


def _moved(array: Array, generator: Generator) -> Array:
    import numpy as np

    return array * (1 + MOVED * generator.uniform(-1, 1, np.shape(array)))
