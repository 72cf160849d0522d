"""Learning rates that change on the way: sibling frozen classes with one method, the rate of a step.

Steps are counted from 0.  A plain number is the constant schedule, and stands wherever a schedule may stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Any, Protocol, runtime_checkable

from gradlab.descent.settings import count, fraction, positive
from gradlab.misuse import explains_misuse


@runtime_checkable
class Schedule(Protocol):
    """A rate for each step.  `Cosine` is one."""

    def at(self, step: int) -> float:
        """Return the rate of *step*, the first of which is step 0."""
        ...


def rate_at(rate: float | Schedule, step: Any) -> Any:
    """Return the rate of *step*: the number itself, or what the schedule says."""
    # Asked at every step: whether it is a Schedule would take microseconds to find out.
    return rate if isinstance(rate, (float, int)) else rate.at(step)


def rate_or_schedule(rule: str, value: Any) -> float | Schedule:
    """Return *value* if it is a schedule, else as a positive float; raises an error that says what to write."""
    return value if isinstance(value, Schedule) and not isinstance(value, type) else positive(rule, "rate", value)


@explains_misuse
@dataclass(frozen=True)
class StepDecay:
    """A rate that falls by steps: rate_k = rate · factor^⌊k / every⌋.

    every: steps between two falls.  factor: what each multiplies the rate by.
    As torch.optim.lr_scheduler.StepLR.

    >>> [StepDecay(0.8, every=2, factor=0.5).at(step) for step in range(5)]
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", positive("StepDecay", "rate", self.rate))
        object.__setattr__(self, "every", count("StepDecay", "every", self.every))
        object.__setattr__(self, "factor", positive("StepDecay", "factor", self.factor))

    def at(self, step: int) -> float:
        return self.rate * self.factor ** (step // self.every)


@explains_misuse
@dataclass(frozen=True)
class Cosine:
    """Half a cosine from the rate down to the lowest: rate_k = lowest + (rate - lowest) (1 + cos(π k / steps)) / 2.

    After *steps* steps the rate stays at *lowest*.
    I. Loshchilov & F. Hutter, SGDR (2017), equation 5; as torch.optim.lr_scheduler.CosineAnnealingLR up to there.

    >>> [round(Cosine(0.4, steps=4).at(step), 3) for step in range(6)]
    [0.4, 0.341, 0.2, 0.059, 0.0, 0.0]
    """

    rate: float
    steps: int
    lowest: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", positive("Cosine", "rate", self.rate))
        object.__setattr__(self, "steps", count("Cosine", "steps", self.steps))
        if not 0 <= self.lowest < self.rate:
            raise ValueError(f"lowest={self.lowest!r} is not between 0 and rate={self.rate!r}")

    def at(self, step: int) -> float:
        done = min(step, self.steps) / self.steps
        return self.lowest + (self.rate - self.lowest) * (1 + cos(pi * done)) / 2


@explains_misuse
@dataclass(frozen=True)
class WarmUp:
    """A straight line up to the rate, then the rate: rate_k = rate_then(k - steps) once k ≥ steps, and before that
    rate · (start + (1 - start) k / steps).

    rate: a number, or a schedule that begins where the line ends.  start: the fraction of the rate to begin with.
    As torch.optim.lr_scheduler.LinearLR; with a schedule as SequentialLR of the two.

    >>> [WarmUp(1.0, steps=4, start=0.5).at(step) for step in range(6)]
    [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]
    """

    rate: float | Schedule
    steps: int
    start: float = 1 / 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", rate_or_schedule("WarmUp", self.rate))
        object.__setattr__(self, "steps", count("WarmUp", "steps", self.steps))
        object.__setattr__(self, "start", fraction("WarmUp", "start", self.start))

    def at(self, step: int) -> float:
        if step >= self.steps:
            return rate_at(self.rate, step - self.steps)
        return rate_at(self.rate, 0) * (self.start + (1 - self.start) * step / self.steps)


@explains_misuse
@dataclass(frozen=True)
class OneCycle:
    """One cosine up to the highest rate and one down to nearly nothing, over *steps* steps in all.

    Up from highest / divide over the first fraction *rising* of the steps, then down to highest / (divide · end):
    from a to b at the fraction p of the way it is b + (a - b) (1 + cos(π p)) / 2.  After the last step it stays there.
    L. Smith & N. Topin, *Super-convergence* (2018); as torch.optim.lr_scheduler.OneCycleLR without its momentum.

    >>> [round(OneCycle(1.0, steps=10).at(step), 3) for step in (0, 1, 2, 6, 9)]
    [0.04, 0.52, 1.0, 0.389, 0.0]
    """

    highest: float
    steps: int
    rising: float = 0.3
    divide: float = 25.0
    end: float = 1e4

    def __post_init__(self) -> None:
        object.__setattr__(self, "highest", positive("OneCycle", "highest", self.highest))
        object.__setattr__(self, "steps", count("OneCycle", "steps", self.steps))
        object.__setattr__(self, "rising", fraction("OneCycle", "rising", self.rising))
        object.__setattr__(self, "divide", positive("OneCycle", "divide", self.divide))
        object.__setattr__(self, "end", positive("OneCycle", "end", self.end))

    def at(self, step: int) -> float:
        first = self.highest / self.divide
        top, last = self.rising * self.steps - 1, self.steps - 1
        if step <= top:
            return _cosine(first, self.highest, step / top if top > 0 else 1.0)
        return _cosine(self.highest, first / self.end, min((step - top) / (last - top), 1.0) if last > top else 1.0)


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + cos(pi * done)) / 2
