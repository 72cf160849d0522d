"""What the derivations of fourteen textbook problems cost with all steps proved."""

from __future__ import annotations

from gradlab.sources import as_function
from gradlab.symbolic import derive
from gradlab.symbolic.steps import walk
from tests.benchmarks import Figure, seconds
from tests.benchmarks.derivation_time import problems


def measure() -> Figure:
    """Return the slowest of the fourteen, in seconds."""
    taken: dict[str, float] = {}
    for name, (source, shapes, wrt) in problems().items():
        function = as_function(source, shapes=shapes or None)
        taken[name] = seconds(lambda f=function, w=wrt: [step.evidence for step in walk(derive(f, w).steps)])
    slowest = max(taken, key=lambda name: taken[name])
    how = f"the slowest, {slowest}; all fourteen take {sum(taken.values()):.2f} s"
    return Figure("seconds to derive any of fourteen textbook problems, every step proved", taken[slowest], 2, how)
