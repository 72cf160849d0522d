"""Many learning rates at once: which of them descend, which diverge, and which one to take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gradlab.descent.contraction import largest_rate
from gradlab.descent.curvature import Spectrum, spectrum
from gradlab.descent.history import History, Layout
from gradlab.descent.loop import descend
from gradlab.descent.many import ManyPoints
from gradlab.descent.optimizers import GradientDescent, Rule
from gradlab.descent.progress import Progress, on_terminal
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import DomainError, GradlabError
from gradlab.graph import Function, Point
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from gradlab.graph.point import Array

_RATES = 61
"""Rates of a sweep that is given none: twelve to a decade over five decades."""

_BELOW, _ABOVE = 1e-4, 10.0
"""From where to where those lie, as parts of the largest stable rate."""

_SAFE = 0.9
"""A rate is suggested up to this part of the limit: a curvature that grows by a tenth must not make it diverge."""

_ARRIVED = 1e-9
"""Runs whose losses differ by less than this part of the whole fall have arrived at the same place."""

_EVERY = 1.2
"""From one look at the losses on the way to the next, the steps grow by this factor."""

_ROWS = 16
"""Rows of the table of a sweep."""


@dataclass(frozen=True, eq=False)
class RateSweep:
    """What each learning rate led to.

    rates: shape (rates,), rising.  starts: one point or more.  steps: how many each run took.
    first: shape (starts,), the losses there.  course: shape (looks, starts, rates), the losses after so many steps as
    *looks* says, the last at the end; inf or nan for what left the finite numbers.
    ends: shape (starts, rates, components), where each run ended.
    spectrum: the curvature where the lowest loss was reached; None where there is none to be had.
    limit: the rate above which the rule diverges at that curvature; None where no limit can be stated.
    suggested: a rate to take; None where none of these can be advised.  reason: why, in words.
    """

    rates: Array
    starts: History
    steps: int
    rule: Rule
    first: Array
    looks: tuple[int, ...]
    course: Array
    ends: Array
    spectrum: Spectrum | None
    limit: float | None
    suggested: float | None
    reason: str
    function: Function

    @property
    def losses(self) -> Array:
        """Shape (starts, rates): the losses at the end."""
        return self.course[-1]

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """Shape (starts, rates): whether the run ended above its start, or nowhere finite."""
        import numpy as np

        return ~np.isfinite(self.losses) | (self.losses > self.first[:, None])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Return the picture of the final loss against the rate; see `gradlab.plots.rates`."""
        # By name: plots stands a floor above and knows this record, not the other way round.
        axes: Axes = import_module("gradlab.plots").rates(self, ax=ax)
        return axes

    def as_dict(self) -> dict[str, Any]:
        """Return the sweep as plain lists and strings, for JSON; what is not finite becomes None."""
        import numpy as np

        losses = [[loss if np.isfinite(loss) else None for loss in row] for row in self.losses.tolist()]
        return {
            "rule": type(self.rule).__name__,
            "steps": self.steps,
            "starts": [{name: array.tolist() for name, array in point.items()} for point in self.starts],
            "rates": self.rates.tolist(),
            "first": self.first.tolist(),
            "losses": losses,
            "diverged": self.diverged.tolist(),
            "limit": self.limit,
            "suggested": self.suggested,
            "reason": self.reason,
        }

    def __repr__(self) -> str:
        import numpy as np

        starts = f", from {len(self.first)} starts" if len(self.first) > 1 else ""
        name = type(self.rule).__name__
        said = [
            f"{name} at {_count(len(self.rates), 'rate')} on {self.function.signature}, {self.steps:,} steps{starts}"
        ]
        shown = np.unique(np.linspace(0, len(self.rates) - 1, _ROWS).round().astype(int))
        worst = _worst(self.losses)
        gone: NDArray[np.bool_] = np.any(self.diverged, axis=0)
        said += [
            f"  {self.rates[place]:<10.4g} {'diverged' if gone[place] else f'loss {worst[place]:.6g}'}"
            for place in shown
        ]
        if self.limit is not None:
            said.append(f"limit of stability: {self.limit:.4g}")
        return "\n".join([*said, "suggested: " + self.reason.replace("; ", "\n  ")])


