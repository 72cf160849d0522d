"""The rules that turn a gradient into a step: sibling frozen classes with the same two methods.

A rule sees all variables as one flat vector, so that its code is its formula. It is written with the
arithmetic that NumPy arrays and torch tensors share, and never changes what it is given.
g stands for ∇f(x_k), and what is done to a vector is done entry by entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from gradlab.descent.schedules import Schedule, rate_at, rate_or_schedule
from gradlab.descent.settings import fraction, not_negative, positive
from gradlab.misuse import explains_misuse

Vector = Any
"""A NumPy array or a torch tensor with one axis: the values of all variables, one after the other."""

State = tuple[Any, ...]
"""What a rule remembers between two steps: numbers and vectors.  Most count their steps in its first entry."""


class Rule(Protocol):
    """How to step.  `GradientDescent` is one."""

    def initial(self, x: Vector) -> State:
        """Return what the rule remembers before the first step, which starts at *x*."""
        ...

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Return the next point, and what the rule remembers then."""
        ...


@explains_misuse
@dataclass(frozen=True)
class GradientDescent:
    """Plain gradient descent: x_{k+1} = x_k - rate_k g.

    rate: the learning rate, a positive number or a schedule; in units of x² per unit of f.
    Raises ValueError where the rate is zero, negative, infinite or NaN, TypeError where it is no number.
    A. Cauchy, Comptes rendus 25 (1847), 536-538; Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006),
    section 3.3.

    >>> GradientDescent(rate=0.1).step(3.0, 6.0, (0,))
    (2.4, (1,))
    """

    rate: float | Schedule

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", rate_or_schedule("GradientDescent", self.rate))

    def initial(self, x: Vector) -> State:
        return (0,)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        (k,) = state
        return x - rate_at(self.rate, k) * gradient, (k + 1,)


@explains_misuse
@dataclass(frozen=True)
class Momentum:
    """The heavy ball: v_{k+1} = momentum v_k + (1 - dampening) g, x_{k+1} = x_k - rate_k v_{k+1}; v_1 = g.

    momentum: how much of the last velocity is kept, from 0 to below 1.
    B. Polyak, USSR Comp. Math. Math. Phys. 4 (1964), 1-17; in the form of torch.optim.SGD.

    >>> Momentum(rate=0.1, momentum=0.5).step(3.0, 6.0, (1, 2.0))
    (2.3, (2, 7.0))
    """

    rate: float | Schedule
    momentum: float = 0.9
    dampening: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", rate_or_schedule("Momentum", self.rate))
        object.__setattr__(self, "momentum", fraction("Momentum", "momentum", self.momentum))
        object.__setattr__(self, "dampening", fraction("Momentum", "dampening", self.dampening))

    def initial(self, x: Vector) -> State:
        return (0, 0 * x)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        k, velocity = state
        velocity = self.momentum * velocity + (1 - self.dampening * (k > 0)) * gradient
        return x - rate_at(self.rate, k) * velocity, (k + 1, velocity)


@explains_misuse
@dataclass(frozen=True)
class Nesterov:
    """Momentum that looks ahead: v_{k+1} = momentum v_k + g, x_{k+1} = x_k - rate_k (g + momentum v_{k+1}); v_1 = g.

    Y. Nesterov, Soviet Math. Dokl. 27 (1983), 372-376, in the form of Sutskever et al. (2013), as torch.optim.SGD.

    >>> Nesterov(rate=0.1, momentum=0.5).step(3.0, 6.0, (1, 2.0))
    (2.05, (2, 7.0))
    """

    rate: float | Schedule
    momentum: float = 0.9

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", rate_or_schedule("Nesterov", self.rate))
        object.__setattr__(self, "momentum", fraction("Nesterov", "momentum", self.momentum))

    def initial(self, x: Vector) -> State:
        return (0, 0 * x)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        k, velocity = state
        velocity = self.momentum * velocity + gradient
        return x - rate_at(self.rate, k) * (gradient + self.momentum * velocity), (k + 1, velocity)


@explains_misuse
@dataclass(frozen=True)
class AdaGrad:
    """A rate for each entry that falls with what its gradients were: s_{k+1} = s_k + g²,
    x_{k+1} = x_k - rate_k g / (√s_{k+1} + epsilon).

    J. Duchi, E. Hazan & Y. Singer, JMLR 12 (2011), 2121-2159; as torch.optim.Adagrad.

    >>> AdaGrad(rate=0.5, epsilon=0.0).step(3.0, 4.0, (1, 9.0))
    (2.6, (2, 25.0))
    """

    rate: float | Schedule = 0.01
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", rate_or_schedule("AdaGrad", self.rate))
        object.__setattr__(self, "epsilon", not_negative("AdaGrad", "epsilon", self.epsilon))

    def initial(self, x: Vector) -> State:
        return (0, 0 * x)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        k, squares = state
        squares = squares + gradient * gradient
        return x - rate_at(self.rate, k) * gradient / (squares**0.5 + self.epsilon), (k + 1, squares)


