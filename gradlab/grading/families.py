"""Families: one exercise with parameters, of which every student gets another of equal difficulty."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.exercises import Exercise, exact
from gradlab.grading.whole import at_point
from gradlab.graph import algebra, printing
from gradlab.graph.tidying import tidied
from gradlab.sources import as_function
from gradlab.symbolic import derive
from gradlab.symbolic.steps import Kind, walk

TRIES = 40
"""Draws for each exercise that is wanted, after which a family has no more of its kind."""


class Family:
    """Exercises that differ in numbers.

    function: with the parameters in it.  parameters: for each the numbers that it is drawn from.
    options: what else `Exercise` takes.

    >>> family = Family("a x^b", {"a": [2, 3], "b": [3, 4, 5]})
    >>> family.exercise(seed=1).prompt
    'Find the derivative of f(x) = 2 x⁵.'
    """

    def __init__(self, function: str, parameters: Mapping[str, Sequence[Any]], **options: Any) -> None:
        empty = [name for name, values in parameters.items() if not values]
        if empty or not parameters:
            raise ExerciseError(f"a family has parameters with values; {', '.join(empty) or 'there are none'}")
        self.options = options
        self.parameters: dict[str, list[Fraction]] = {
            name: [exact(value, name) for value in values] for name, values in parameters.items()
        }
        variables = options.get("variables")
        names = None if variables is None else [*variables, *parameters]
        self._function = as_function(function, variables=names)
        unused = [name for name in parameters if name not in self._function.variables]
        if unused:
            raise ExerciseError(f"the function {function!r} does not contain {', '.join(unused)}")
        self._kind: tuple[tuple[str, int], ...] | None = None

    def exercise(self, seed: int = 0) -> Exercise:
        """Return the exercise of one seed: the same one every time."""
        return self.exercises(1, seed=seed)[0]

    def exercises(self, count: int, *, seed: int = 0) -> list[Exercise]:
        """Return so many different exercises whose derivations take the same steps.

        Raises ExerciseError where the parameters do not have so many.
        """
        most = prod(len(set(numbers)) for numbers in self.parameters.values())
        if count > most:
            raise ExerciseError(f"{self._function.text()} has {most} choices of its parameters, not {count}")
        kind = self._usual_kind()
        draw = random.Random(seed)
        found: dict[str, Exercise] = {}
        for _ in range(TRIES * count):
            made = self._drawn(draw)
            if made is not None and made.function.text() not in found and difficulty(made) == kind:
                found[made.function.text()] = made
                if len(found) == count:
                    return list(found.values())
        raise ExerciseError(f"{self._function.text()} has {len(found)} exercises of one kind, not {count}")

    def _usual_kind(self) -> tuple[tuple[str, int], ...]:
        """Return the steps that most of the family takes."""
        if self._kind is None:
            draw = random.Random(0)
            kinds = [difficulty(made) for _ in range(TRIES // 2) if (made := self._drawn(draw)) is not None]
            if not kinds:
                raise ExerciseError(f"no values of the parameters of {self._function.text()} make an exercise")
            self._kind = Counter(kinds).most_common(1)[0][0]
        return self._kind

    def _drawn(self, draw: random.Random) -> Exercise | None:
        values = {name: algebra.number(draw.choice(numbers)) for name, numbers in self.parameters.items()}
        formula = tidied(at_point(self._function.formula, values))
        try:
            made = Exercise(printing.text(formula), **self.options)
        except GradlabError:
            return None
        return None if is_degenerate(made) else made


def difficulty(exercise: Exercise) -> tuple[tuple[str, int], ...]:
    """Return how often each rule is applied in the derivation: what is equal is equally difficult."""
    count = Counter(
        step.rule
        for function in exercise.functions
        for step in walk(derive(function, exercise.wrt).steps)
        if step.kind is Kind.DIFFERENTIATION
    )
    return tuple(sorted(count.items()))


def is_degenerate(exercise: Exercise) -> bool:
    """Return whether an answer is a bare number where it is to be a formula."""
    parts = exercise.question.parts
    return any(part.reference.names and algebra.split(part.right)[1] is None for part in parts)
