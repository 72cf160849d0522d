"""How a document is to be written: its language, what it is for, and how much of a derivation it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradlab.reports.words import Words
from gradlab.symbolic.views import Depth, chosen

KINDS = ("report", "worksheet", "solutions")
"""What a document can be."""


@dataclass(frozen=True)
class Setting:
    """words: in the language of the document.  depth: of its derivations.  kind: one of `KINDS`.

    seed: of the variants of a worksheet; None for the functions as they are.
    """

    words: Words = field(default_factory=Words)
    depth: Depth = Depth.STEPS
    kind: str = "report"
    seed: int | None = None


def set_up(language: str, depth: str, kind: str, seed: int | None) -> Setting:
    """Return the setting; raises ValueError for a language, a depth or a kind that there is not."""
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}; not {kind!r}")
    if seed is not None and kind == "report":
        raise ValueError(f"seed={seed!r}: only a worksheet and its solutions have variants")
    return Setting(Words(language), chosen(depth), kind, seed)
