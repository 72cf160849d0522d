"""How a run went, in one line: a label, and the numbers that it rests on.

On a quadratic with eigenvalues λ_i, a step of gradient descent multiplies the distance to the minimum along
eigenvector i by 1 - rate λ_i (Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), section 3.3; Goh, "Why
Momentum Really Works", Distill 2017): below 0 the gradient changes sign at every step (bouncing), below -1 the
distance grows (diverging), just below 1 nothing much happens (too slow). Those three facts are looked for in the end
of the run, where the largest of the factors rules. Where it ended, and why so slowly, only the curvature there tells.
"""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING

from gradlab.descent.contraction import factor, largest_rate
from gradlab.descent.curvature import Spectrum, factor_in_words
from gradlab.descent.history import norms
from gradlab.descent.optimizers import GradientDescent, Rule
from gradlab.descent.signs import (
    Drift,
    Signs,
    averaged_over,
    cosines_of,
    grew_through_noise,
    observed_curvature,
    step_numbers,
)

if TYPE_CHECKING:
    from gradlab.descent.running import Run
    from gradlab.descent.surroundings import Surroundings
    from gradlab.graph.point import Array

_PATIENCE = 10
"""Too slow: coming 100 times closer would take more than this many times the steps already taken, or the square
of this if fewer were taken: a run of two steps is not slow, it is short."""

_STANDING = 1e-3
"""A run whose loss changed by less than this part of it has not gone anywhere yet."""

_NEAR = 0.05
"""A stationary point this near, as a part of the way from the start, is where the run is."""

_LEVEL = 1e-6
"""Curvature that is this much smaller than what the run has met before is that of a plateau."""

_STRAIGHT = 1e-9
"""A slope along a direction without curvature that is larger than this part of the largest gradient is no rounding."""

LABELS = (
    "converging", "minimum", "too slow", "bouncing", "diverging", "saddle", "stalled", "noise floor", "still falling",
    "flat", "no step",
)  # fmt: skip
"""What a diagnosis can begin with."""


def diagnose(
    run: Run, rule: Rule | None = None, *, around: Surroundings | None = None, stochastic: bool = False
) -> str:
    """Return one line on how the run went, its label first: ``"diverging: the loss grew from …"``.

    rule: how it stepped; where that has a fixed rate, the line says what the rate did.
    around: the curvature of the function, looked up only where something depends on it.
    stochastic: whether the gradients are those of mini-batches.

    The labels: "converging", "too slow", "bouncing", "diverging", and for mini-batches "noise floor": the gradients
    cancel.  With the curvature also "minimum", "saddle", and "stalled" where all is flat around, or a slope is so
    faint that its minimum is out of sight.  "still falling" where the gradient does not shrink, so that no minimum is
    in sight; "flat" and "no step" where nothing moved.
    """
    if run.ended == "not finite":
        return f"diverging: {_diverging(run, rule, around)}"
    taken = int(step_numbers(run)[-1])
    if taken == 0:
        return _unmoved(run, around)
    if stochastic:
        return _through_noise(run, rule, around)
    return _seen(run, rule, around, Signs.of(run, circling=_remembers(rule)))


