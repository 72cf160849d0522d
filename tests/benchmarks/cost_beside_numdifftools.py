"""What an estimate with its bound costs beside numdifftools."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from gradlab import as_function, estimate
from tests.benchmarks import Figure, in_turns
from tests.benchmarks._estimates import by_numdifftools
from tests.benchmarks._verdict_set import rosenbrock

SIZE = 100


def measure(repeats: int = 5) -> Figure:
    """Return the time of an estimate in a hundred variables as a ratio to numdifftools' at the same point."""
    what = f"estimate at n = {SIZE} / numdifftools"
    if not find_spec("numdifftools"):
        return Figure(what, float("nan"), 0.1, "numdifftools is not installed: pip install -e '.[bench]'")
    at = np.random.default_rng(0).normal(size=SIZE)

    def f(x):
        return rosenbrock(np, x)

    function = as_function(f, shapes={"x": (SIZE,)})
    ratio, own, other = in_turns(lambda: estimate(function, at), lambda: by_numdifftools(f, at), repeats)
    how = f"Rosenbrock's function, both with an error ({1e3 * own:.3g} ms / {1e3 * other:.3g} ms), {repeats} pairs"
    return Figure(what, ratio, 0.1, how)
