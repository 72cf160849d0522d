"""From what was typed to a function and a point: the readers of text and LaTeX, and nothing that runs code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gradlab.errors import NotScalarError
from gradlab.lab.models import LabError, Model, arrays, named

if TYPE_CHECKING:
    from gradlab.graph import Function

LONGEST = 1_000
"""Characters that are read; more is no formula that a page could show."""

MOST_NUMBERS = 6
"""Numbers that can be moved, each by a slider of its own."""

ENTRIES = 2
"""How many entries an array of no stated size gets: two, as two can be drawn."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What the page is about.

    function: all data bound.  open: the same without data, for batches; None where there is none.
    shapes: of each variable that is moved.  labels: one for each of their numbers, in order, as ``x`` or ``w[0]``.
    start: a number for each label.
    """

    function: Function
    open: Function | None
    shapes: Mapping[str, tuple[int, ...]]
    labels: tuple[str, ...]
    start: tuple[float, ...]

    def point(self, numbers: Sequence[float]) -> dict[str, Any]:
        """Return *numbers*, in the order of the labels, as a point."""
        import numpy as np

        if len(numbers) != len(self.labels):
            numbers = self.start
        point: dict[str, Any] = {}
        taken = 0
        for name, shape in self.shapes.items():
            count = int(np.prod(shape, dtype=int))
            point[name] = np.reshape(np.array(numbers[taken : taken + count], dtype=float), shape)
            taken += count
        return point


def read(text: object, name: str) -> Subject:
    """Return what *text* means, with the data of the model called *name*.

    Raises ParseError for what is no formula, LabError for what is too long or has too many numbers to be moved,
    NotScalarError where its value is not one number.

    >>> read("x^2 + y", "A parabola: x²").labels
    ('x', 'y')
    >>> read("sum_i x_i^2", "A parabola: x²").labels
    ('x[0]', 'x[1]')
    """
    if not isinstance(text, str):  # a client may send anything
        raise LabError(f"a formula is text, and this is {type(text).__name__}; write for example x^2 + y")
    return _read(text, name)


@lru_cache(maxsize=64)
def _read(text: str, name: str) -> Subject:
    from gradlab.sources import as_function

    if not text.strip():
        raise LabError("there is no formula yet; write for example x^2 + y, or pick one above")
    if len(text) > LONGEST:
        raise LabError(f"{len(text):,} characters are too many for the lab; write at most {LONGEST:,}")
    model = named(name)
    given = arrays(model)
    whole = as_function(text)
    given = {name: array for name, array in given.items() if whole.variables.get(name)}
    if not given:
        return _subject(whole, None, model)
    shapes = dict.fromkeys(given, ("n",))
    return _subject(as_function(text, shapes=shapes, data=dict(given)), as_function(text, shapes=shapes), model)


def _subject(function: Function, unbound: Function | None, model: Model) -> Subject:
    axes = function.formula.axes
    if axes:
        raise NotScalarError(f"{function} has {len(axes)} axes, and a descent needs one number; sum its entries")
    if not function.variables:
        raise LabError(f"{function} has no variable, so there is nothing to differentiate; write for example x^2")
    shapes = {
        name: tuple(size if isinstance(size, int) else ENTRIES for size in sizes)
        for name, sizes in function.variables.items()
    }
    labels = tuple(label for name, shape in shapes.items() for label in _labels(name, shape))
    if len(labels) > MOST_NUMBERS:
        raise LabError(
            f"{len(labels)} numbers to move ({', '.join(labels[:8])}, …) are too many for the lab, which has sliders "
            f"for {MOST_NUMBERS}; `gradlab descend` takes any number"
        )
    start = tuple(model.start.get(label, 1.0 + 0.5 * place) for place, label in enumerate(labels))
    return Subject(function, unbound, shapes, labels, start)


def _labels(name: str, shape: tuple[int, ...]) -> list[str]:
    import numpy as np

    return [name + (f"[{', '.join(map(str, place))}]" if place else "") for place in np.ndindex(*shape)]
