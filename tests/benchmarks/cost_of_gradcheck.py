"""What `gradlab.testing.gradcheck` costs beside torch's in slow mode, with the formula read anew in each call."""

from __future__ import annotations

from collections.abc import Callable

from gradlab.testing import gradcheck
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._gradcheck_costs import GRADCHECK, SIZES, by_torch, in_torch, point
from tests.benchmarks._threads import one_thread

WHY = """
At few variables it takes longer, as it also checks types, linearity and noise.
"""

SIZE = 100


def _calls(size: int) -> dict[str, Callable[[], object]]:
    x = point(size)
    return {"gradlab's gradcheck": lambda: gradcheck(in_torch, (x,)), GRADCHECK: by_torch(in_torch, x)}


def measure(repeats: int = 15) -> Figure:
    """Return the time of gradlab's gradcheck as a ratio to torch's of the same function, at a hundred variables."""
    with one_thread():
        ratio, own, other = in_turns(*_calls(SIZE).values(), repeats)
        growth = grown("variables", SIZES, _calls)
    how = f"Rosenbrock's function of {SIZE} variables ({1e3 * own:.1f} ms / {1e3 * other:.1f} ms), {repeats} pairs"
    return Figure("gradlab's gradcheck beside torch's", ratio, 1.0, how, growth=growth)
