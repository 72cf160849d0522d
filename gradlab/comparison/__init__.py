"""Gradients of one function side by side, and the verdict."""

from gradlab.comparison.comparing import compare
from gradlab.comparison.record import Comparison, ComponentVerdict
from gradlab.comparison.verdicts import Verdict

__all__ = ["Comparison", "ComponentVerdict", "Verdict", "compare"]
