"""What a comparison of the three routes costs, beside the checks of torch and jax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab import as_function, compare
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._gradcheck_costs import GRADCHECK, SIZES, by_torch, in_torch, point
from tests.benchmarks._threads import one_thread
from tests.benchmarks._verdict_set import rosenbrock

WHY = """
A comparison derives, estimates with bounds, runs `backward()`, and judges every component; torch's check compares two of these, and jax's tries one random direction only, which [misses what stands in one component](#wrong-verdicts-on-right-and-wrong-gradients).
There is no goal for it: it is measured to show how it grows.
"""

SIZE = 100


def _by_jax(size: int) -> Callable[[], Any]:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    x = jax.numpy.asarray(point(size).detach().numpy())

    def checked() -> str:
        try:
            check_grads(lambda x: rosenbrock(jax.numpy, x), (x,), order=1, modes=["rev"])
        except AssertionError:  # its tolerances are too narrow for some of these values
            return "rejected"
        return "accepted"

    return checked


def _calls(size: int) -> dict[str, Callable[[], object]]:
    x = point(size)
    function, at = as_function(in_torch, shapes={"x": (size,)}), x.detach().numpy()
    return {
        "gradlab.compare": lambda: compare(function, at),
        GRADCHECK: by_torch(in_torch, x),
        "jax check_grads": _by_jax(size),
    }


def measure(repeats: int = 11) -> Figure:
    """Return the time of a comparison as a ratio to torch's gradcheck, at a hundred variables."""
    with one_thread():
        own, torch, _ = _calls(SIZE).values()
        ratio, ours, theirs = in_turns(own, torch, repeats)
        growth = grown("variables", SIZES, _calls)
    how = (
        f"Rosenbrock's function of {SIZE} variables, read before ({1e3 * ours:.1f} ms / {1e3 * theirs:.1f} ms), "
        f"median of {repeats} pairs"
    )
    return Figure("comparison of three routes beside torch's gradcheck", ratio, None, how, growth=growth)
