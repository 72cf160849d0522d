"""What a check of every component costs beside torch's gradcheck in slow mode."""

from __future__ import annotations

import numpy as np
import torch

from gradlab.testing import gradcheck
from tests.benchmarks import Figure, in_turns
from tests.benchmarks._verdict_set import rosenbrock

SIZES = (20, 100)


def measure(repeats: int = 15) -> Figure:
    """Return the time of gradlab's gradcheck as a ratio to torch's of the same function, the worse of two sizes."""
    ratios, told = [], []
    for size in SIZES:
        x = torch.tensor(np.random.default_rng(0).normal(size=size), requires_grad=True)

        def f(x):
            return rosenbrock(torch, x)

        ratio, own, other = in_turns(
            lambda f=f, x=x: gradcheck(f, (x,)),
            # Its tolerances are too narrow for some of these values, which costs nothing: it tells at the end.
            lambda f=f, x=x: torch.autograd.gradcheck(f, (x,), raise_exception=False),
            repeats,
        )
        ratios.append(ratio)
        told.append(f"{ratio:.2f} at n = {size} ({1e3 * own:.3g} ms / {1e3 * other:.3g} ms)")
    how = f"Rosenbrock's function, formula read each time: {', '.join(told)}, median of {repeats} pairs"
    return Figure("gradcheck / torch's in slow mode", max(ratios), 1.0, how)