@explains_misuse
@dataclass(frozen=True)
class RMSProp:
    """A rate for each entry by its latest gradients: s_{k+1} = keep s_k + (1 - keep) g²,
    x_{k+1} = x_k - rate_k v_{k+1} with v_{k+1} = momentum v_k + g / (√s_{k+1} + epsilon).

    keep: how much of the last mean of squares is kept.  centred: take the variance in place of s, that is s - m² with
    the mean m_{k+1} = keep m_k + (1 - keep) g.
    T. Tieleman & G. Hinton, lecture 6.5 (2012); A. Graves (2013), section 4.2, for the centred form; as
    torch.optim.RMSprop.

    >>> RMSProp(rate=0.5, keep=0.0, epsilon=0.0).step(3.0, 4.0, (1, 9.0, 0.0, 0.0))
    (2.5, (2, 16.0, 0.0, 1.0))
    """

    rate: float | Schedule = 0.01
    keep: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centred: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", rate_or_schedule("RMSProp", self.rate))
        object.__setattr__(self, "keep", fraction("RMSProp", "keep", self.keep))
        object.__setattr__(self, "epsilon", not_negative("RMSProp", "epsilon", self.epsilon))
        object.__setattr__(self, "momentum", fraction("RMSProp", "momentum", self.momentum))

    def initial(self, x: Vector) -> State:
        return (0, 0 * x, 0 * x, 0 * x)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        k, squares, mean, velocity = state
        squares = self.keep * squares + (1 - self.keep) * (gradient * gradient)
        if self.centred:
            mean = self.keep * mean + (1 - self.keep) * gradient
        spread = squares - mean * mean if self.centred else squares
        velocity = self.momentum * velocity + gradient / (spread**0.5 + self.epsilon)
        return x - rate_at(self.rate, k) * velocity, (k + 1, squares, mean, velocity)


@explains_misuse
@dataclass(frozen=True)
class Adam:
    """Means of the gradient and of its square, both freed of their start at 0 (k counted from 1):
    m_k = β₁ m_{k-1} + (1 - β₁) g, s_k = β₂ s_{k-1} + (1 - β₂) g²,
    x_k = x_{k-1} - rate m_k / (1 - β₁^k) / (√(s_k / (1 - β₂^k)) + epsilon).

    first, second: β₁ and β₂, how much of each mean is kept.
    largest: take the largest s so far in place of s_k (AMSGrad).
    D. Kingma & J. Ba, *Adam* (2015), algorithm 1; S. Reddi, S. Kale & S. Kumar (2018), algorithm 2, for the largest;
    as torch.optim.Adam.

    >>> x, state = Adam(rate=0.5).step(3.0, 4.0, (0, 0.0, 0.0, 0.0))
    >>> round(x, 6)
    2.5
    """

    rate: float | Schedule = 0.001
    first: float = 0.9
    second: float = 0.999
    epsilon: float = 1e-8
    largest: bool = False

    def __post_init__(self) -> None:
        _check_adam(self)

    def initial(self, x: Vector) -> State:
        return (0, 0 * x, 0 * x, 0 * x)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        k, mean, squares, largest = state
        mean = self.first * mean + (1 - self.first) * gradient
        squares = self.second * squares + (1 - self.second) * (gradient * gradient)
        if self.largest:
            largest = largest + (squares - largest) * (squares > largest)
        used = largest if self.largest else squares
        return _adam(self, x, rate_at(self.rate, k), k, mean, used), (k + 1, mean, squares, largest)


@explains_misuse
@dataclass(frozen=True)
class AdamW:
    """Adam after a step that shrinks the point itself: x ← (1 - rate decay) x, then as `Adam` with the same means.

    decay: what is taken from each entry of x, per step and per unit of the rate.
    I. Loshchilov & F. Hutter, *Decoupled weight decay regularization* (2019), algorithm 2; as torch.optim.AdamW.

    >>> x, state = AdamW(rate=0.5, decay=0.1).step(3.0, 4.0, (0, 0.0, 0.0))
    >>> round(x, 6)
    2.35
    """

    rate: float | Schedule = 0.001
    first: float = 0.9
    second: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.01

    def __post_init__(self) -> None:
        _check_adam(self)
        object.__setattr__(self, "decay", not_negative("AdamW", "decay", self.decay))

    def initial(self, x: Vector) -> State:
        return (0, 0 * x, 0 * x)

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        k, mean, squares = state
        rate = rate_at(self.rate, k)
        mean = self.first * mean + (1 - self.first) * gradient
        squares = self.second * squares + (1 - self.second) * (gradient * gradient)
        shrunk = (1 - rate * self.decay) * x
        return _adam(self, shrunk, rate, k, mean, squares), (k + 1, mean, squares)


def _adam(rule: Adam | AdamW, x: Vector, rate: Any, k: Any, mean: Vector, squares: Vector) -> Vector:
    """Return the point after *k* + 1 steps by the two means, freed of their start at 0."""
    unbiased, spread = 1 - rule.first ** (k + 1), (1 - rule.second ** (k + 1)) ** 0.5
    return x - rate / unbiased * mean / (squares**0.5 / spread + rule.epsilon)


def _check_adam(rule: Adam | AdamW) -> None:
    name = type(rule).__name__
    object.__setattr__(rule, "rate", rate_or_schedule(name, rule.rate))
    for mean in ("first", "second"):
        object.__setattr__(rule, mean, fraction(name, mean, getattr(rule, mean)))
    object.__setattr__(rule, "epsilon", positive(name, "epsilon", rule.epsilon))