def _seen(run: Run, rule: Rule | None, around: Surroundings | None, signs: Signs) -> str:
    """Return the diagnosis of a run by whole gradients."""
    taken = int(step_numbers(run)[-1])
    if signs.growing:
        return f"diverging: {_diverging(run, rule, around)}"
    if signs.bouncing and not signs.settled:
        return f"bouncing: {_bouncing(run, signs, rule, around)}"
    place = around.where(run.points[-1], run.gradients[-1]) if around is not None else None
    if place is not None:
        straight = _straight(run, place.spectrum)
        if straight is not None:
            return f"still falling: {_fell(run)}; {straight}"
        far = float(norms(run.points[-1:] - run.points[:1])[0])
        near = place.stationary and place.distance <= _NEAR * far
        if near and place.curves_down and (signs.settled or _shrunk(run) < _NEAR):
            return f"saddle: {_saddle(run, place.spectrum, rule)}"
        if signs.settled:
            return _arrived(run, signs, place.spectrum, near)
        endless = signs.shrink is None or signs.shrink >= 1 or signs.more > _PATIENCE * max(taken, _PATIENCE)
        if endless and _stands(run) and not place.spectrum.quadratic and not place.leads_down:
            return f"stalled: {_stalled(run, place.spectrum)}"
    if signs.shrink is not None and signs.shrink >= 1 and not signs.settled:
        return f"still falling: {_fell(run)}, and the gradient does not shrink: no minimum is in sight"
    if signs.more > _PATIENCE * max(taken, _PATIENCE) and not signs.settled:
        return f"too slow: {_slow(run, signs, rule, place.spectrum if place is not None else None)}"
    said = [_fell(run), _settling(signs)]
    crawling = None if place is None or rule is None else _crawling(place.spectrum, rule, run.gradients[-1])
    if crawling is not None and crawling[1] > _PATIENCE * max(taken, _PATIENCE) and not signs.settled:
        # The gradient is still led by what curves most, and hides what will be left.
        said.append(f"but {crawling[0]}")
    return f"converging: {'; '.join(said)}"


def _straight(run: Run, spectrum: Spectrum) -> str | None:
    """Return along which direction a quadratic is a straight line that falls, in words; None where it has an end."""
    import numpy as np

    if not spectrum.quadratic:
        return None
    level = np.abs(spectrum.eigenvalues) <= spectrum.error
    slopes = np.where(level, np.abs(spectrum.directions.T @ run.gradients[-1]), 0.0)
    # A level direction of a valley's floor has no slope but for rounding.
    if level.all() or slopes.max() <= _STRAIGHT * norms(run.gradients).max():
        return None
    place = int(slopes.argmax())
    return (
        f"along {spectrum.along(place)} there is no curvature and the slope stays {slopes[place]:.3g}: "
        "the function falls without end, and no rate leads to a minimum"
    )


def _arrived(run: Run, signs: Signs, spectrum: Spectrum, near: bool) -> str:
    """Return the diagnosis of a run whose gradient has vanished.

    near: whether a stationary point is near, as the run has gone.
    """
    met = observed_curvature(run.points, run.gradients) or 0.0
    level = max(abs(spectrum.smallest), abs(spectrum.largest))
    if level <= spectrum.error or (level <= _LEVEL * met and not near):
        return (
            f"stalled: {_fell(run)}, and then the gradient vanished with every curvature: "
            "a plateau, where no rate helps; another start, or another scale of the inputs, may"
        )
    floor = f"{_fell(run)}; {_settling(signs)}"
    if spectrum.smallest > spectrum.error:
        ends = dict.fromkeys(f"{value:.4g}" for value in (spectrum.smallest, spectrum.largest))
        return f"minimum: {floor}, and every curvature is positive there: {' to '.join(ends)}"
    if spectrum.quadratic and spectrum.smallest >= -spectrum.error:
        return f"minimum: {floor}; it is the floor of a valley, level along {spectrum.along(0)}"
    return f"converging: {floor}; along {spectrum.along(0)} the curvature cannot be told from 0"


def _through_noise(run: Run, rule: Rule | None, around: Surroundings | None) -> str:
    """Return the diagnosis of a run by gradients of mini-batches."""
    if grew_through_noise(run.losses):
        return f"diverging: {_diverging(run, rule, around)}"
    signs = Signs.of(run, circling=_remembers(rule))
    if signs.settled:
        return _seen(run, rule, around, signs)
    drift = Drift.of(run)
    if _cosine(run) <= -0.5:
        return f"bouncing: {_bouncing(run, signs, rule, around)}"
    if drift.cancels:
        return f"noise floor: {_floor(drift)}"
    if drift.fall <= _STANDING * abs(drift.losses[0]):
        return (
            f"too slow: over the last {_steps(drift.count)} the mini-batch gradients point one way, a mean of "
            f"{drift.mean:.3g} where chance would leave {drift.chance:.2g}, and the loss hardly moves: "
            "a larger rate would help"
        )
    return (
        f"converging: over the last {_steps(drift.count)} the mini-batch gradients, of length {drift.size:.3g}, have "
        f"a mean of {drift.mean:.3g}, and chance alone would leave {drift.chance:.2g}; the way so far was worth "
        f"{drift.fall:.3g} of a loss of {drift.before:.4g}, the mean of the first half"
    )


