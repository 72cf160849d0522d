"""The same without numba."""

from __future__ import annotations

from unittest.mock import patch

from tests.benchmarks import Figure
from tests.benchmarks.descent_compiled import measured

WHY = """
Where numba is not installed, the same function is NumPy's: {faster:.0f} times as fast as the loop by hand.
"""


def measure(repeats: int = 11) -> Figure:
    """Return what a step costs in a run that keeps every point, where numba is not installed."""
    with patch("gradlab.descent.compiled_steps.find_spec", lambda name: None):
        return measured((100, 1000, 10_000), 0.1, "NumPy", repeats)
