"""What an estimate of every component with its bound costs beside torch's gradcheck in slow mode."""

from __future__ import annotations

from gradlab import as_function, estimate
from tests.benchmarks import Figure, in_turns
from tests.benchmarks._gradcheck_costs import by_torch, in_torch, point
from tests.benchmarks._threads import one_thread

WHY = """
Both take differences of every variable; gradlab knows from the formula which terms move, and bounds the error.
At 100 variables the ratio is {large:.2g}; [the growth of both, and of others](#estimate-beside-numdifftools).
"""


def measure(repeats: int = 15) -> Figure:
    """Return the time of an estimate as a ratio to torch's check of the same function, at 20 variables."""
    with one_thread():
        (small, own, other), (large, *_) = (_beside(size, repeats) for size in (20, 100))
    how = (
        f"Rosenbrock's function of 20 variables, its formula read before ({1e3 * own:.1f} ms / {1e3 * other:.1f} ms), "
        f"median of {repeats} pairs"
    )
    return Figure("estimate beside torch's gradcheck", max(small, large), 1.0, how, values={"large": large})


def _beside(size: int, repeats: int) -> tuple[float, float, float]:
    x = point(size)
    function, at = as_function(in_torch, shapes={"x": (size,)}), x.detach().numpy()
    return in_turns(lambda: estimate(function, at), by_torch(in_torch, x), repeats)