def _cosine(run: Run) -> float:
    """Return the mean cosine between successive gradients in the last half."""
    import numpy as np

    end = cosines_of(run)[1 + len(run.losses) // 2 :]
    return float(np.nanmean(end)) if np.isfinite(end).any() else 0.0


def _remembers(rule: Rule | None) -> bool:
    """Return whether a rule keeps a vector, such as a velocity, between two steps."""
    import numpy as np

    return rule is not None and any(isinstance(part, np.ndarray) for part in rule.initial(np.zeros(1)))


def _shrunk(run: Run) -> float:
    """Return the last gradient's length as a part of the longest."""
    sizes = norms(run.gradients)
    return float(sizes[-1] / sizes.max())


def _stands(run: Run) -> bool:
    first, last = float(run.losses[0]), float(run.losses[-1])
    return abs(first - last) <= _STANDING * max(abs(first), abs(last))


# The sentences ---------------------------------------------------------------------------------------


def _unmoved(run: Run, around: Surroundings | None) -> str:
    if run.ended != "flat":
        return f"no step: {run.stopped}"
    size = float(norms(run.gradients)[0])
    if size > 0:
        return f"too slow: the first step, along a gradient of length {size:.3g}, is too short to change the point"
    place = around.where(run.points[0], run.gradients[0]) if around is not None else None
    zero = "the gradient is zero at the start"
    if place is not None and place.spectrum.smallest > place.spectrum.error:
        return f"minimum: {zero}, and every curvature is positive: it is a minimum already"
    if place is not None and place.curves_down:
        spectrum = place.spectrum
        kind = "saddle" if spectrum.largest > spectrum.error else "flat"
        name = "a saddle" if kind == "saddle" else "a maximum, or the edge of one"
        return (
            f"{kind}: {zero}, but it is {name}: along {spectrum.along(0)} the curvature is {spectrum.smallest:.4g}, "
            "and a start beside it would fall"
        )
    return f"flat: {zero}, so there is nowhere to descend to"


def _diverging(run: Run, rule: Rule | None, around: Surroundings | None) -> str:
    import numpy as np

    finite = np.isfinite(run.gradients).all(axis=1)
    points, losses, gradients = run.points[finite], run.losses[finite], run.gradients[finite]
    if len(losses) < 2:
        return run.stopped.split(";")[0]
    steps = step_numbers(run)[finite]
    said = [_went(losses, int(steps[-1]))]
    if run.ended == "not finite":
        said.append(run.stopped.split(";")[0])
    spectrum = around.spectrum(points[int(losses.argmin())]) if around is not None else None
    because = None if spectrum is None else _above(rule, spectrum)
    if because is not None:
        return "; ".join([*said, because])
    sizes = norms(gradients)
    back = averaged_over(len(sizes))
    over = float(steps[-1] - steps[-1 - back])
    grew = float(sizes[-1] / sizes[-1 - back]) ** (1 / over) if sizes[-1 - back] > 0 else inf
    if 1 < grew < inf:
        said.append(f"at the end each step multiplied the gradient by about {grew:.3g}")
    met = observed_curvature(points, gradients)
    limit = None if met is None or rule is None else largest_rate(rule, met)
    if met is not None and limit is not None and _rate(rule) > limit:
        said.append(f"the curvature reached {met:.6g}, so the rate has to stay below {limit:.3g}")
    return "; ".join(said)


def _above(rule: Rule | None, spectrum: Spectrum) -> str | None:
    """Return ``1e-04 is above 3.54e-05 = 2/λ_max, so each step multiplies …``; None where it is not above."""
    if rule is None or spectrum.largest <= spectrum.error:
        return None
    limit, grows = largest_rate(rule, spectrum.largest), factor(rule, spectrum.largest)
    if limit is None or grows is None or not _rate(rule) > limit:
        return None
    name = " = 2/λ_max" if isinstance(rule, GradientDescent) else f", the largest stable rate of {type(rule).__name__}"
    place = "" if spectrum.quadratic else " there"
    return (
        f"{_rate(rule):g} is above {limit:.3g}{name}{place}, so each step multiplies the error along "
        f"{_bracketed(spectrum.along(-1))} by {_multiplier(grows)}"
    )


def _bouncing(run: Run, signs: Signs, rule: Rule | None, around: Surroundings | None) -> str:
    said = f"the gradient changed sign in {signs.changes} of {_steps(signs.pairs)}, while {_fell(run)}"
    plain = isinstance(rule, GradientDescent)
    spectrum = around.spectrum(run.points[-1]) if around is not None and plain else None
    if spectrum is not None and _rate(rule) * spectrum.largest > 1:
        turned = 1 - _rate(rule) * spectrum.largest
        better = (
            f"2/(λ_min + λ_max) = {spectrum.best_rate:.3g} is the best rate"
            if spectrum.best_rate is not None and spectrum.best_rate < 0.98 * _rate(rule)
            else f"below 1/λ_max = {1 / spectrum.largest:.3g} it would not"
        )
        return (
            f"{said}; each step multiplies the error along {_bracketed(spectrum.along(-1))} by "
            f"{factor_in_words(turned)}, so that it changes sides every time; {better}"
        )
    met = observed_curvature(run.points, run.gradients) if plain else None
    near = ""
    if met is not None and _rate(rule) * met > 1:
        near = f", near 1/{met:.4g} = {1 / met:.2g},"
    return f"{said}; a smaller rate{near} would settle"


def _slow(run: Run, signs: Signs, rule: Rule | None, spectrum: Spectrum | None) -> str:
    assert signs.shrink is not None
    said = [f"{_fell(run)}, and a step now shrinks the gradient by only {100 * (1 - signs.shrink):.2g} %"]
    crawling = None if spectrum is None or rule is None else _crawling(spectrum, rule, run.gradients[-1])
    closer = f"at this rate it takes about {_rounded(signs.more)} more steps to make it 100 times smaller"
    said.append(crawling[0] if crawling is not None else closer)
    met = spectrum.largest if spectrum is not None else observed_curvature(run.points, run.gradients)
    limit = None if met is None or rule is None else largest_rate(rule, met)
    if limit is not None and _rate(rule) < limit / 4:
        said.append(f"a larger rate would help, but one above {limit:.3g} would diverge")
    elif limit is not None:
        said.append(
            f"the rate cannot grow much, since one above {limit:.3g} would diverge: "
            "the directions differ too much in curvature"
        )
    return "; ".join(said)


def _crawling(spectrum: Spectrum, rule: Rule, gradient: Array) -> tuple[str, float] | None:
    """Return along which eigenvector most of the loss is left, in words, and the steps to come 100 times closer."""
    import numpy as np

    curved = spectrum.eigenvalues > spectrum.error
    if not curved.any():
        return None
    left = np.where(curved, (spectrum.directions.T @ gradient) ** 2 / np.where(curved, spectrum.eigenvalues, 1.0), 0.0)
    place = int(left.argmax())
    shrinks = factor(rule, float(spectrum.eigenvalues[place]))
    if shrinks is None or not 0 < abs(shrinks) < 1:
        return None
    more = log(0.01) / log(abs(shrinks))
    words = (
        f"what is left lies along {_bracketed(spectrum.along(place))}, where the curvature is "
        f"{spectrum.eigenvalues[place]:.3g} and a step multiplies the error by {_multiplier(shrinks)}: "
        f"to come 100 times closer takes about {_rounded(more)} more steps"
    )
    return words, more


def _saddle(run: Run, spectrum: Spectrum, rule: Rule | None) -> str:
    away = None if rule is None else factor(rule, spectrum.smallest)
    said = (
        f"{_fell(run)}, to a place where the gradient is {float(norms(run.gradients[-1:])[0]):.3g} but the curvature "
        f"along {spectrum.along(0)} is {spectrum.smallest:.4g}: downhill goes on that way"
    )
    if away is None or abs(away) <= 1:
        return said
    return f"{said}, and a step multiplies what leads there by {_multiplier(away)}"


def _stalled(run: Run, spectrum: Spectrum) -> str:
    size = float(norms(run.gradients[-1:])[0])
    return (
        f"{_fell(run)}: the gradient has length {size:.3g} and does not lead to a minimum nearby, where the largest "
        f"curvature is {max(abs(spectrum.smallest), abs(spectrum.largest)):.3g}; on a plateau such as the end of a "
        "sigmoid another start, or inputs of another scale, help more than another rate"
    )


def _floor(drift: Drift) -> str:
    mean, spread = drift.losses
    return (
        f"over the last {_steps(drift.count)} the mini-batch gradients, of length {drift.size:.3g}, cancel: their mean "
        f"is {drift.mean:.2g}, and chance alone would leave {drift.chance:.2g}; the loss hovers around "
        f"{mean:.4g} ± {spread:.2g}; half the rate, or batches twice as large, would halve what is left of it"
    )


def _settling(signs: Signs) -> str:
    bounced = f"it bounced on the way: the gradient changed sign in {signs.changes} of {_steps(signs.pairs)}"
    often = 4 * signs.changes > signs.pairs
    if signs.settled:
        shrank = f"the gradient shrank to less than a billionth in {_steps(signs.active)}"
        return f"{bounced}, and shrank to less than a billionth" if often else shrank
    assert signs.shrink is not None
    if often:
        return bounced
    return f"at the end each step multiplies the gradient by about {_factor(signs.shrink)}"


# Small parts -----------------------------------------------------------------------------------------


def _rate(rule: Rule | None) -> float:
    """Return the fixed rate of a rule; nan, above and below nothing, where it has none."""
    rate = getattr(rule, "rate", None)
    return rate if isinstance(rate, float) else float("nan")


def _multiplier(value: complex) -> str:
    """Return a real factor with its sign, and the size of one that turns as well."""
    if abs(value.imag) <= 1e-9 * abs(value):
        return factor_in_words(value.real)
    return f"{factor_in_words(abs(value))}, while it circles"


def _bracketed(direction: str) -> str:
    return f"({direction})" if " " in direction else direction


def _factor(value: float) -> str:
    """Return a factor below 1 with two significant digits of what it takes away: 0.99984, not 1."""
    return f"{value:.2g}" if value < 0.9 else f"{1 - float(f'{1 - value:.2g}'):.12g}"


def _fell(run: Run) -> str:
    return _went(run.losses, int(step_numbers(run)[-1]))


def _went(losses: Array, steps: int) -> str:
    first, last = float(losses[0]), float(losses[-1])
    if first == last:
        return f"the loss stayed at {first:.6g} for {_steps(steps)}"
    went = "fell" if last < first else "grew"
    if f"{first:.6g}" == f"{last:.6g}":
        return f"the loss {went} by {abs(first - last):.2g} from {first:.6g} in {_steps(steps)}"
    return f"the loss {went} from {first:.6g} to {last:.6g} in {_steps(steps)}"


def _rounded(count: float) -> str:
    return f"{float(f'{count:.2g}'):,.0f}" if count < 1e15 else f"{count:.1g}"


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"