@explains_misuse
def sweep_rates(
    f: Any,
    start: Any,
    *,
    rates: Iterable[float] | None = None,
    starts: Sequence[Any] = (),
    steps: int = 1000,
    rule: Rule = GradientDescent(rate=1.0),  # noqa: B008 - frozen: nobody can change the default
) -> RateSweep:
    """Descend *f* at many learning rates as one batch and return where each ended, and which rate to take.

    f: anything that `gradlab.as_function` takes, with one number as its value.
    start: where to begin, as for `descend`.  starts: further points to begin from, each at every rate.
    rates: positive numbers; if None, 61 of them around the largest stable rate at the start.
    rule: how to step; its own rate is replaced by each of *rates*.
    A function without a formula, or one whose code decides by its values, is descended rate by rate; so is any
    function by a rule that asks for more than its gradient, such as `Newton`.
    Raises ValueError for rates that are no positive numbers or a rule that has none, DomainError where *f* is not
    finite at a start, PointError where a start does not fit.

    >>> found = sweep_rates("x**2 + 5*y**2", {"x": 3.0, "y": 1.0}, rates=[0.01, 0.1, 0.19, 0.3], steps=50)
    >>> found
    GradientDescent at 4 rates on f(x, y), 50 steps
      0.01       loss 1.19371
      0.1        loss 1.83333e-09
      0.19       loss 0.000132807
      0.3        diverged
    limit of stability: 0.2
    suggested: 0.1, which left the lowest loss, 1.83333e-09, of the 2 rates up to 0.9 of the limit 2/λ_max = 0.2
      0.3 diverged
      in the long run 2/(λ_min + λ_max) = 0.1667 is the fastest
    """
    import numpy as np

    from gradlab.sources import at_point
    from gradlab.symbolic.derivation import single

    _check(rule, steps)
    function, point = at_point(f, start)
    if function.output is not None:
        single(function)  # before its curvature is looked at
    points = [point, *(function.point(other) for other in starts)]
    layout = Layout({name: array.shape for name, array in point.items()})
    rows = np.stack([layout.flat(each) for each in points])
    chosen = _around(function, point, rule) if rates is None else _rates(rates)
    looks = _looks(steps)
    ends, first, course = _swept(function, points, rows, layout, rule, chosen, looks)
    if not np.isfinite(first).all():
        where = points[int(np.flatnonzero(~np.isfinite(first))[0])]
        raise DomainError(f"{function.signature} is not finite at the start, {where!r}: there is no way down")
    found = _curvature_at_the_lowest(function, layout, ends, course[-1])
    limit = None if found is None else largest_rate(rule, found.largest)
    suggested, reason = _suggestion(chosen, first, looks, course, limit, found, rule)
    starts_kept = History(rows, layout)
    return RateSweep(
        _read_only(chosen), starts_kept, steps, rule, _read_only(first), looks, _read_only(course), _read_only(ends),
        found, limit, suggested, reason, function,
    )  # fmt: skip


# Before -----------------------------------------------------------------------------------------------


def _check(rule: Any, steps: Any) -> None:
    if not hasattr(rule, "rate") or isinstance(rule, type):
        raise ValueError(f"rule={rule!r} has no rate to sweep; write rule=GradientDescent(rate=1), or another rule")
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"steps={steps!r} is not a whole number; write one, such as steps=100")
    if steps < 1:
        raise ValueError(f"steps={steps!r}: a sweep takes at least one step")


def _rates(rates: Iterable[float]) -> Array:
    import numpy as np

    try:
        found = np.array([*rates], dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"rates={rates!r} are no numbers; write rates=[1e-3, 1e-2, 0.1]") from error
    if not len(found):
        raise ValueError("rates is empty; write rates=[1e-3, 1e-2, 0.1]")
    wrong = found[~(np.isfinite(found) & (found > 0))]
    if len(wrong):
        raise ValueError(f"rates holds {wrong[0]:g}; every rate is a positive number")
    return np.unique(found)


