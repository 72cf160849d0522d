"""Why a run went as it did: along each eigenvector of the Hessian, what a step should do and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.descent.contraction import factor, largest_rate
from gradlab.descent.curvature import (
    WHOLE,
    Spectrum,
    factor_in_words,
    in_words,
    spectrum,
)
from gradlab.descent.optimizers import GradientDescent
from gradlab.descent.scaling import Rescaling, rescaling
from gradlab.descent.signs import averaged_over
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import GradlabError, NoFormulaError
from gradlab.graph import Function
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_FAINT = 1e-9
"""A component of the gradient this much smaller than the largest it had is rounding noise."""

_SHOWN = 8
"""Directions that are shown: the extremes, where there are more."""


HEAD = ("along", "curvature", "predicted", "observed")
"""What stands above the cells of a direction."""


@dataclass(frozen=True, eq=False)
class Direction:
    """One eigenvector of the Hessian and the error along it.

    eigenvalue, vector: which it is.  labels: the names of the vector's components.
    predicted: what the rule's step multiplies the error by on the quadratic; None where the step is not linear.
    observed: what it did, at the end of the run; None where only noise was left, or the run was too short.
    components: shape (points,), the gradient along it at each point; the error there is this over the eigenvalue.
    """

    eigenvalue: float
    vector: Array
    labels: tuple[str, ...]
    predicted: complex | None
    observed: float | None
    components: Array

    @property
    def words(self) -> str:
        """The vector as a sum of its largest components."""
        return in_words(self.vector, self.labels)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The words, the curvature, and what a step was to multiply the error by and what it did."""
        if self.predicted is None:
            predicted = "not linear"
        elif abs(self.predicted.imag) > 1e-9 * abs(self.predicted):
            predicted = f"{factor_in_words(abs(self.predicted))}, circling"
        else:
            predicted = factor_in_words(self.predicted.real)
        observed = "" if self.observed is None else factor_in_words(self.observed)
        return self.words, f"{self.eigenvalue:.6g}", predicted, observed


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the rate did in one run, and why.

    diagnosis: the run's own line.  spectrum: the curvature at *where*, the start or the end of the run.
    directions: one for each eigenvalue that was found, from the smallest.
    rate: the rule's fixed rate.  limit: the largest stable one for that rule.  Each None where there is none.
    rescaling: what other units would do; None where the function has no formula or too many components.
    notes: what could not be said, and why.
    """

    run: Trajectory
    diagnosis: str
    where: str
    spectrum: Spectrum | None
    directions: tuple[Direction, ...]
    rate: float | None
    limit: float | None
    rescaling: Rescaling | None
    notes: tuple[str, ...]

    def plot(self, ax: Any = None) -> Any:
        """Return the picture of the error along each direction; see `gradlab.plots.directions`."""
        from importlib import import_module

        return import_module("gradlab.plots").directions(self, ax=ax)

    def text(self) -> str:
        """Return it in words, with a table of the directions."""
        lines = [self.diagnosis]
        if self.spectrum is not None:
            said = self.spectrum.text().splitlines()
            if self.limit is not None and not isinstance(self.run.rule, GradientDescent):
                said.append(f"{self.run.rule} is stable below {self.limit:.4g}")
            lines += ["", f"curvature at the {self.where}:", *(f"  {line}" for line in said)]
        if self.directions:
            lines += ["", "one step multiplies the error", *(f"  {line}" for line in self._table())]
        if self.rescaling is not None:
            lines += ["", self.rescaling.text()]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _table(self) -> list[str]:
        rows = [HEAD, *(each.cells for each in self._shown())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        if len(self.directions) > _SHOWN:
            lines.insert(1 + _SHOWN // 2, "…")
        return lines

    def _shown(self) -> tuple[Direction, ...]:
        half = _SHOWN // 2
        return self.directions if len(self.directions) <= _SHOWN else self.directions[:half] + self.directions[-half:]

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data, for JSON."""
        found = self.spectrum
        return {
            "diagnosis": self.diagnosis,
            "where": self.where,
            "eigenvalues": None if found is None else found.eigenvalues.tolist(),
            "rate": self.rate,
            "limit": self.limit,
            "best_rate": None if found is None else found.best_rate,
            "condition": None if found is None or found.condition == float("inf") else found.condition,
            "directions": [
                {
                    "along": each.words,
                    "curvature": each.eigenvalue,
                    "predicted": None if each.predicted is None else [each.predicted.real, each.predicted.imag],
                    "observed": each.observed,
                }
                for each in self.directions
            ],
            "rescaling": None if self.rescaling is None else self.rescaling.text(),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return self.text()


@explains_misuse
def explain(
    run: Trajectory, *, data: Mapping[str, Any] | None = None, inputs: Sequence[str] | None = None
) -> Explanation:
    """Return why a run went as it did, from the curvature of its function.

    data: all examples, by the names of the function's variables, where they came to the run in batches: it is the
        function of all of them that is looked at.
    inputs: names of the data to standardise in `Explanation.rescaling`; see `gradlab.descent.scaling.rescaling`.
    The curvature is that at the end of the run, and at its lowest point if it diverged.  Up to 32 components the whole
    Hessian is used, beyond that its two extreme eigenvalues.
    Raises TypeError for what is no trajectory.

    >>> from gradlab.descent import GradientDescent, descend
    >>> explain(descend("x**2/2 + 5*y**2", {"x": 3.0, "y": 1.0}, rule=GradientDescent(0.19), steps=20))
    bouncing: the gradient changed sign in 20 of 20 steps, while the loss fell from 9.5 to 0.0748875 in 20 steps; \
each step multiplies the error along y by -0.9, so that it changes sides every time; 2/(λ_min + λ_max) = 0.182 is the \
best rate
    <BLANKLINE>
    curvature at the end:
      λ_min = 1 along x
      λ_max = 10 along y
      gradient descent is stable below 2/λ_max = 0.2
      its best fixed rate is 2/(λ_min + λ_max) = 0.1818: a step then multiplies the error by at most 0.818
      condition number λ_max/λ_min = 10
      from the closed form λ_1 = 1, λ_2 = 10; the same everywhere
    <BLANKLINE>
    one step multiplies the error
      along  curvature  predicted  observed
      x      1          0.81       0.81
      y      10         -0.9       -0.9
    <BLANKLINE>
    the condition number is 10
    with each component in units of 1/√H_ii it would be 1
    """
    _check(run)
    function = _whole(run, data)
    place = _place(run)
    where = "start" if place == 0 else "end" if place == len(run.losses) - 1 else "lowest point"
    notes: list[str] = []
    found = _curvature(run, function, place, notes)
    rate = getattr(run.rule, "rate", None)
    rate = rate if isinstance(rate, float) else None
    directions: tuple[Direction, ...] = ()
    limit = None
    if found is not None and run.rule is not None:
        directions = tuple(_direction(run, found, which) for which in range(len(found.eigenvalues)))
        limit = largest_rate(run.rule, found.largest)
        if limit is None and found.largest > 0:
            notes.append(
                f"no largest stable rate is stated for {type(run.rule).__name__}: "
                "its step is not linear in the gradient, or changes on the way"
            )
    return Explanation(
        run,
        run.diagnosis,
        where,
        found,
        directions,
        rate,
        limit,
        _rescaled(run, function, place, inputs, notes),
        tuple(notes),
    )


def _check(run: Any) -> None:
    if not isinstance(run, Trajectory):
        raise TypeError(f"explain takes the trajectory that descend returns, not {run!r:.60}")


def _place(run: Trajectory) -> int:
    """Return which point to look at: the last, or of a run that diverged the lowest."""
    import numpy as np

    if not run.diagnosis.startswith("diverging"):
        return len(run.losses) - 1
    return int(np.argmin(np.where(np.isfinite(run.losses), run.losses, np.inf)))


def _whole(run: Trajectory, data: Mapping[str, Any] | None) -> Function | None:
    """Return the function of the variables that moved, with *data* bound."""
    from gradlab.sources import as_function, at_point

    if run.function is None or not data:
        return run.function
    return at_point(as_function(run.function, data=data), run.points[0])[0]


def _curvature(run: Trajectory, function: Function | None, place: int, notes: list[str]) -> Spectrum | None:
    if function is None:
        notes.append("the run was loaded without its function, so its curvature is not known")
        return None
    open_to = [name for name in function.variables if name not in run.variables]
    if open_to:
        given = ", ".join(f"{name!r}: …" for name in open_to)
        notes.append(
            f"the curvature depends on {', '.join(open_to)}, which came in batches; "
            f"write explain(run, data={{{given}}})"
        )
        return None
    try:
        return spectrum(function, run.points[place])
    except GradlabError as error:
        notes.append(f"no curvature: {error}")
        return None


def _rescaled(
    run: Trajectory, function: Function | None, place: int, inputs: Sequence[str] | None, notes: list[str]
) -> Rescaling | None:
    if function is None or function.output is None or run.points.layout.size > WHOLE:
        return None
    if any(name not in run.variables for name in function.variables):
        return None
    try:
        return rescaling(function, run.points[place], inputs)
    except NoFormulaError:
        return None
    except GradlabError as error:
        notes.append(f"what other units would do is not known: {error}")
        return None


def _direction(run: Trajectory, found: Spectrum, which: int) -> Direction:
    value, vector = float(found.eigenvalues[which]), found.directions[:, which]
    assert run.rule is not None
    components = run.gradients.rows @ vector
    heard = _heard(components, run.gradient_norms)
    predicted = factor(run.rule, value)
    turning = predicted is not None and abs(predicted.imag) > 1e-9 * abs(predicted)
    # From one mini-batch to the next a component of the gradient jumps, whatever the step did.
    observed = _observed(components[:heard], turning=turning) if run.places is None else None
    return Direction(value, vector, found.labels, predicted, observed, components)


def _heard(components: Array, lengths: Array) -> int:
    """Return how many points pass before a component of the gradient is lost in rounding noise."""
    import numpy as np

    sizes = np.abs(components)
    with np.errstate(all="ignore"):
        faint = ~(sizes > _FAINT * np.maximum(np.maximum.accumulate(sizes), lengths / 10))
    silent = np.flatnonzero(faint | ~np.isfinite(sizes))
    return int(silent[0]) if len(silent) else len(sizes)


def _observed(components: Array, *, turning: bool) -> float | None:
    """Return what a step multiplies a component of the gradient by, over the last of these points.

    turning: whether it circles. Its peaks then shrink by the factor, from one quarter of the run to the next.
    """
    import numpy as np

    count, sizes = len(components), np.abs(components)
    if turning:
        quarter = count // 4
        if quarter < 2:
            return None
        later, before = sizes[count - quarter :].max(), sizes[count - 2 * quarter : count - quarter].max()
        return float(later / before) ** (1 / quarter)
    if count < 2:
        return None
    back = averaged_over(count)
    ratio = float(sizes[-1] / sizes[-1 - back]) ** (1 / back)
    return ratio if (components[-1] > 0) == (components[-2] > 0) else -ratio
