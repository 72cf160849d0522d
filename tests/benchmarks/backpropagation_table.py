"""How well the backpropagation table lines up with torch's own graph."""

from __future__ import annotations

from gradlab import backward
from tests.benchmarks import Figure
from tests.models import MODELS

WHY = """
Of {rows:,} rows of the tables of all models of the tests {partners:,} have a partner in torch's graph.
The others are what torch computes in one piece: losses, a mean, a bias that is broadcast.
"""


def measure() -> Figure:
    """Return the largest relative difference of two deltas."""
    rows = [row for model in MODELS for row in backward(model.source, model.at).table().rows if row.delta is not None]
    apart = [row.apart for row in rows if row.node]
    return Figure(
        "largest difference of a delta from torch's",
        max(apart),
        1e-12,
        f"relative, over {len(apart):,} rows that torch has as well",
        values={"rows": len(rows), "partners": len(apart)},
    )