def _around(function: Function, start: Point, rule: Rule) -> Array:
    """Return rates around the largest stable one at the start, or around 0.1 where there is none."""
    import numpy as np

    found = _spectrum(function, start)
    limit = None if found is None else largest_rate(rule, found.largest)
    middle = 0.1 if limit is None else limit
    return np.geomspace(_BELOW * middle, _ABOVE * middle, _RATES)


def _spectrum(function: Function, at: Any) -> Spectrum | None:
    try:
        return spectrum(function, at)
    except (GradlabError, ValueError, RuntimeError):  # no formula, no torch code, or not finite: a sweep needs none
        return None


# Running ------------------------------------------------------------------------------------------------


def _looks(steps: int) -> tuple[int, ...]:
    """Return after how many steps to look at the losses: often at first, and at the end."""
    found = [1]
    while found[-1] < steps:
        found.append(min(steps, max(found[-1] + 1, int(found[-1] * _EVERY))))
    return tuple(found)


def _swept(
    function: Function,
    points: Sequence[Point],
    rows: Array,
    layout: Layout,
    rule: Any,
    rates: Array,
    looks: Sequence[int],
) -> tuple[Array, Array, Array]:
    """Return where the runs ended, the losses at the starts, and those on the way."""
    import numpy as np

    shape = (len(rows), len(rates))
    if function.output is None or function.guards or hasattr(rule, "ground"):
        return _one_by_one(function, points, layout, rule, rates, looks)
    many = ManyPoints(function, points[0], layout)
    begins = np.repeat(rows, len(rates), axis=0)
    column = np.tile(rates, len(rows))[:, None]
    ends, course = np.empty_like(begins), np.empty((len(looks), len(begins)))
    with np.errstate(all="ignore"):  # a run that diverges leaves the finite numbers, and that is told
        for place in range(0, len(begins), many.together):
            part = slice(place, place + many.together)
            ends[part], course[:, part] = _stepped(many, begins[part], rule, column[part], looks)
        first = many.losses(rows)
    return ends.reshape(*shape, -1), first, course.reshape(len(looks), *shape)


def _stepped(many: ManyPoints, start: Array, rule: Any, column: Array, looks: Sequence[int]) -> tuple[Array, Array]:
    """Return where the runs ended, and the losses on the way."""
    import numpy as np

    if type(rule) is GradientDescent:
        leaps = [many.descended(start, column, look) for look in looks]
        known = [rows for rows in leaps if rows is not None]
        if known:
            return known[-1], np.stack([many.losses(rows) for rows in known])
    stepping: Rule = replace(rule, rate=_Column(column))
    rows, state = start, stepping.initial(start)
    course: list[Array] = []
    progress = Progress(looks[-1]) if on_terminal() else None
    for before, look in pairwise((0, *looks)):
        for _ in range(look - before):
            rows, state = stepping.step(rows, many.gradients(rows), state)
        course.append(many.losses(rows))
        if progress is not None:
            progress.at(look, float(course[-1].min()))
    if progress is not None:
        progress.close()
    return rows, np.stack(course)


@dataclass(frozen=True, eq=False)
class _Column:
    """The schedule that gives each row of a batch its own rate, the same at every step."""

    rates: Array

    def at(self, step: int) -> Any:
        return self.rates


def _one_by_one(
    function: Function, points: Sequence[Point], layout: Layout, rule: Any, rates: Array, looks: Sequence[int]
) -> tuple[Array, Array, Array]:
    import numpy as np

    runs = [
        [
            descend(function, point, rule=replace(rule, rate=float(rate)), steps=looks[-1], check=False, progress=False)
            for rate in rates
        ]
        for point in points
    ]
    course = np.array([[[_loss_after(run, look) for run in row] for row in runs] for look in looks])
    ends = np.array([[layout.flat(run.points[-1]) for run in row] for row in runs])
    return ends, np.array([row[0].losses[0] for row in runs]), course


