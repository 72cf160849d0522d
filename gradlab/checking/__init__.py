"""Checks a derivation that was written down, knowing nothing of what derived it.

Nothing here imports the graph, its rules or what writes a derivation: an error that they share cannot hide from it.
docs/reference/derivation-format.md describes what is read.
"""

from gradlab.checking.documents import Checked, verify

__all__ = ["Checked", "verify"]
