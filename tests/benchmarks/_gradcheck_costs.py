"""Times beside ``torch.autograd.gradcheck`` in slow mode, of one function at one point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tests.benchmarks import in_turns
from tests.benchmarks._verdict_set import rosenbrock

SIZES = (20, 100)


@dataclass(frozen=True)
class Cost:
    """A ratio of times, and both in milliseconds."""

    ratio: float
    own: float
    torch: float

    @property
    def said(self) -> str:
        return f"{self.ratio:.2f} ({self.own:.3g} ms / {self.torch:.3g} ms)"


def beside_torch(size: int, repeats: int, build: Callable[[Callable[[Any], Any], Any], Callable[[], Any]]) -> Cost:
    """Return what a check costs beside torch's on Rosenbrock's function.

    build: given the function and the point, returns the check to time.
    """
    x = torch.tensor(np.random.default_rng(0).normal(size=size), requires_grad=True)

    def f(x: Any) -> Any:
        return rosenbrock(torch, x)

    def by_torch() -> Any:
        # Its tolerances are too narrow for some of these values, which costs nothing: it tells at the end.
        return torch.autograd.gradcheck(f, (x,), raise_exception=False)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small tensors: more threads only disturb each other
    try:
        ratio, own, other = in_turns(build(f, x), by_torch, repeats)
    finally:
        torch.set_num_threads(threads)
    return Cost(ratio, 1e3 * own, 1e3 * other)
