"""When a run is to end: sibling frozen classes with the same two methods, and the words for why it did.

A condition never changes; what it has to remember on the way is handed from point to point, so that a run can be
saved, and go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from gradlab.descent.settings import count, not_negative, positive
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.graph.point import Array

Memory = tuple[Any, ...]
"""What a condition remembers between two points: numbers, and such tuples again."""

Callback = Callable[[int, "Mapping[str, Array]", float], Any]
"""(steps taken, {variable: array}, loss) -> whether to stop there."""


class Here:
    """The point where a run is, for a condition to judge.

    step, loss: how many steps were taken, and the loss there.
    epoch: the number of the epoch, counted from 0; None without batches.
    epoch_ends: whether the batch of this point is the last of its epoch.
    epochs_done: how many epochs the steps to this point went through.
    began: the reading of time.perf_counter when the run began.
    """

    step: int
    loss: float
    began: float
    epoch: int | None
    epoch_ends: bool
    epochs_done: int

    def __init__(
        self,
        step: int,
        loss: float,
        at: Callable[[], Mapping[str, Array]],
        slope: Callable[[], Array],
        began: float,
        epoch: int | None = None,
        epoch_ends: bool = False,
        epochs_done: int = 0,
    ) -> None:
        self.step, self.loss, self.began = step, loss, began
        self.epoch, self.epoch_ends, self.epochs_done = epoch, epoch_ends, epochs_done
        self._at, self._slope = at, slope

    @cached_property
    def point(self) -> Mapping[str, Array]:
        """The value of each variable."""
        return self._at()

    @cached_property
    def gradient_norm(self) -> float:
        """The length of the gradient."""
        import numpy as np

        return float(np.linalg.norm(self._slope()))

    @property
    def after(self) -> str:
        """How many steps were taken, in words."""
        return f"after {steps_in_words(self.step)}"


class Condition(Protocol):
    """When to stop.  `FlatGradient` is one."""

    @property
    def kind(self) -> str:
        """One word for why it stops."""
        ...

    def initial(self) -> Memory:
        """Return what is remembered before the first point."""
        ...

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        """Return why to stop here, "" to go on, and what is remembered then."""
        ...


class Stopped(str):
    """Why a run ended, in words that also know the kind and the step.

    kind: "steps", "epochs", "flat" (a step no longer moved), "not finite", "rule" (it could not step), "interrupted",
        or that of a condition: "gradient", "loss", "validation", "time", "stop".
    step: the number of the last step taken.

    >>> why = Stopped("took all 3 steps", kind="steps", step=3)
    >>> why, why.kind, why.step
    ('took all 3 steps', 'steps', 3)
    """

    kind: str
    step: int

    def __new__(cls, words: str, *, kind: str = "", step: int = 0) -> Stopped:
        made = super().__new__(cls, words)
        made.kind, made.step = kind, step
        return made


@explains_misuse
@dataclass(frozen=True)
class FlatGradient:
    """Stop where the gradient is shorter than *below*, in units of f per unit of x: |∇f(x_k)| < below.

    >>> from gradlab import descend
    >>> descend("x**2", 3.0, stop=FlatGradient(1e-3)).stopped
    'the gradient is 0.000997 long, shorter than 0.001, after 39 steps'
    """

    below: float = 1e-8
    kind = "gradient"

    def __post_init__(self) -> None:
        object.__setattr__(self, "below", positive("FlatGradient", "below", self.below))

    def initial(self) -> Memory:
        return ()

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        if not here.gradient_norm < self.below:
            return "", memory
        said = f"the gradient is {here.gradient_norm:.3g} long, shorter than {self.below:g}, {here.after}"
        return said, memory


@explains_misuse
@dataclass(frozen=True)
class LossBelow:
    """Stop where the loss is below *value*, in units of f.

    >>> from gradlab import descend
    >>> descend("x**2", 3.0, stop=LossBelow(0.1)).stopped
    'the loss is 0.0664, below 0.1, after 11 steps'
    """

    value: float
    kind = "loss"

    def initial(self) -> Memory:
        return ()

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        said = f"the loss is {here.loss:.3g}, below {self.value:g}, {here.after}"
        return (said if here.loss < self.value else ""), memory


@explains_misuse
@dataclass(frozen=True)
class NoProgress:
    """Stop where the loss is no longer falling: not by more than the fraction *by* of its lowest in *patience* steps.

    With batches it is the mean of the losses of an epoch that has to fall, and patience counts epochs.

    >>> from gradlab import descend
    >>> descend("x**2 + 1", 3.0, stop=NoProgress(patience=3, by=1e-3)).stopped
    'the loss has not fallen below 1.00077 by more than 0.001 of it for 3 steps, after 24 steps'
    """

    patience: int = 10
    by: float = 1e-9
    kind = "loss"

    def __post_init__(self) -> None:
        object.__setattr__(self, "patience", count("NoProgress", "patience", self.patience))
        object.__setattr__(self, "by", not_negative("NoProgress", "by", self.by))

    def initial(self) -> Memory:
        return (float("inf"), 0, 0.0, 0)  # the lowest, how long ago, the sum of this epoch and its batches

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        lowest, waited, total, batches = memory
        total, batches = total + here.loss, batches + 1
        if here.epoch is not None and not here.epoch_ends:
            return "", (lowest, waited, total, batches)
        loss = total / batches
        fell = loss < lowest - self.by * abs(lowest) if lowest < float("inf") else loss < lowest
        lowest, waited = (loss, 0) if fell else (lowest, waited + 1)
        if waited < self.patience:
            return "", (lowest, waited, 0.0, 0)
        unit = "step" if here.epoch is None else "epoch"
        length = f"{waited} {unit}s" if waited != 1 else f"1 {unit}"
        said = f"the loss has not fallen below {lowest:.6g} by more than {self.by:g} of it for {length}, {here.after}"
        return said, (lowest, waited, 0.0, 0)


@explains_misuse
@dataclass(frozen=True)
class Validation:
    """Measure on the way what is not descended, keep the best point, and stop when it has got no better for a while.

    metric: called with {variable: array}, returns a number; or arrays (X, y) of held-out examples, on which the loss
        itself is measured.
    patience: after how many measurements without a better one to stop; None never stops.
    every: steps between two measurements; by default there is one at the start and one after each epoch, without
        batches one after each step.
    higher: whether a larger number is better.
    The best point is `trajectory.best`, all measurements are `trajectory.validations`.
    """

    metric: Any
    patience: int | None = 5
    every: int | None = None
    higher: bool = False
    kind = "validation"

    def __post_init__(self) -> None:
        if not callable(self.metric) and not isinstance(self.metric, (tuple, Mapping)):
            raise TypeError(
                f"metric={self.metric!r} is no metric; write a function of {{variable: array}} that returns a number, "
                "or held-out examples (X, y)"
            )
        for name in ("patience", "every"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, count("Validation", name, getattr(self, name)))

    def initial(self) -> Memory:
        # The step of the best and its metric, how long ago, the latest step and its metric, the epochs done then.
        return (-1, float("-inf") if self.higher else float("inf"), 0, -1, 0.0, -1)

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        if self.every is not None:
            due = here.step % self.every == 0
        else:
            due = here.epoch is None or here.epochs_done != memory[-1]
        if not due:
            return "", memory
        best_step, best, waited, *_ = memory
        measured = float(self.metric(here.point))
        better = measured > best if self.higher else measured < best
        best_step, best, waited = (here.step, measured, 0) if better else (best_step, best, waited + 1)
        said = ""
        if self.patience is not None and waited >= self.patience:
            said = (
                f"the validation metric, {measured:.6g}, has not got better than {best:.6g} of step {best_step:,} "
                f"for {waited} measurements, {here.after}"
            )
        return said, (best_step, best, waited, here.step, measured, here.epochs_done)


@explains_misuse
@dataclass(frozen=True)
class TimeLimit:
    """Stop after *seconds*, as soon as a step is done."""

    seconds: float
    kind = "time"

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", positive("TimeLimit", "seconds", self.seconds))

    def initial(self) -> Memory:
        return ()

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        over = time.perf_counter() - here.began >= self.seconds
        return (f"{self.seconds:g} seconds are over, {here.after}" if over else ""), memory


@explains_misuse
@dataclass(frozen=True)
class AllOf:
    """Stop where all of several conditions say so at once; a list of conditions stops where any of them does."""

    conditions: tuple[Condition, ...]
    kind = "stop"

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", conditions_of(self.conditions))

    def initial(self) -> Memory:
        return tuple(condition.initial() for condition in self.conditions)

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        judged = [condition.judge(here, known) for condition, known in zip(self.conditions, memory, strict=True)]
        reasons = [reason for reason, _ in judged]
        return ("; and ".join(reasons) if all(reasons) else ""), tuple(known for _, known in judged)


@dataclass(frozen=True)
class SaidSo:
    """Stop where a function of the user's own says so."""

    call: Callback
    kind = "stop"

    def initial(self) -> Memory:
        return ()

    def judge(self, here: Here, memory: Memory) -> tuple[str, Memory]:
        return (f"stop() said so {here.after}" if self.call(here.step, here.point, here.loss) else ""), memory


