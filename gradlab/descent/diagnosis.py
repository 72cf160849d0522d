"""What the learning rate did, read from the recorded run.

On a quadratic with eigenvalues λ_i, a step multiplies the distance to the minimum along eigenvector i by
1 - rate λ_i (Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), section 3.3; Goh, "Why Momentum Really
Works", Distill 2017): below 0 the gradient changes sign at every step (bouncing), below -1 the distance grows
(diverging), just below 1 nothing much happens (too slow). Those three facts are looked for in the end of the
run, where the largest of the factors rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log
from typing import TYPE_CHECKING

from gradlab.descent.history import norms
from gradlab.descent.running import Run

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_ROUNDING = 1e-9
"""A gradient this much smaller than the largest before it is taken for rounding noise: 1e-9 is far above
what float64 leaves of a sum of a million terms, and far below what a picture or a person would see."""

_NOISE = 1e-12
"""A change of the loss by this fraction of it is taken for rounding noise."""

_PATIENCE = 10
"""Too slow: coming 100 times closer would take more than this many times the steps already taken, or the square
of this if fewer were taken: a run of two steps is not slow, it is short."""


def diagnose(run: Run, rate: float | None = None) -> str:
    """Return one line on how the run went, its label first: ``"diverging: the loss grew from …"``.

    rate: the learning rate, where the rule has one that is fixed; advice on it is then added.

    The labels: "converging", "too slow", "bouncing", "diverging"; "still falling" where the gradient does not
    shrink, so that no minimum is in sight; "flat" and "no step" where nothing moved.
    """
    if run.ended == "not finite":
        return f"diverging: {_diverging(run, rate)}"
    taken = len(run.losses) - 1
    if taken == 0:
        return _unmoved(run)
    signs = _Signs.of(run)
    if signs.growing:
        return f"diverging: {_diverging(run, rate)}"
    if signs.bouncing:
        return f"bouncing: {_bouncing(run, signs, rate)}"
    if signs.shrink is not None and signs.shrink >= 1:
        return f"still falling: {_fell(run)}, and the gradient does not shrink: no minimum is in sight"
    if signs.more > _PATIENCE * max(taken, _PATIENCE) and not signs.settled:
        return f"too slow: {_slow(run, signs, rate)}"
    return f"converging: {_fell(run)}; {_settling(signs)}"


@dataclass(frozen=True)
class _Signs:
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
    def of(run: Run) -> _Signs:
        import numpy as np

        sizes = norms(run.gradients)
        noise = np.flatnonzero(sizes <= _ROUNDING * np.maximum.accumulate(sizes))
        settled = bool(len(noise)) or run.ended == "flat"
        active = int(noise[0]) if len(noise) else len(sizes)
        directions = run.gradients[:active] / sizes[:active, None]
        cosines = (directions[1:] * directions[:-1]).sum(axis=1)
        end = cosines[len(cosines) // 2 :]
        turning = len(end) > 0 and float((end < -0.5).mean()) > 0.5
        bouncing = turning or _rises(run.losses[:active]) >= 0.2
        back = _back(active)
        # The slowest direction shows last: the very last factor counts where it is nearer to 1 than their mean.
        mean = float(sizes[active - 1] / sizes[active - 1 - back]) ** (1 / back) if active > 1 else None
        shrink = max(mean, float(sizes[active - 1] / sizes[active - 2])) if mean is not None else None
        growing = not settled and _grows(run.losses)
        return _Signs(active, settled, int((cosines < 0).sum()), len(cosines), shrink, growing, bouncing)


def _back(points: int) -> int:
    """Return over how many of the last steps a factor is averaged: a quarter of them, at most 10."""
    return max(1, min(10, (points - 1) // 4))


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


def _curvature(points: Array, gradients: Array) -> float | None:
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


# The sentences ---------------------------------------------------------------------------------------


def _unmoved(run: Run) -> str:
    if run.ended != "flat":
        return f"no step: {run.stopped}"
    size = float(norms(run.gradients)[0])
    if size == 0:
        return "flat: the gradient is zero at the start, so there is nowhere to descend to"
    return f"too slow: the first step, along a gradient of length {size:.3g}, is too short to change the point"


def _diverging(run: Run, rate: float | None) -> str:
    import numpy as np

    finite = np.isfinite(run.gradients).all(axis=1)
    points, losses, gradients = run.points[finite], run.losses[finite], run.gradients[finite]
    if len(losses) < 2:
        return run.stopped.split(";")[0]
    said = [_went(losses, len(losses) - 1)]
    if run.ended == "not finite":
        said.append(run.stopped.split(";")[0])
    sizes = norms(gradients)
    back = _back(len(sizes))
    factor = float(sizes[-1] / sizes[-1 - back]) ** (1 / back) if sizes[-1 - back] > 0 else inf
    if 1 < factor < inf:
        said.append(f"at the end each step multiplied the gradient by about {factor:.3g}")
    curvature = _curvature(points, gradients)
    if rate is not None and curvature is not None and rate * curvature > 2:
        said.append(f"the curvature reached {curvature:.6g}, so the rate has to stay below {2 / curvature:.3g}")
    return "; ".join(said)


def _bouncing(run: Run, signs: _Signs, rate: float | None) -> str:
    curvature = _curvature(run.points, run.gradients)
    near = ""
    if rate is not None and curvature is not None and rate * curvature > 1:
        near = f", near 1/{curvature:.4g} = {1 / curvature:.2g},"
    return (
        f"the gradient changed sign in {signs.changes} of {_steps(signs.pairs)}, while {_fell(run)}; "
        f"a smaller rate{near} would settle"
    )


def _slow(run: Run, signs: _Signs, rate: float | None) -> str:
    assert signs.shrink is not None
    said = [
        f"{_fell(run)}, and a step now shrinks the gradient by only {100 * (1 - signs.shrink):.2g} %",
        f"at this rate it takes about {float(f'{signs.more:.2g}'):,.0f} more steps to make it 100 times smaller",
    ]
    curvature = _curvature(run.points, run.gradients)
    if rate is not None and curvature is not None:
        limit = 2 / curvature
        said.append(
            f"a larger rate would help, but one above {limit:.3g} would diverge"
            if rate < limit / 4
            else f"the rate cannot grow much, since one above {limit:.3g} would diverge: "
            "the directions differ too much in curvature"
        )
    return "; ".join(said)


def _settling(signs: _Signs) -> str:
    if signs.settled:
        return f"the gradient shrank to less than a billionth in {_steps(signs.active)}"
    assert signs.shrink is not None
    if 4 * signs.changes > signs.pairs:
        return f"it bounced on the way: the gradient changed sign in {signs.changes} of {_steps(signs.pairs)}"
    return f"at the end each step multiplies the gradient by about {_factor(signs.shrink)}"


def _factor(value: float) -> str:
    """Return a factor below 1 with two significant digits of what it takes away: 0.99984, not 1."""
    return f"{value:.2g}" if value < 0.9 else f"{1 - float(f'{1 - value:.2g}'):.12g}"


def _fell(run: Run) -> str:
    return _went(run.losses, len(run.losses) - 1)


def _went(losses: Array, steps: int) -> str:
    first, last = float(losses[0]), float(losses[-1])
    if first == last:
        return f"the loss stayed at {first:.6g} for {_steps(steps)}"
    return f"the loss {'fell' if last < first else 'grew'} from {first:.6g} to {last:.6g} in {_steps(steps)}"


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"
