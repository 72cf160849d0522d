"""The gradient three ways, as rows of a table and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradlab.lab.reading import read


@dataclass(frozen=True)
class Verdicts:
    """A comparison, ready to be shown.

    head, rows: cells of text; the last of each row is its verdict.  verdict: of all.  reason: why.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    verdict: str
    reason: str


def hold(text: str, name: str, start: Sequence[float]) -> Verdicts:
    """Return the three gradients at the start; raises DomainError where there is no value.

    >>> hold("abs(x)", "A kink: |x|", [0.0]).verdict
    'kink'
    """
    from gradlab.comparison import compare

    subject = read(text, name)
    found = compare(subject.function, subject.point(start))
    table = [
        [cell.strip() for cell in row.strip("|").split(" | ")]
        for row in found.markdown().splitlines()
        if row.startswith("|")
    ]
    head, _, *rows = table
    return Verdicts(tuple(head), tuple(map(tuple, rows)), str(found.verdict), found.reason)
