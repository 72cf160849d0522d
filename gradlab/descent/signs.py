"""What the recorded gradients of a run say: whether they shrink, turn, grow, or cancel."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log
from typing import TYPE_CHECKING

from gradlab.descent import recording
from gradlab.descent.history import norms

if TYPE_CHECKING:
    from gradlab.descent.running import Run
    from gradlab.graph.point import Array

_ROUNDING = 1e-9
"""A gradient this much smaller than the largest before it is taken for rounding noise: 1e-9 is far above
what float64 leaves of a sum of a million terms, and far below what a picture or a person would see."""

_NOISE = 1e-12
"""A change of the loss by this fraction of it is taken for rounding noise."""

_CHANCE = 2.0
"""A mean gradient up to this many times longer, squared, than chance alone would leave it says nothing."""

_FEWEST = 20
"""Mini-batch gradients without which nothing is said of their mean."""


@dataclass(frozen=True)
class Signs:
    """What the gradients of a run say.

    active: how many points come before the gradient is rounding noise.  settled: whether it came to that.
    changes, pairs: how often successive gradients point against each other, of how many.
    shrink: what one step multiplies the gradient by, at the end; None where that cannot be said.
    """

    active: int
    settled: bool
    changes: int
    pairs: int
    shrink: float | None
    growing: bool
    bouncing: bool

    @property
    def more(self) -> float:
        """The number of steps that it would take to come 100 times closer."""
        if self.shrink is None or self.shrink <= 0:
            return 0.0
        return log(0.01) / log(self.shrink) if self.shrink < 1 else inf

    @staticmethod
    def of(run: Run, *, circling: bool = False) -> Signs:
        """Read the signs of a run whose gradients are those of the whole function.

        circling: whether its rule remembers a velocity. A loss that rises for a while is then no sign of anything:
        the point swings through the valley and back.
        """
        import numpy as np

        sizes, steps = norms(run.gradients), step_numbers(run)
        noise = np.flatnonzero(sizes <= _ROUNDING * np.maximum.accumulate(sizes))
        settled = bool(len(noise)) or run.ended == "flat"
        active = int(noise[0]) if len(noise) else len(sizes)
        cosines = cosines_of(run)[1:active]
        end = cosines[len(cosines) // 2 :]
        turning = len(end) > 0 and float((end < -0.5).mean()) > 0.5
        bouncing = turning or (not circling and _rises(run.losses[:active]) >= 0.2)
        shrink = _shrink(sizes[:active], steps[:active], circling=circling) if active > 1 else None
        growing = not settled and (_swings_out if circling else _grows)(run.losses)
        return Signs(active, settled, int((cosines < 0).sum()), len(cosines), shrink, growing, bouncing)


@dataclass(frozen=True)
class Drift:
    """What the mini-batch gradients of the last half of a run say together.

    count: of how many.  size: their length, as a root mean square.  mean: the length of their mean.
    chance: what that length would be if they pointed anywhere.
    losses: mean and standard deviation of their mini-batches' losses.  before: the mean of those of the first half.
    fall: how much of the loss the whole way was worth, by the mean of all gradients along it: what the losses of
        single batches say of it drowns in their noise.
    """

    count: int
    size: float
    mean: float
    chance: float
    losses: tuple[float, float]
    before: float
    fall: float

    @property
    def cancels(self) -> bool:
        """Whether the gradients leave no more than chance would: the run goes nowhere."""
        return self.count >= _FEWEST and self.mean**2 <= _CHANCE * self.chance**2

    @staticmethod
    def of(run: Run) -> Drift:
        """Read the last half of a run whose gradients are those of mini-batches."""
        import numpy as np

        half = len(run.losses) // 2
        gradients, losses = run.gradients[half:], run.losses[half:]
        mean = gradients.mean(axis=0)
        scatter = float(((gradients - mean) ** 2).sum(axis=1).mean())
        count = len(gradients)
        return Drift(
            count,
            float(np.sqrt((gradients**2).sum(axis=1).mean())),
            float(np.linalg.norm(mean)),
            float(np.sqrt(scatter / count)),
            (float(losses.mean()), float(losses.std())),
            float(run.losses[: max(half, 1)].mean()),
            float(run.gradients.mean(axis=0) @ (run.points[0] - run.points[-1])),
        )


def grew_through_noise(losses: Array) -> bool:
    """Return whether mini-batch losses of the last quarter lie well above those of the first, and above the start."""
    import numpy as np

    quarter = max(1, len(losses) // 4)
    first, last = (float(np.median(part)) for part in (losses[:quarter], losses[-quarter:]))
    return len(losses) > 4 and last > 2 * max(abs(first), abs(float(losses[0])))


def _shrink(sizes: Array, steps: Array, *, circling: bool) -> float:
    """Return what one step multiplies the gradient's length by, at the end of at least two points."""
    quarter = len(sizes) // 4
    if circling and quarter:
        # Between two swings the gradient grows; from one quarter to the next its peaks tell.
        later, before = float(sizes[-quarter:].max()), float(sizes[-2 * quarter : -quarter].max())
        return (later / before) ** (1 / float(steps[-1] - steps[-1 - quarter]))
    # The slowest direction shows last: the very last factor counts where it is nearer to 1 than their mean.
    return max(
        float(sizes[-1] / sizes[-1 - back]) ** (1 / float(steps[-1] - steps[-1 - back]))
        for back in (averaged_over(len(sizes)), 1)
    )


