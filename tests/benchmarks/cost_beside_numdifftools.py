"""What an estimate with its bound costs beside numdifftools."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradlab import as_function, estimate
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._estimates import by_numdifftools, by_scipy
from tests.benchmarks._gradcheck_costs import GRADCHECK, SIZES, by_torch, in_torch, point
from tests.benchmarks._threads import one_thread
from tests.benchmarks._verdict_set import rosenbrock

WHY = """
Rosenbrock's function, each with an error beside every component; torch's check has none, and is here for its time.
"""

SHORT = """
What is left is the analysis of 48 values for each component, some two hundred operations of NumPy on small arrays, of which most of the time is spent to begin them: twenty variables take {few:.0%} of the time of a hundred.
Next: with the `fast` extra, the analysis of a component as one loop of machine code.
"""

SIZE = 100


def _calls(size: int) -> dict[str, Callable[[], object]]:
    x = point(size)
    at = x.detach().numpy()

    def f(x):
        return rosenbrock(np, x)

    function = as_function(f, shapes={"x": (size,)})
    return {
        "gradlab.estimate": lambda: estimate(function, at),
        "numdifftools": lambda: by_numdifftools(f, at),
        "scipy.differentiate": lambda: by_scipy(f, at),
        GRADCHECK: by_torch(in_torch, x),
    }


def measure(repeats: int = 11) -> Figure:
    """Return the time of an estimate in a hundred variables as a ratio to numdifftools' at the same point."""
    with one_thread():
        calls = _calls(SIZE)
        ratio, own, other = in_turns(calls["gradlab.estimate"], calls["numdifftools"], repeats)
        growth = grown("variables", SIZES, _calls)
    few = dict(growth.curves["gradlab.estimate"])
    how = f"at {SIZE} variables, both with an error ({1e3 * own:.3g} ms / {1e3 * other:.3g} ms), {repeats} pairs"
    return Figure("estimate beside numdifftools", ratio, 0.1, how, growth=growth, values={"few": few[20] / few[100]})
