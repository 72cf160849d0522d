"""What `gradlab.testing.gradcheck` costs beside torch's in slow mode, with the formula read anew in each call."""

from __future__ import annotations

from gradlab.testing import gradcheck
from tests.benchmarks import Figure
from tests.benchmarks._gradcheck_costs import SIZES, beside_torch


def measure(repeats: int = 15) -> Figure:
    """Return the time of gradlab's gradcheck as a ratio to torch's of the same function, at the largest size."""
    costs = {size: beside_torch(size, repeats, lambda f, x: lambda: gradcheck(f, (x,))) for size in SIZES}
    told = ", ".join(f"{cost.said} at n = {size}" for size, cost in costs.items())
    how = f"Rosenbrock's function: {told}, median of {repeats} pairs"
    return Figure(f"gradcheck at n = {max(SIZES)} / torch's in slow mode", costs[max(SIZES)].ratio, 1.0, how)
