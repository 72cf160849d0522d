"""Right and wrong gradients of functions that checkers find hard, built alike in every run.

Each function is written once, over a module of functions (NumPy, torch or jax.numpy), with its gradient by hand;
each right gradient is then spoilt in the ways in which people spoil theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.more_garbow_hillstrom import PROBLEMS

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Problem:
    """A function of one vector, a point, and the gradient there.

    f: called with a module of functions and the vector.  at: its dtype is that of the whole case.
    kind: what makes it hard.
    """

    name: str
    kind: str
    f: Callable[[Any, Any], Any]
    at: Array
    gradient: Array


@dataclass(frozen=True, eq=False)
class Case:
    """A gradient that somebody claims, and whether it is right."""

    problem: Problem
    claimed: Array
    right: bool
    how: str

    @property
    def name(self) -> str:
        return f"{self.problem.name}, {self.how}"


# The functions ---------------------------------------------------------------------------------------


def cubes(scale: float) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (lambda xp, x: scale * (x**3).sum()), (lambda x: 3 * scale * x**2)


def shifted_squares(offset: float) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (lambda xp, x: offset + (x**2).sum()), (lambda x: 2 * x)


def far_squares(centre: float) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (lambda xp, x: ((x - centre) ** 2).sum()), (lambda x: 2 * (x - centre))


def rosenbrock(xp: Any, x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_gradient(x: Array) -> Array:
    found = np.zeros_like(x)
    inner = x[1:] - x[:-1] ** 2
    found[:-1] = -400 * x[:-1] * inner - 2 * (1 - x[:-1])
    found[1:] += 200 * inner
    return found


def log_sum_exp(xp: Any, x: Any) -> Any:
    return xp.log(xp.exp(x).sum())


def log_sum_exp_gradient(x: Array) -> Array:
    return np.exp(x) / np.exp(x).sum()


def entropy(xp: Any, x: Any) -> Any:
    return -(x * xp.log(x)).sum()


def entropy_gradient(x: Array) -> Array:
    return -np.log(x) - 1


def least_squares(X: Array, y: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (
        (lambda xp, w: ((xp.asarray(X) @ w - xp.asarray(y)) ** 2).mean()),
        (lambda w: 2 / len(y) * X.T @ (X @ w - y)),
    )


def logistic(X: Array, y: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    def f(xp: Any, w: Any) -> Any:
        z = xp.asarray(X) @ w
        return (xp.log(1 + xp.exp(z)) - xp.asarray(y) * z).mean()

    return f, lambda w: X.T @ (1 / (1 + np.exp(-X @ w)) - y) / len(y)


def poisson(X: Array, y: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    def f(xp: Any, w: Any) -> Any:
        z = xp.asarray(X) @ w
        return (xp.exp(z) - xp.asarray(y) * z).sum()

    return f, lambda w: X.T @ (np.exp(X @ w) - y)


def quadratic(A: Array, b: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (
        (lambda xp, x: x @ (xp.asarray(A) @ x) / 2 - xp.asarray(b) @ x),
        (lambda x: (A + A.T) @ x / 2 - b),
    )


def cosine(b: Array) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    def gradient(x: Array) -> Array:
        long, other = np.sqrt((x**2).sum()), np.sqrt((b**2).sum())
        return b / (long * other) - (x @ b) * x / (long**3 * other)

    return (lambda xp, x: x @ xp.asarray(b) / (xp.sqrt((x**2).sum()) * float(np.sqrt((b**2).sum())))), gradient


def elementwise(
    f: Callable[[Any, Any], Any], slope: Callable[[Array], Array]
) -> tuple[Callable[[Any, Any], Any], Callable[[Array], Array]]:
    return (lambda xp, x: f(xp, x).sum()), slope


def huber(xp: Any, x: Any) -> Any:
    size = xp.abs(x)
    return xp.where(size <= 1, x**2 / 2, size - 0.5).sum()


def huber_gradient(x: Array) -> Array:
    return np.clip(x, -1, 1)


def largest(xp: Any, x: Any) -> Any:
    return (xp.maximum(x[:-1], x[1:]) ** 2).sum()


def largest_gradient(x: Array) -> Array:
    found = np.zeros_like(x)
    first = x[:-1] > x[1:]
    found[:-1] += np.where(first, 2 * x[:-1], 0)
    found[1:] += np.where(first, 0, 2 * x[1:])
    return found


def product(xp: Any, x: Any) -> Any:
    return x[0] * x[1] * x[2] + x[0] / x[1] - x[2] ** 2


def product_gradient(x: Array) -> Array:
    a, b, c = x
    return np.array([b * c + 1 / b, a * c - a / b**2, a * b - 2 * c])


# The points ------------------------------------------------------------------------------------------


def problems() -> Iterator[Problem]:
    """Yield every problem; where its point is drawn, at three points."""
    for kind, build in KINDS.items():
        seen: set[tuple[str, bytes]] = set()
        for seed in range(1 if kind in DRAWN_ONCE else 3):
            for name, (f, slope), at in build(np.random.default_rng(seed)):
                dtype = np.float32 if kind == "float32" else np.float64
                point = np.asarray(at, dtype=dtype)
                gradient = slope(point)
                assert gradient.dtype == dtype, name
                if (name, point.tobytes()) not in seen:
                    seen.add((name, point.tobytes()))
                    yield Problem(f"{name}{' again' * seed}", kind, f, point, gradient)


def _smooth(random: np.random.Generator) -> Iterator[Any]:
    yield "rosenbrock of 2", (rosenbrock, rosenbrock_gradient), [-1.2, 1.0]
    yield "rosenbrock of 10", (rosenbrock, rosenbrock_gradient), random.normal(size=10)
    yield "log-sum-exp", (log_sum_exp, log_sum_exp_gradient), random.normal(size=10)
    yield "product", (product, product_gradient), [2.0, -3.0, 0.5]
    X, y = random.normal(size=(40, 6)), random.normal(size=40)
    yield "least squares", least_squares(X, y), random.normal(size=6)
    yield "logistic", logistic(X, (y > 0).astype(float)), random.normal(size=6)
    yield "poisson", poisson(X / 4, np.exp(y)), random.normal(size=6)
    yield "cosine", cosine(random.normal(size=5)), random.normal(size=5)
    yield "entropy", (entropy, entropy_gradient), random.uniform(0.1, 0.9, 5)
    yield "sines", elementwise(lambda xp, x: xp.sin(x) * x, lambda x: np.cos(x) * x + np.sin(x)), random.normal(size=6)
    yield "bell", elementwise(lambda xp, x: xp.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2))), [0.3, -1.1, 2.0]
    yield "tanh", elementwise(lambda xp, x: xp.tanh(x) ** 2, _tanh_slope), random.normal(size=4)


def _tanh_slope(x: Array) -> Array:
    return 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)


def _scales(random: np.random.Generator) -> Iterator[Any]:
    for scale in (1e-12, 1e12):
        yield f"cubes times {scale:g}", cubes(scale), random.normal(size=4)
        yield f"cubes at {scale:g}", cubes(1.0), random.normal(size=4) * scale
    yield "squares of mixed size", shifted_squares(0.0), [1e-12, 1e-6, 1.0, 1e6, 1e12]
    inverse = elementwise(lambda xp, x: 1 / x, lambda x: -1 / x**2)
    yield "inverse at 1e-6", inverse, [1e-6, -2e-6]
    yield "inverse at 1e6", inverse, [1e6, -3e6]
    yield "exp at ±27", elementwise(lambda xp, x: xp.exp(x), np.exp), [27.0, 26.0, 25.0]
    yield "exp at -27", elementwise(lambda xp, x: xp.exp(x), np.exp), [-27.0, -28.0]
    X, y = random.normal(size=(20, 3)) * 1e5, random.normal(size=20)
    yield "least squares on large data", least_squares(X, y), random.normal(size=3) * 1e-5
    yield "brown badly scaled", (_brown, _brown_gradient), [1.0, 1.0]
    yield "powell badly scaled", (_powell, _powell_gradient), [0.5, 2.0]


def _brown(xp: Any, x: Any) -> Any:
    return (x[0] - 1e6) ** 2 + (x[1] - 2e-6) ** 2 + (x[0] * x[1] - 2) ** 2


def _brown_gradient(x: Array) -> Array:
    last = 2 * (x[0] * x[1] - 2)
    return np.array([2 * (x[0] - 1e6) + last * x[1], 2 * (x[1] - 2e-6) + last * x[0]])


def _powell(xp: Any, x: Any) -> Any:
    return (1e4 * x[0] * x[1] - 1) ** 2 + (xp.exp(-x[0]) + xp.exp(-x[1]) - 1.0001) ** 2


def _powell_gradient(x: Array) -> Array:
    one, two = 2 * (1e4 * x[0] * x[1] - 1), 2 * (np.exp(-x[0]) + np.exp(-x[1]) - 1.0001)
    return np.array([1e4 * one * x[1] - two * np.exp(-x[0]), 1e4 * one * x[0] - two * np.exp(-x[1])])


def _offsets(random: np.random.Generator) -> Iterator[Any]:
    for offset in (1e4, 1e6, -1e8):
        yield f"squares on top of {offset:g}", shifted_squares(offset), random.normal(size=4)
    for centre in (1e3, 1e6, -1e8):
        yield f"squares around {centre:g}", far_squares(centre), centre + random.normal(size=3)
    shifted = elementwise(lambda xp, x: xp.exp(x - 1000), lambda x: np.exp(x - 1000))
    yield "exp(x - 1000)", shifted, [999.5, 1001.25]
    yield "sin at 1e4", elementwise(lambda xp, x: xp.sin(x), np.cos), [1e4, 2e4 + 0.3]
    yield "log-sum-exp at 500", (log_sum_exp, log_sum_exp_gradient), 500 + random.normal(size=5)


def _near_kinks(random: np.random.Generator) -> Iterator[Any]:
    for gap in (1e-2, 1e-5, 1e-8):
        sizes = elementwise(lambda xp, x: xp.abs(x) * (1 + x), lambda x: np.sign(x) * (1 + 2 * x))
        yield f"|x| (1 + x) at ±{gap:g}", sizes, [gap, -gap, 0.7]
        ramp = elementwise(lambda xp, x: xp.maximum(x, 0 * x) * 3 + x**2, lambda x: 3 * (x > 0) + 2 * x)
        yield f"ramp at ±{gap:g}", ramp, [gap, -gap, 1.0]
        yield f"huber at 1 ± {gap:g}", (huber, huber_gradient), [1 + gap, 1 - gap, -1 - gap, 0.2]
        yield f"maxima {gap:g} apart", (largest, largest_gradient), [1.0, 1 + gap, 0.3, 0.3 - gap]


def _near_edges(random: np.random.Generator) -> Iterator[Any]:
    root = elementwise(lambda xp, x: xp.sqrt(x), lambda x: 0.5 / np.sqrt(x))
    for near in (1e-8, 1e-14):
        yield f"sqrt at {near:g}", root, [near, 2 * near, 1.0]
    log = elementwise(lambda xp, x: xp.log(x), lambda x: 1 / x)
    yield "log at 1e-7", log, [1e-7, 3.0]
    yield "log(1 - x) at 1 - 1e-6", elementwise(lambda xp, x: xp.log(1 - x), lambda x: -1 / (1 - x)), [1 - 1e-6, 0.25]
    yield "entropy at 1e-9", (entropy, entropy_gradient), [1e-9, 0.5, 1 - 1e-9]
    circle = elementwise(lambda xp, x: xp.sqrt(1 - x**2), lambda x: -x / np.sqrt((1 - x) * (1 + x)))
    yield "circle at 1 - 1e-6", circle, [1 - 1e-6, -0.5]
    yield "x^1.5 at 1e-6", elementwise(lambda xp, x: x**1.5, lambda x: 1.5 * np.sqrt(x)), [1e-6, 4.0]


def _single(random: np.random.Generator) -> Iterator[Any]:
    yield "float32 squares", shifted_squares(0.0), random.normal(size=4)
    yield "float32 rosenbrock", (rosenbrock, rosenbrock_gradient), random.normal(size=4)
    yield "float32 log-sum-exp", (log_sum_exp, log_sum_exp_gradient), random.normal(size=6)
    yield "float32 entropy", (entropy, entropy_gradient), random.uniform(0.1, 0.9, 4)
    yield "float32 sines", elementwise(lambda xp, x: xp.sin(x), np.cos), random.normal(size=5)
    X, y = random.normal(size=(20, 4)).astype(np.float32), random.normal(size=20).astype(np.float32)
    yield "float32 least squares", least_squares(X, y), random.normal(size=4)
    yield "float32 on top of 100", shifted_squares(100.0), random.normal(size=3)


def _large(random: np.random.Generator) -> Iterator[Any]:
    yield "rosenbrock of 100", (rosenbrock, rosenbrock_gradient), random.normal(size=100)
    yield "log-sum-exp of 300", (log_sum_exp, log_sum_exp_gradient), random.normal(size=300)
    A, b = random.normal(size=(500, 500)) / 20, random.normal(size=500)
    yield "quadratic of 500", quadratic(A, b), random.normal(size=500)
    yield "cubes of 500", cubes(1.0), random.normal(size=500)
    X, y = random.normal(size=(150, 60)), (random.random(150) > 0.5).astype(float)
    yield "logistic of 60", logistic(X, y), random.normal(size=60) / 8


def _published(random: np.random.Generator) -> Iterator[Any]:
    for problem in PROBLEMS:
        yield problem.name, (problem.f, problem.gradient), problem.at


KINDS: dict[str, Callable[[np.random.Generator], Iterator[Any]]] = {
    "smooth": _smooth,
    "values at 1e±12": _scales,
    "large offsets": _offsets,
    "near kinks": _near_kinks,
    "near domain edges": _near_edges,
    "float32": _single,
    "many components": _large,
    "Moré, Garbow and Hillstrom": _published,
}

DRAWN_ONCE = ("many components", "Moré, Garbow and Hillstrom")
"""Large ones, and those with a point of their own."""


# The claims ------------------------------------------------------------------------------------------


def _times(factor: float) -> Callable[[Array, int], Array]:
    """Return what multiplies one component."""

    def spoil(gradient: Array, place: int) -> Array:
        gradient[place] *= factor
        return gradient

    return spoil


def _swapped(gradient: Array, place: int) -> Array:
    """Swap two neighbours, as an index that is off by one does."""
    other = (place + 1) % gradient.size
    gradient[[place, other]] = gradient[[other, place]]
    return gradient


SPOILINGS: dict[str, Callable[[Array, int], Array]] = {
    "all signs flipped": lambda gradient, _: -gradient,
    "off by 1e-3 in one component": _times(1 + 1e-3),
    "off by 1e-6 in one component": _times(1 - 1e-6),
    "a missing factor 2": lambda gradient, _: gradient / 2,
    "one sign flipped": _times(-1),
    "two components swapped": _swapped,
    "one component 0": _times(0),
}

TOO_FINE = {"float32": ("off by 1e-6 in one component",)}
"""An error of 8 units in the last place is no error."""

EACH = 2
"""Ways in which each right gradient is spoilt; they take turns."""


def cases() -> Iterator[Case]:
    """Yield for every problem the right gradient and the wrong ones."""
    turn = 0
    for problem in problems():
        yield Case(problem, problem.gradient, True, "as it is")
        ways = [how for how in SPOILINGS if how not in TOO_FINE.get(problem.kind, ())]
        for _ in range(EACH):
            how = ways[turn % len(ways)]
            claimed = SPOILINGS[how](problem.gradient.copy(), turn % problem.gradient.size)
            turn += 1
            if (claimed != problem.gradient).any():
                yield Case(problem, claimed, False, how)
