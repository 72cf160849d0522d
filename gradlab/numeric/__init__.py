"""The numeric route: finite differences that know their own error."""

from gradlab.numeric.estimation import estimate

__all__ = ["estimate"]
