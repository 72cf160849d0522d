"""What a function is like around a point of a run: its curvature, and whether that leads to a minimum nearby."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gradlab.descent.curvature import WHOLE, Spectrum, spectrum
from gradlab.descent.history import Layout
from gradlab.errors import GradlabError
from gradlab.graph import Function

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_LEFT = 1 / 3
"""Newton's step leads to a stationary point where it leaves less than this part of the gradient: on a quadratic it
leaves nothing, on a quartic (2/3)³ = 0.30, and on the tail of an exponential 1/e = 0.37, however often repeated."""


@dataclass(frozen=True, eq=False)
class Place:
    """A point of a run and the curvature there.

    distance: to where the gradient would vanish if the function were its own quadratic, level directions left out.
    stationary: whether the gradient does nearly vanish there.
    """

    spectrum: Spectrum
    distance: float
    stationary: bool

    @property
    def curves_down(self) -> bool:
        """Whether some curvature is negative beyond doubt."""
        return self.spectrum.smallest < -self.spectrum.error

    @property
    def leads_down(self) -> bool:
        """Whether there is a minimum, as far as the curvature here tells."""
        return self.stationary and self.spectrum.smallest > self.spectrum.error


class Surroundings:
    """A function, to be asked for what is around a point; it answers None where it cannot say.

    Asked of functions with a formula of up to *most* components: a diagnosis has to come at once.
    """

    def __init__(self, function: Function | None, layout: Layout, most: int = WHOLE) -> None:
        usable = function is not None and function.output is not None and 0 < layout.size <= most
        self._function = function if usable else None
        self._layout = layout

    def spectrum(self, row: Array) -> Spectrum | None:
        """Return the eigenvalues of the Hessian at a flat vector."""
        import numpy as np

        if self._function is None:
            return None
        try:
            with np.errstate(all="ignore"):  # whatever overflows is found here, and then nothing is said
                found = spectrum(self._function, self._layout.unpacked(row))
        except (GradlabError, np.linalg.LinAlgError):  # not finite there, or without a rule for second derivatives
            return None
        return found if np.isfinite([*found.eigenvalues, found.error]).all() else None

    def where(self, row: Array, gradient: Array) -> Place | None:
        """Return what is around a flat vector, given the gradient there."""
        import numpy as np

        found = self.spectrum(row)
        if found is None:
            return None
        usable = np.abs(found.eigenvalues) > found.error
        along = found.directions.T @ gradient
        step = -np.where(usable, along / np.where(usable, found.eigenvalues, 1.0), 0.0)
        distance = float(np.linalg.norm(step))
        size = float(np.linalg.norm(gradient))
        left = self._gradient_size(row + found.directions @ step) if size > 0 else 0.0
        return Place(found, distance, size == 0 or (left is not None and left < _LEFT * size))

    def _gradient_size(self, row: Array) -> float | None:
        import numpy as np

        try:
            gradient = self._gradient.at(self._layout.unpacked(row))
        except GradlabError:
            return None
        return float(np.linalg.norm(self._layout.flat(gradient.partials)))

    @cached_property
    def _gradient(self):  # noqa: ANN202 - Derivation, which is loaded on use
        from gradlab.symbolic import derive

        return derive(self._function)
