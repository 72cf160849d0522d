"""What a derivation costs as the function gets longer."""

from __future__ import annotations

from typing import Any

from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.benchmarks import Figure, in_turns


def _chain(depth: int) -> Any:
    import numpy as np

    def chain(x: Any) -> Any:
        for _ in range(depth):
            x = np.sin(x)
        return x

    return as_function(chain)


def measure(repeats: int = 31) -> Figure:
    """Return the time to derive 1,000 sines of each other over that of 100."""
    long, short = _chain(1000), _chain(100)
    ratio, many, few = in_turns(lambda: derive(long).partials, lambda: derive(short).partials, repeats)
    return Figure(
        "deriving a chain ten times as long",
        ratio,
        12,
        f"1,000 sines ({1e3 * many:.2f} ms) / 100 sines ({1e3 * few:.2f} ms), median of {repeats} pairs",
    )