def _loss_after(run: Trajectory, step: int) -> float:
    """Return the loss after so many steps: of a run that had arrived before, its last; of one that left, nan."""
    place = int(run.step_of.searchsorted(step))
    if place < len(run.losses):
        return float(run.losses[place])
    return float("nan") if run.stopped.kind == "not finite" else float(run.losses[-1])


# After --------------------------------------------------------------------------------------------------


def _worst(losses: Array) -> Array:
    """Return the highest of the losses at each rate, over the starts; nan where one of them is."""
    return losses.max(axis=0)


def _curvature_at_the_lowest(function: Function, layout: Layout, ends: Array, losses: Array) -> Spectrum | None:
    import numpy as np

    flat = np.where(np.isfinite(losses), losses, np.inf).reshape(-1)
    if not len(flat) or not np.isfinite(flat.min()):
        return None
    row = ends.reshape(len(flat), -1)[int(flat.argmin())]
    return _spectrum(function, layout.unpacked(row)) if np.isfinite(row).all() else None


def _suggestion(
    rates: Array,
    first: Array,
    looks: Sequence[int],
    course: Array,
    limit: float | None,
    found: Spectrum | None,
    rule: Rule,
) -> tuple[float | None, str]:
    """Return the rate to take and why: the lowest loss below the limit with room to spare, and there the soonest."""
    import numpy as np

    losses = course[-1]
    gone = (~np.isfinite(losses) | (losses > first[:, None])).any(axis=0)
    named = _limit_in_words(limit, rule)
    safe = ~gone if limit is None else ~gone & (rates <= _SAFE * limit)
    if not safe.any():
        if gone.all():
            return None, f"none of these; all diverged, down to {rates[0]:.4g}{f'; {named}' if named else ''}"
        return None, f"none of these; all that did not diverge lie above {_SAFE:g} of the {named}"
    worst = course.max(axis=1)
    lowest = float(worst[-1, safe].min())
    there = worst <= lowest + _ARRIVED * abs(float(first.max()) - lowest)
    arrived = safe & there[-1]
    # After this look, to the end, a run was where it ended; of runs that ended elsewhere nothing is asked.
    since = np.where(arrived, len(looks) - np.cumprod(there[::-1], axis=0).sum(axis=0), len(looks))
    soonest = np.flatnonzero(since == since.min())
    place = int(soonest[len(soonest) // 2])
    scope = f"up to {_SAFE:g} of the {named}" if named else "that did not diverge"
    if arrived.sum() > 1:
        when = _count(looks[since[place]], "step")
        why = f"the first to come within a billionth of the fall to {lowest:.6g}, in {when}, of those {scope}"
    else:
        why = f"which left the lowest loss, {lowest:.6g}, of the {_count(int(safe.sum()), 'rate')} {scope}"
    best = float(rates[place])
    said = [f"{best:.4g}, {why}"]
    above = rates[gone]
    if len(above):
        said.append(f"{above[0]:.4g} diverged" if len(above) == 1 else f"{above[0]:.4g} and larger diverged")
    elif place == len(rates) - 1:
        said.append("larger ones were not tried")
    if place == 0 and len(rates) > 1:
        said.append("smaller ones were not tried")
    if isinstance(rule, GradientDescent) and found is not None and found.quadratic and found.best_rate is not None:
        fastest = f"in the long run 2/(λ_min + λ_max) = {found.best_rate:.4g} is the fastest"
        if abs(found.best_rate / best - 1) > 0.02:
            edge = found.best_rate > _SAFE * found.largest_rate
            said.append(f"{fastest}, but at the edge of what is stable" if edge else fastest)
    return best, "; ".join(said)


def _limit_in_words(limit: float | None, rule: Rule) -> str:
    if limit is None:
        return ""
    return f"limit {'2/λ_max = ' if isinstance(rule, GradientDescent) else ''}{limit:.4g}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _read_only(array: Any) -> Array:
    array.setflags(write=False)
    return array