def on_examples(conditions: tuple[Condition, ...], loss_on: Callable[[Any], Callable[..., float]]) -> tuple[Any, ...]:
    """Return the conditions with the loss in place of held-out examples to measure it on.

    loss_on: from examples to the loss on them, a function of {variable: array}.
    """
    return tuple(
        replace(condition, metric=loss_on(condition.metric))
        if isinstance(condition, Validation) and not callable(condition.metric)
        else condition
        for condition in conditions
    )


def conditions_of(stop: Any) -> tuple[Condition, ...]:
    """Return what was given as ``stop=`` as conditions: None, one, a function, or several of them.

    Raises TypeError, with what to write, for anything else.
    """
    if stop is None:
        return ()
    if isinstance(stop, (list, tuple)):
        return tuple(condition for one in stop for condition in conditions_of(one))
    if hasattr(stop, "judge") and not isinstance(stop, type):
        return (stop,)
    if callable(stop) and not isinstance(stop, type):
        return (SaidSo(stop),)
    raise TypeError(
        f"stop={stop!r} cannot be called; write stop=lambda step, point, loss: loss < 0.01, or stop=FlatGradient(1e-6)"
    )


def steps_in_words(number: int) -> str:
    """Return a number of steps in words.

    >>> steps_in_words(1), steps_in_words(2000)
    ('1 step', '2,000 steps')
    """
    return "1 step" if number == 1 else f"{number:,} steps"
