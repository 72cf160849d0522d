"""How a document is to be written: its language, and how much of a derivation it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradlab.reports.words import Words
from gradlab.symbolic.views import Depth


@dataclass(frozen=True)
class Setting:
    """words: in the language of the document.  depth: of its derivations."""

    words: Words = field(default_factory=Words)
    depth: Depth = Depth.STEPS
