"""The rules that turn a gradient into a step: sibling frozen classes with the same two methods.

A rule sees all variables as one flat vector, so that its code is its formula. It is written with the
arithmetic that NumPy arrays and torch tensors share, and never changes what it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Vector = Any
"""A NumPy array or a torch tensor with one axis: the values of all variables, one after the other."""

State = tuple[Any, ...]
"""What a rule remembers between two steps."""


class Rule(Protocol):
    """How to step.  `GradientDescent` is one."""

    def initial(self, x: Vector) -> State:
        """Return what the rule remembers before the first step, which starts at *x*."""
        ...

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Return the next point, and what the rule remembers then."""
        ...


@dataclass(frozen=True)
class GradientDescent:
    """Plain gradient descent: x_{k+1} = x_k - rate * ∇f(x_k).

    rate: the learning rate, a positive number; in units of x² per unit of f.
    Raises ValueError where the rate is zero, negative, infinite or NaN, TypeError where it is no number.
    A. Cauchy, Comptes rendus 25 (1847), 536-538; Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006),
    section 3.3.

    >>> GradientDescent(rate=0.1).step(3.0, 6.0, ())
    (2.4, ())
    """

    rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", _positive("GradientDescent", "rate", self.rate))

    def initial(self, x: Vector) -> State:
        return ()

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        return x - self.rate * gradient, state


_WRONG = {
    "zero": "would never move",
    "negative": "would climb; to climb f, descend -f",
    "infinite": "is not finite",
    "nan": "is not a number",
}


def _positive(rule: str, name: str, value: Any) -> float:
    """Return *value* as a float; raises an error that repeats it and says what to write."""
    wanted = f"write a positive number, such as {rule}({name}=0.1)"
    if isinstance(value, (bool, str, bytes)):
        raise TypeError(f"{name}={value!r} is not a number; {wanted}")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}={value!r} is not a number; {wanted}") from error
    except OverflowError:
        number = float("inf")
    if number != number:
        fault = "nan"
    elif number in (float("inf"), float("-inf")):
        fault = "infinite"
    else:
        fault = "zero" if number == 0 else "negative" if number < 0 else ""
    if fault:
        raise ValueError(f"{name}={value!r} {_WRONG[fault]}; {wanted}")
    return number
