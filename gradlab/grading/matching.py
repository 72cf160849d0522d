"""Finding the mistakes that lead to a given wrong answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from gradlab.grading.equivalence import Reference
from gradlab.grading.mistakes import Derived, WrongAnswer
from gradlab.grading.whole import whole_answers
from gradlab.graph.backends import NumpyBackend
from gradlab.graph.nodes import Node, compute, topological
from gradlab.sources.syntax import Tree

POINTS = 10
"""Points at which an answer is matched with what mistakes lead to."""

LEAST = 3
"""Points at which both must have a value, where there are variables."""

CLOSE, LOST = 1e-10, 1e-12
"""Relative and absolute distance of two values in double precision that may be the same number."""

TELLING = 1e-6
"""Values that are at least so large tell something: below, 1 - σ(u) has lost its digits."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What may have led to a wrong answer.

    explanations: everything that leads to just this answer, the simplest kind only: one mistake, else two.
    """

    explanations: tuple[WrongAnswer, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """The names of all that may have happened, each once."""
        return tuple(dict.fromkeys(wrong.name for wrong in self.explanations))

    @property
    def likely(self) -> tuple[WrongAnswer, ...]:
        """The explanations that no other one is to be believed before."""
        common = [wrong for wrong in self.explanations if not wrong.is_rare] or list(self.explanations)
        names = {wrong.name for wrong in common}
        return tuple(wrong for wrong in common if not wrong.yields_to & names) or tuple(common)

    @property
    def name(self) -> str | None:
        """What happened, if only one thing is likely to have; else None."""
        likely = self.likely
        names = {wrong.name for wrong in likely}
        return likely[0].name if len(names) == 1 and likely[0].is_believed else None

    @property
    def told(self) -> WrongAnswer | None:
        """The explanation to tell, if only one name is likely."""
        return self.likely[0] if self.name is not None else None


@dataclass
class Matcher:
    """The wrong answers to one question, by their values at points.

    derivations: those that mistakes are made in.  more: wrong answers of other kinds.
    put_in: what is done with a wrong derivative: for values at a point the numbers are put in.
    """

    reference: Reference
    derivations: Sequence[Derived]
    more: Sequence[WrongAnswer] = ()
    put_in: Any = None
    _pairs: list[WrongAnswer] | None = field(default=None)

    def diagnose(self, tree: Tree) -> Diagnosis:
        """Return what may have led to the answer *tree*, which is known to be wrong."""
        values = self.reference.floats(tree, POINTS)
        if values is None:
            return Diagnosis()
        # Two mistakes are looked for only where one does not explain the answer.
        return Diagnosis(tuple(self._singles.matching(values) or self._doubles.matching(values)))

    @cached_property
    def _singles(self) -> _Table:
        wrong = chain(
            chain.from_iterable((*derived.singles(), *whole_answers(derived)) for derived in self.derivations),
            self.more,
        )
        return self._table(wrong)

    @cached_property
    def _doubles(self) -> _Table:
        return self._table(chain.from_iterable(derived.pairs() for derived in self.derivations))

    def _table(self, wrong: Iterable[WrongAnswer]) -> _Table:
        answers = [
            WrongAnswer(self.put_in(answer.answer), answer.mistakes) if self.put_in is not None else answer
            for answer in wrong
        ]
        return _Table(self.reference, answers)


class _Table:
    """Wrong answers with their values at the points of a reference; what is right after all is left out."""

    def __init__(self, reference: Reference, answers: Sequence[WrongAnswer]) -> None:
        import numpy as np

        self._least = LEAST if reference.names else 1
        self._answers = answers
        self._values = values_of([answer.answer for answer in answers], reference)
        right = np.asarray(reference.floats(reference.tree, POINTS) or [np.nan] * POINTS)
        self._wrong = ~self._alike(right)

    def matching(self, values: Sequence[float]) -> list[WrongAnswer]:
        import numpy as np

        if not self._answers:
            return []
        same = self._alike(np.asarray(values)) & self._wrong
        return [self._answers[place] for place in np.flatnonzero(same).tolist()]

    def _alike(self, values: Any) -> Any:
        import numpy as np

        if not self._answers:
            return np.zeros(0, dtype=bool)
        both = np.isfinite(self._values) & np.isfinite(values)
        with np.errstate(invalid="ignore"):
            distance = np.abs(self._values - values)
            size = np.maximum(np.abs(self._values), np.abs(values))
            close = distance <= CLOSE * size + LOST
            telling = both & ((size >= TELLING) | (distance == 0))
        return (close | ~both).all(axis=1) & (telling.sum(axis=1) >= self._least)


def values_of(nodes: Sequence[Node], reference: Reference) -> Any:
    """Return the values of *nodes* at the points of *reference*: one row each, nan where there is none."""
    import numpy as np

    points = reference.points(POINTS)
    columns = {name: np.asarray([float(point[name]) for point in points]) for name in reference.names}
    backend = NumpyBackend(columns, {})
    found: dict[Node, Any] = {}
    rows: list[Any] = []
    with np.errstate(all="ignore"):
        for node in topological(nodes):
            found[node] = compute(node, [found[operand] for operand in node.operands], backend)
        for node in nodes:
            rows.append(np.broadcast_to(np.asarray(found[node], dtype=float), (len(points),)))
    return np.asarray(rows)
