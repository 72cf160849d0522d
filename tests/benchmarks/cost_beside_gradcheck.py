"""What an estimate of every component with its bound costs beside torch's gradcheck in slow mode."""

from __future__ import annotations

from gradlab import as_function, estimate
from tests.benchmarks import Figure
from tests.benchmarks._gradcheck_costs import SIZES, beside_torch


def measure(repeats: int = 15) -> Figure:
    """Return the time of an estimate as a ratio to torch's check of the same function, the worst of the sizes."""
    costs = {size: beside_torch(size, repeats, _estimated) for size in SIZES}
    told = ", ".join(f"{cost.said} at n = {size}" for size, cost in costs.items())
    how = f"Rosenbrock's function, its formula read before: {told}, median of {repeats} pairs"
    return Figure("estimate / torch's gradcheck in slow mode", max(cost.ratio for cost in costs.values()), 1.0, how)


def _estimated(f, x):
    function, at = as_function(f, shapes={"x": (x.numel(),)}), x.detach().numpy()
    return lambda: estimate(function, at)
