"""What `backward` adds to PyTorch's own, and jax beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradlab import as_function, backward
from tests.benchmarks import Figure, grown, in_turns
from tests.benchmarks._gradcheck_costs import in_torch, point
from tests.benchmarks._threads import one_thread
from tests.benchmarks._verdict_set import rosenbrock

WHY = """
`backward` runs the user's code on tensors and PyTorch's own `backward()`; what it adds is the reading of the point and the record, the same at any size.
There is no goal for it.
"""

SIZE = 10_000


def _by_torch(size: int) -> Callable[[], Any]:
    x = point(size)

    def by_hand() -> Any:
        x.grad = None
        in_torch(x).backward()
        return x.grad

    return by_hand


def _by_jax(size: int) -> Callable[[], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    x = jax.numpy.asarray(point(size).detach().numpy())
    gradient = jax.jit(jax.grad(lambda x: rosenbrock(jax.numpy, x)))
    return lambda: jax.block_until_ready(gradient(x))


def _calls(size: int) -> dict[str, Callable[[], object]]:
    function, at = as_function(in_torch, shapes={"x": (size,)}), point(size).detach().numpy()
    return {
        "gradlab.backward": lambda: backward(function, at),
        "torch, by hand": _by_torch(size),
        "jax, jit(grad)": _by_jax(size),
    }


def measure(repeats: int = 21) -> Figure:
    """Return the time of backward as a ratio to torch by hand, at ten thousand variables."""
    with one_thread():
        own, torch, _ = _calls(SIZE).values()
        ratio, ours, theirs = in_turns(own, torch, repeats)
        growth = grown("variables", (100, SIZE, 10**6), _calls)
    how = (
        f"Rosenbrock's function of {SIZE:,} variables ({1e3 * ours:.2f} ms / {1e3 * theirs:.2f} ms), "
        f"median of {repeats} pairs"
    )
    return Figure("backward beside PyTorch by hand", ratio, None, how, growth=growth)
