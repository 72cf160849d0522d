"""Expressions as text that a program reads back: a small notation in Python's own syntax.

docs/reference/derivation-format.md describes it. Kinds of node for which it has no word are written out by others:
a norm as the root of a sum of squares, a chosen entry as a sum with one-hot factors.
"""

from gradlab.symbolic.notation import choosing, matrices, numbers, placing
from gradlab.symbolic.notation.fragments import REPEATED, notation

__all__ = ["REPEATED", "choosing", "matrices", "notation", "numbers", "placing"]