def averaged_over(points: int) -> int:
    """Return over how many of the last steps a factor is averaged: a quarter of them, at most 10."""
    return max(1, min(10, (points - 1) // 4))


def step_numbers(run: Run) -> Array:
    """Return the number of the step behind each record: 0, 1, 2, … unless the history was thinned."""
    import numpy as np

    return np.asarray(np.arange(len(run.losses)) if run.steps is None else run.steps, dtype=np.float64)


def cosines_of(run: Run) -> Array:
    """Return the cosine of each gradient with the one a step before; those that do not exist are left as nan."""
    return recording.cosines_of(run.gradients) if run.cosines is None else run.cosines


def _rises(losses: Array) -> float:
    """Return in how many of the last half's steps the loss rose, by more than rounding, as a fraction.

    Below the stable rate a quadratic never rises; a run that leaps about within bounds does so again and again.
    """
    import numpy as np

    end = losses[(len(losses) - 1) // 2 :]
    return float((np.diff(end) > _NOISE * np.abs(end).max()).mean()) if len(end) > 1 else 0.0


def _grows(losses: Array) -> bool:
    """Return whether the loss grows all along the last quarter of the run, by more than rounding."""
    import numpy as np

    back = max(1, ceil((len(losses) - 1) / 4))
    end = losses[-1 - back :]
    rises = float((np.diff(end) > 0).mean())
    return rises >= 0.8 and bool(end[-1] - end[0] > _NOISE * np.abs(end).max())


def _swings_out(losses: Array) -> bool:
    """Return whether the highest loss of the last quarter lies above every one before it."""
    back = max(1, ceil((len(losses) - 1) / 4))
    end, before = float(losses[-back:].max()), float(losses[:-back].max())
    return end - before > _NOISE * max(abs(end), abs(before))


def observed_curvature(points: Array, gradients: Array) -> float | None:
    """Return the largest curvature met along a step: the change of the gradient per change of the point.

    s·y / s·s for a step s and the gradient's change y is a Rayleigh quotient of the mean Hessian along the step:
    it never exceeds the largest eigenvalue.  None where no step is long enough for rounding not to matter.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        steps, changes = np.diff(points, axis=0), np.diff(gradients, axis=0)
        lengths = norms(steps)[:, None]
        quotients = ((steps / lengths) * (changes / lengths)).sum(axis=1)
        long = lengths[:, 0] > 1e-6 * norms(points[1:])
    usable = quotients[long & np.isfinite(quotients) & (quotients > 0)]
    return float(usable.max()) if len(usable) else None
