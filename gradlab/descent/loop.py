"""The way down: read the function, compare its gradients at the start, step, and say how it went."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from gradlab.descent.engines import Engine, prepare
from gradlab.descent.history import History, Layout
from gradlab.descent.optimizers import GradientDescent, Rule
from gradlab.descent.running import Stop, run
from gradlab.descent.trajectory import Trajectory
from gradlab.errors import DomainError, GradientMismatch
from gradlab.graph import Function, Point

if TYPE_CHECKING:
    from gradlab.comparison import Comparison


def descend(
    f: Any,
    start: Any,
    *,
    rule: Rule = GradientDescent(rate=0.1),  # noqa: B008 - frozen: nobody can change the default
    steps: int = 100,
    stop: Stop | None = None,
    check: bool = True,
    engine: str = "auto",
) -> Trajectory:
    """Descend *f* from *start* by *rule* and return the whole path, with why it stopped and how it went.

    f: anything that `gradlab.as_function` takes, with one number as its value.
    start: a mapping from variable name to value, or the bare value where there is one variable.
    steps: how many steps to take at most; the path then has one point more.
    stop: called at every point with (steps taken, {variable: array}, loss); a true answer ends the run there.
    check: compare the gradient three ways before the first step, and refuse to start where they differ.
    engine: where the gradient comes from.  "exact": the derived gradient, by NumPy.  "torch": backward(),
        in the dtype of the start's tensors, float64 for anything else.  "numeric": finite differences.
        "auto": exact where there is a formula, else torch where the code takes tensors, else numeric.
    A run also ends where a step no longer changes the point, and where the loss or its gradient is no longer
    finite: the path then goes up to the last point that is.
    Raises GradientMismatch where the three gradients differ, PointError where *start* does not fit,
    DomainError where *f* is not a number there, TypeError and ValueError on misuse.

    >>> run = descend("x**2 + y**2", {"x": 3.0, "y": 4.0}, rule=GradientDescent(rate=0.25), steps=2)
    >>> run.points[-1], run.losses
    ({'x': array(0.75), 'y': array(1.)}, array([25.    ,  6.25  ,  1.5625]))
    """
    from gradlab.sources import at_point

    _check_arguments(rule, steps, stop)
    function, point = at_point(f, start)
    prepared = prepare(engine, function, point, _dtype(start))
    comparison = _compared(function, point) if _finite_at_start(prepared, function, point) and check else None
    layout = Layout({name: array.shape for name, array in point.items()})
    done = run(prepared, rule, steps, stop, layout)
    return Trajectory(
        points=History(done.points, layout),
        losses=done.losses,
        gradients=History(done.gradients, layout),
        stopped=done.stopped,
        rule=rule,
        engine=prepared.name,
        function=function,
        comparison=comparison,
        notes=(*_notes(comparison), *prepared.notes()),
    )


def _check_arguments(rule: Any, steps: Any, stop: Any) -> None:
    if isinstance(rule, type) or not (hasattr(rule, "initial") and hasattr(rule, "step")):
        raise TypeError(f"rule={rule!r} is no rule; write rule=GradientDescent(rate=0.1)")
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"steps={steps!r} is not a whole number")
    if steps < 0:
        raise ValueError(f"steps={steps!r} is negative; steps=0 returns the start alone")
    if stop is not None and not callable(stop):
        raise TypeError(f"stop={stop!r} cannot be called; write stop=lambda step, point, loss: loss < 0.01")


def _dtype(start: Any) -> Any:
    """Return the floating dtype that all tensors in *start* share, None where there is none."""
    values = start.values() if isinstance(start, Mapping) else [start]
    found = {value.dtype for value in values if hasattr(value, "detach") and value.is_floating_point()}
    return found.pop() if len(found) == 1 else None


def _finite_at_start(engine: Engine, function: Function, start: Point) -> bool:
    """Return whether the loss is finite at the start; raises DomainError where it is not a number."""
    import numpy as np

    with np.errstate(all="ignore"):
        loss, _ = engine.evaluate(engine.start)
    if isnan(loss):
        raise DomainError(f"{function.signature} is not a number at the start, {start!r}: there is no way down")
    return loss not in (float("inf"), float("-inf"))


def _compared(function: Function, start: Point) -> Comparison:
    from gradlab.comparison import Verdict, compare

    comparison = compare(function, start)
    if comparison.verdict is Verdict.DIFFER:
        raise GradientMismatch(
            f"not started: the gradients of {function.signature} differ at the start: {comparison.reason}; "
            "check=False starts all the same"
        )
    return comparison


def _notes(comparison: Comparison | None) -> tuple[str, ...]:
    """Return what to say of a comparison that neither agreed nor stopped the run."""
    if comparison is None or comparison.verdict == "agree":
        return ()
    return (f"comparison at the start: {comparison.verdict}, {comparison.reason}",)
