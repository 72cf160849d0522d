"""Times beside ``torch.autograd.gradcheck`` in slow mode, of one function at one point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tests.benchmarks._verdict_set import rosenbrock

SIZES = (20, 100, 500)
GRADCHECK = "torch gradcheck, slow mode"


def in_torch(x: Any) -> Any:
    """Return Rosenbrock's function of a tensor."""
    return rosenbrock(torch, x)


def point(size: int) -> Any:
    """Return a point as a tensor that requires its gradient."""
    return torch.tensor(np.random.default_rng(0).normal(size=size), requires_grad=True)


def by_torch(f: Callable[[Any], Any], x: Any) -> Callable[[], Any]:
    """Return torch's check.  Its tolerances are too narrow for some of these values, which costs nothing."""
    return lambda: torch.autograd.gradcheck(f, (x,), raise_exception=False)
