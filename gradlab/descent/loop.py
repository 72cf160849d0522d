"""The way down: read the function, compare its gradients at the start, step, and say how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from math import isnan
from typing import TYPE_CHECKING, Any

from gradlab.descent.engines import Engine, prepare
from gradlab.descent.ground import Ground
from gradlab.descent.history import History, Layout
from gradlab.descent.optimizers import GradientDescent, Rule
from gradlab.descent.posing import Posed, posed
from gradlab.descent.progress import Progress, on_terminal
from gradlab.descent.recording import kept_by_default
from gradlab.descent.running import Pause, Plan, Run, run
from gradlab.descent.schedules import Schedule
from gradlab.descent.settings import count
from gradlab.descent.stopping import Stopped, conditions_of, on_examples
from gradlab.descent.trajectory import Trajectory, joined_runs
from gradlab.errors import DomainError, GradientMismatch
from gradlab.graph.function import recording
from gradlab.graph.point import as_array
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.comparison import Comparison

_STEPS = 100
"""How many steps are taken where nobody says how many, and there are no epochs."""


RULE_NAMES = {
    "sgd": "GradientDescent(rate=0.1)",
    **{
        name.lower(): f"{name}(rate=0.1)"
        for name in ("GradientDescent", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW")
    },
    **{name.lower(): f"{name}()" for name in ("Newton", "GaussNewton", "ExactLineSearch", "Armijo")},
}
"""How each rule is written, by the word that may be given in its place."""

ROUTES = ("symbolic", "numeric", "autodiff")
"""What is compared at the start."""

STEPS_MEASURED = 48
"""Points at which finite differences evaluate f for each component."""

MOST_MEASURED = 2**29
"""Numbers that finite differences at the start may make: some seconds of them."""

MOST_EXACT = 2**20
"""Numbers that one exact evaluation at the start may make: some seconds of them."""


@recording()
@explains_misuse
def descend(
    f: Any,
    start: Any,
    *,
    rate: float | Schedule | None = None,
    rule: Rule | None = None,
    steps: int | None = None,
    batches: Any = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    stop: Any = None,
    check: bool = True,
    engine: str = "auto",
    keep: int | None = None,
    progress: bool | None = None,
) -> Trajectory:
    """Descend *f* from *start* by *rule* and return the whole path, with why it stopped and how it went.

    f: anything that `gradlab.as_function` takes, with one number as its value.
    start: a mapping from variable name to value, or the bare value where there is one variable; or a `Trajectory`,
        to go on where it ended, with its rule, its engine and all that they remember.
    rate: the learning rate of plain gradient descent: short for rule=GradientDescent(rate); 0.1 if neither is given.
    rule: how to step.
    steps: how many steps to take at most; 100 if neither they nor epochs are given.
    batches: what each step sees: arrays such as (X, y), with *batch_size* and *seed* for the shuffling; `Batches`; or
        anything that ``for x, y in batches`` goes through again and again, such as a DataLoader. The parts of a batch
        belong to the data variables of *f*, those that *start* does not give, in order; or to their names.
    epochs: how often to go through all batches at most.
    stop: when to stop before that: `FlatGradient`, `NoProgress`, `Validation` and others, several of them in a list, or
        a function called at every point with (steps taken, {variable: array}, loss), of which a true answer ends it.
    check: compare the gradient three ways before the first step, and refuse to start where they differ. Finite
        differences are left out, and said so, where they would take more than some seconds.
    engine: where the gradient comes from.  "exact": the derived gradient, by NumPy.  "torch": backward(),
        in the dtype of the start's tensors, float64 for anything else.  "numeric": finite differences.
        "compiled": the derived gradient and the rule as machine code where numba is installed, by NumPy where not.
        "auto": exact where there is a formula, else torch where the code takes tensors, else numeric.
    keep: how many points to keep at most; a longer run is thinned out evenly, and those that stand out are kept.
    progress: whether to say on the standard error stream how far a long run is; by default if that is a terminal.
    A run also ends where a step no longer changes the point, and where the loss or its gradient is no longer
    finite: the path then goes up to the last point that is. Interrupted (Ctrl-C), it returns what it has.
    Raises GradientMismatch where the three gradients differ, PointError where *start* or a batch does not fit,
    DomainError where *f* is not a number there, TypeError and ValueError on misuse, and for batches that run out.

    >>> run = descend("x**2 + y**2", {"x": 3.0, "y": 4.0}, rate=0.25, steps=2)
    >>> run.points[-1], run.losses
    ({'x': array(0.75), 'y': array(1.)}, array([25.    ,  6.25  ,  1.5625]))
    >>> descend("x**2 + y**2", run, steps=1).losses
    array([25.      ,  6.25    ,  1.5625  ,  0.390625])
    """
    earlier = start if isinstance(start, Trajectory) else None
    pause = None if earlier is None else _pause_of(earlier)
    rule = _rule(rule, rate, earlier)
    _check_numbers(steps, epochs)
    if epochs is not None and batches is None and batch_size is None:
        raise ValueError(f"epochs={epochs} without batches; write batches=(X, y) with batch_size=32, or steps={epochs}")
    total = epochs if epochs is None or pause is None else pause.place[0] + epochs
    given = posed(f, start if earlier is None else dict(earlier.points[-1]), batches, batch_size, seed, total)
    given = replace(given, dtype=_dtype(start, pause))
    if given.feed is not None and pause is not None:
        given.feed.begin_at(*pause.place)
    chosen = earlier.engine if earlier is not None and engine == "auto" else engine
    prepared = prepare(chosen, given)
    comparison = None if earlier is None else earlier.comparison
    routes = ROUTES
    if earlier is None and _finite_at_start(prepared, given) and check:
        routes = _affordable(given)
        comparison = _compared(given, routes) if routes else None
    last = _last(steps, epochs, 0 if pause is None else pause.step)
    shown = on_terminal() if progress is None else progress
    plan = Plan(
        layout=given.layout,
        last=last,
        keep=kept_by_default(given.layout.size) if keep is None else count("descend", "keep", keep),
        conditions=on_examples(conditions_of(stop), lambda examples: _loss_on(given, examples)),
        feed=given.feed,
        progress=Progress(last) if shown else None,
        begin=pause,
        settles=not isinstance(getattr(rule, "rate", None), Schedule),
    )
    done = run(prepared, _on_ground(rule, prepared, given.layout), plan)
    if earlier is not None:
        done = joined_runs(earlier, done)
    notes = _notes(comparison, routes) if earlier is None else earlier.notes
    return _trajectory(done, rule, prepared, given, comparison, notes)


def _trajectory(
    done: Run,
    rule: Rule,
    engine: Engine,
    given: Posed,
    comparison: Comparison | None,
    notes: tuple[str, ...],
) -> Trajectory:
    import numpy as np

    step = len(done.losses) - 1 if done.steps is None else int(done.steps[-1])
    return Trajectory(
        points=History(done.points, given.layout),
        losses=done.losses,
        gradients=History(done.gradients, given.layout),
        stopped=Stopped(done.stopped, kind=done.ended, step=step),
        rule=rule,
        engine=engine.name,
        function=given.whole,
        comparison=comparison,
        notes=tuple(dict.fromkeys((*notes, *engine.notes()))),
        step_of=np.arange(len(done.losses)) if done.steps is None else done.steps,
        places=done.places,
        turns=done.cosines,
        best=done.best,
        validations=np.reshape(done.validations, (-1, 2)),
        pause=done.pause,
    )


def _rule(rule: Any, rate: Any, earlier: Trajectory | None) -> Rule:
    if rate is not None and rule is not None:
        raise TypeError(f"rate={rate!r} and rule={rule!r}: a rule has its own rate; write it there, and leave rate out")
    if rate is not None:
        return GradientDescent(rate)
    if rule is None and earlier is not None and earlier.rule is not None:
        return earlier.rule
    if rule is None and earlier is None:
        return GradientDescent(rate=0.1)
    if rule is None:
        raise TypeError("the rule of this run was not saved with it; give it again, as rule=…")
    if isinstance(rule, type) or not (hasattr(rule, "initial") and hasattr(rule, "step")):
        called = rule.__name__ if isinstance(rule, type) else str(rule)
        near = get_close_matches(called.lower(), RULE_NAMES, 1)
        raise TypeError(f"rule={rule!r} is no rule; write rule={RULE_NAMES[near[0]] if near else RULE_NAMES['sgd']}")
    return rule


def _loss_on(given: Posed, examples: Any) -> Callable[[Mapping[str, Any]], float]:
    """Return the loss on held-out *examples*, as a function of the values of the variables that move."""
    from gradlab.sources import at_point

    if given.feed is None:
        raise ValueError("held-out examples without batches: write batches=(X, y), so that it is known what they are")
    data = {name: as_array(name, value) for name, value in given.feed.bound(examples).items()}
    function, _ = at_point(given.function, {**given.start, **data})
    return lambda point: float(function({**data, **point}))


def _on_ground(rule: Any, engine: Engine, layout: Layout) -> Rule:
    """Return *rule*, given the ground that it asks for."""
    asks = getattr(rule, "ground", False) is None
    return replace(rule, ground=Ground(engine, layout)) if asks else rule


def _pause_of(earlier: Trajectory) -> Pause:
    if earlier.pause is None:
        raise ValueError(
            f"the run cannot go on from where it ended: {earlier.stopped}; "
            "descend(f, run.points[-1]) starts a new one there"
        )
    return earlier.pause


def _check_numbers(steps: Any, epochs: Any) -> None:
    for name, number in (("steps", steps), ("epochs", epochs)):
        if number is None:
            continue
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(f"{name}={number!r} is not a whole number; write one, such as {name}=100")
        if number < 0 or (name == "epochs" and number == 0):
            raise ValueError(
                f"{name}={number!r} is {'negative' if number < 0 else 'none'}; steps=0 returns the start alone"
            )


def _last(steps: int | None, epochs: int | None, first: int) -> int | None:
    """Return the number of the last step; None where the epochs decide."""
    if steps is None:
        return None if epochs is not None else first + _STEPS
    return first + steps


def _dtype(start: Any, pause: Pause | None) -> Any:
    """Return the floating dtype that all tensors in *start* share, or that of a run that goes on; None without one."""
    if pause is not None:
        return pause.dtype
    values = start.values() if isinstance(start, Mapping) else [start]
    found = {value.dtype for value in values if hasattr(value, "detach") and value.is_floating_point()}
    return found.pop() if len(found) == 1 else None


def _finite_at_start(engine: Engine, given: Posed) -> bool:
    """Return whether the loss is finite at the start; raises DomainError where it is not a number."""
    import numpy as np

    with np.errstate(all="ignore"):
        loss, _ = engine.evaluate(engine.start)
    if isnan(loss):
        unread = given.function.no_formula
        raise DomainError(
            f"{given.function.signature} is not a number at the start, {given.start!r}: there is no way down"
            f"{f'; it has no formula: {unread}' if unread else ''}"
        )
    return loss not in (float("inf"), float("-inf"))


def _compared(given: Posed, routes: tuple[str, ...]) -> Comparison:
    from gradlab.comparison import Verdict, compare

    wrt = list(given.start) if given.given else None
    comparison = compare(given.function, given.point, wrt=wrt, routes=routes)
    if comparison.verdict is Verdict.DIFFER:
        raise GradientMismatch(
            f"not started: the gradients of {given.function.signature} differ at the start: {comparison.reason}; "
            "check=False starts all the same"
        )
    return comparison


def _affordable(given: Posed) -> tuple[str, ...]:
    """Return the routes to the gradient at the start that take some seconds at most."""
    from gradlab.numeric.probing import Probe

    if given.function.output is None:
        return ROUTES
    probe, names = Probe(given.function, given.point), list(given.start)
    measured = sum(STEPS_MEASURED * given.point[name].size * probe.entries_moving([name]) for name in names)
    if probe.entries_moving(names) > MOST_EXACT:
        return ()
    return ROUTES if measured <= MOST_MEASURED else ("symbolic", "autodiff")


def _notes(comparison: Comparison | None, routes: tuple[str, ...]) -> tuple[str, ...]:
    """Return what to say of a comparison that is missing or partial, or that neither agreed nor stopped the run."""
    notes: list[str] = []
    if not routes:
        notes.append("the gradients were not compared at the start, as the function is too large for that")
    elif "numeric" not in routes:
        notes.append("finite differences were left out of the comparison at the start; compare(f, at) takes them")
    if comparison is not None and comparison.verdict != "agree":
        notes.append(f"comparison at the start: {comparison.verdict}, {comparison.reason}")
    return tuple(notes)
