"""The exact route: derivations, step by step, each step a named rule that is proved."""

from gradlab.symbolic.derivation import Derivation, derive
from gradlab.symbolic.steps import Step

__all__ = ["Derivation", "Step", "derive"]
