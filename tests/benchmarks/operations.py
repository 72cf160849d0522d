"""How many more operations a function takes with its gradient than alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure
from tests.benchmarks.compiled_rosenbrock import rosenbrock

WHY = """
Counted in the code that is compiled, not timed: the theory of reverse accumulation promises a small constant.
"""


def product(count: int) -> Callable[[Any], Any]:
    """Return the product of so many entries, written as a loop."""

    def multiplied(x: Any) -> Any:
        result = x[0]
        for place in range(1, count):
            result = result * x[place]
        return result

    return multiplied


def _chain(step: Any) -> Any:
    def chain(x: Any) -> Any:
        for _ in range(100):
            x = step(x)
        return x

    return chain


def _fit(params: Any, t: Any, y: Any) -> Any:
    a, b, c = params
    return ((a * t**2 + b * t + c - y) ** 2).mean()


def measure() -> Figure:
    """Return the largest ratio of operations among a product, chains, Rosenbrock's function and a fit."""
    import numpy as np

    fit = as_function(_fit, shapes={"params": (3,), "t": ("n",), "y": ("n",)})
    found = {
        "product of 100": derive(as_function(product(100), shapes={"x": (100,)})).operations.ratio(),
        "100 sines": derive(_chain(np.sin)).operations.ratio(),
        "100 times u² + 1": derive(_chain(lambda u: u**2 + 1)).operations.ratio(),
        "Rosenbrock of 100": derive(as_function(rosenbrock, shapes={"x": (100,)})).operations.ratio(),
        **{f"fit of {n} points": derive(fit, "params").operations.ratio(n=n) for n in (10, 1000)},
    }
    return Figure(
        "operations of a function with its gradient",
        max(found.values()),
        3,
        "beside those of the function alone: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in found.items()),
    )
