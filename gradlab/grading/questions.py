"""What an exercise asks, as parts that are answered by one expression each: derived, never typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import inf, nextafter
from typing import Any

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.domains import Domain
from gradlab.grading.equivalence import Certificate, Reference, Verdict
from gradlab.grading.matching import Diagnosis, Matcher
from gradlab.grading.mistakes import Derived, WrongAnswer
from gradlab.grading.numbers import rounded, stated
from gradlab.grading.programs import NoProgram
from gradlab.grading.whole import at_point
from gradlab.graph import algebra, printing
from gradlab.graph.function import Function
from gradlab.graph.nodes import Node
from gradlab.graph.point import described
from gradlab.graph.tidying import tidied
from gradlab.sources.answers import Names, Reading, read
from gradlab.sources.syntax import Tree
from gradlab.symbolic.rules import Scope

SOME = 3
"""Points, of those tried, at which an answer must have a value."""


@dataclass(eq=False)
class Part:
    """One expression that is asked for.

    label: what it is called, ∂f/∂x.  right: the answer.  matcher: finds the mistakes that lead to a wrong one.
    spread: how far off a right number may be where the point is a float, such as math.pi; None elsewhere.
    """

    label: str
    right: Node
    matcher: Matcher
    spread: Fraction | None = field(default=None, kw_only=True)

    @property
    def reference(self) -> Reference:
        """What answers are compared with."""
        return self.matcher.reference

    def decide(self, reading: Reading, tree: Tree, digits: int) -> Certificate:
        """Return whether *tree* is right; a number may be rounded to *digits* significant digits or more."""
        found = self.reference.compare(tree)
        if found.different and not self.reference.names:
            number = stated(reading, tree)
            if number is not None and number.digits >= digits and number.holds(*self.reference.enclosure):
                return Certificate(Verdict.CERTIFIED, radius=float(number.half), rounded=number.digits)
            if self.spread is not None and self._is_within(tree, self.spread):
                return Certificate(Verdict.CERTIFIED, radius=float(self.spread))
        return found

    def _is_within(self, tree: Tree, spread: Fraction) -> bool:
        low, high = self.reference.enclosure
        least, most = Reference(tree, (), self.reference.domain).enclosure
        return low - spread <= least and most <= high + spread

    def is_rounded_too_much(self, reading: Reading, tree: Tree) -> bool:
        """Return whether *tree* is the right number, stated to fewer digits than are wanted."""
        number = None if self.reference.names else stated(reading, tree)
        return number is not None and number.holds(*self.reference.enclosure)

    def diagnose(self, tree: Tree) -> Diagnosis:
        """Return what may have led to a wrong answer."""
        return self.matcher.diagnose(tree)


@dataclass(eq=False)
class ArrayPart:
    """One array that is asked for: the gradient of a loss in closed form.  wrong: what mistakes lead to."""

    label: str
    right: Node
    wrong: Sequence[WrongAnswer]

    def misfit(self, reading: Reading) -> str | None:
        """Return what is wrong with the shape of what was read, None if nothing is.

        Raises GradlabError, with the shapes, for what cannot be computed at all.
        """
        axes = reading.function().formula.axes
        if axes == self.right.axes:
            return None
        own = "has" if self.right.axes else "is"
        return f"the gradient {described(self.right.axes)}, as its variable {own}; this {described(axes)}"

    def decide(self, reading: Reading) -> Certificate:
        """Return whether what was read is right."""
        from gradlab.symbolic.proof import Evidence, prove_equal

        try:
            answer = reading.function().formula
        except GradlabError as error:
            return Certificate(Verdict.UNDECIDED, reason=str(error))
        if answer.axes != self.right.axes:
            return Certificate(Verdict.DIFFERENT, values=(_shape(self.right), _shape(answer)))
        match prove_equal(self.right, answer):
            case Evidence.EXACT:
                return Certificate(Verdict.PROVED)
            case Evidence.CERTIFIED:
                return Certificate(Verdict.CERTIFIED, points=SOME, radius=1e-30)
            case Evidence.REFUTED:
                return Certificate(Verdict.DIFFERENT, values=("the gradient", "another value, at a point"))
            case _:
                return Certificate(Verdict.UNDECIDED, reason="the two could be compared at too few points")

    def diagnose_reading(self, reading: Reading) -> Diagnosis:
        """Return what may have led to a wrong answer."""
        from gradlab.symbolic.proof import Evidence, prove_equal

        answer = reading.function().formula
        surely = (Evidence.EXACT, Evidence.CERTIFIED)
        fitting = [wrong for wrong in self.wrong if wrong.answer.axes == answer.axes]
        return Diagnosis(tuple(wrong for wrong in fitting if prove_equal(wrong.answer, answer) in surely))


def _shape(node: Node) -> str:
    return f"an array that {described(node.axes)}" if node.axes else "a number"


@dataclass(eq=False)
class Question:
    """All parts of an exercise, and how they stand in an answer.

    form: "one", "vector", "matrix" (*rows* in order), "set" (in any order), "array".
    names: those that may stand in an answer.  function: what was asked about.
    confusions: vectors that come from a mistake with the whole of it.
    coordinates: the variables of the point, where a point is asked for.  wrt: those differentiated with respect to.
    """

    form: str
    parts: Sequence[Part]
    names: Names
    function: Function
    array: ArrayPart | None = None
    columns: int = 0
    confusions: Sequence[tuple[str, str, Sequence[Node]]] = field(default=())
    coordinates: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()

    @cached_property
    def answer(self) -> str:
        """The right answer as text."""
        if self.array is not None:
            return printing.text(self.array.right)
        texts = [printing.text(part.right) for part in self.parts]
        if self.form == "one":
            return texts[0]
        if self.form == "matrix":
            rows = [texts[start : start + self.columns] for start in range(0, len(texts), self.columns)]
            return f"[{', '.join(_bracketed(row) for row in rows)}]"
        return _bracketed(texts)


@dataclass(frozen=True, eq=False)
class Setting:
    """What an exercise says: see `Exercise`."""

    function: Function
    wrt: tuple[str, ...]
    at: Mapping[str, Fraction]
    rate: Fraction | None
    domain: Domain

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables, and the data that are symbols."""
        return tuple(self.function.variables)

    @cached_property
    def numbers(self) -> dict[str, Node]:
        """The coordinates of the point as nodes."""
        return {name: algebra.number(value) for name, value in self.at.items()}

    def check(self) -> None:
        """Raise ExerciseError where the function has no value, so that its derivative is one of nothing."""
        if self.function.formula.axes or any(self.function.variables.values()):
            return
        try:
            reference = Reference(read(self.function.text(), self.names).tree, self.names, self.domain)
        except (GradlabError, NoProgram):
            return  # what cannot be written on a line is checked by its derivative
        defined = sum(value == value for value in reference.floats(reference.tree, 10) or [])
        if defined < SOME:
            raise ExerciseError(
                f"{self.function.text()} has a value at {defined} of 10 points tried; say on which domain"
            )

    def only_variable(self, asked: str) -> str:
        """Return the variable that is asked about; ExerciseError where there are several."""
        if len(self.wrt) != 1:
            raise ExerciseError(f"{asked} is asked with respect to one variable; say which of {listed(self.wrt)}")
        return self.wrt[0]

    def derived(self, name: str, output: Node | None = None) -> Derived:
        """Return the derivation with respect to one variable."""
        whole = self.function.formula if output is None else output
        return Derived(whole, Scope(self.function.nodes[name], {}))

    def part(self, label: str, right: Node, derivations: Sequence[Derived], **more: Any) -> Part:
        """Return one part that is answered by a formula of the variables."""
        return self._part(label, tidied(right), self.names, derivations, **more)

    def number(
        self, label: str, right: Node, derivations: Sequence[Derived], put_in: Callable[[Node], Node], **more: Any
    ) -> Part:
        """Return one part that is answered by a number."""
        part = self._part(label, tidied(put_in(right)), (), derivations, put_in=put_in, **more)
        return replace(part, spread=self._spread(right, part))

    def _spread(self, right: Node, part: Part) -> Fraction | None:
        """Return by how much the answer moves where coordinates that are floats go to the next; None without any."""
        if not any(map(rounded, self.at.values())):
            return None
        low, high = part.reference.enclosure
        total = Fraction(0)
        for name, value in self.at.items():
            for moved in [nextafter(float(value), end) for end in (-inf, inf)] if rounded(value) else ():
                node = tidied(at_point(right, {**self.numbers, name: algebra.number(Fraction(str(moved)))}))
                ends = Reference(read(printing.text(node), ()).tree, (), self.domain).enclosure
                total = max(total, abs(ends[0] - low), abs(ends[1] - high))
        return total * len(self.at)

    def _part(
        self, label: str, right: Node, names: tuple[str, ...], derivations: Sequence[Derived], **more: Any
    ) -> Part:
        try:
            tree = read(printing.text(right), names).tree
            reference = Reference(tree, names, self.domain)
        except (GradlabError, NoProgram) as error:
            if any((*self.function.variables.values(), *self.function.data_axes.values())):
                raise ExerciseError(
                    'it has arrays, so its gradient is one formula of them; write ask="closed form"'
                ) from error
            raise ExerciseError(f"{label} = {printing.text(right)} is no formula of numbers: {error}") from error
        values = reference.floats(tree, 10) or []
        defined = sum(value == value for value in values)
        if defined < (SOME if names else 1):
            where = f"at {defined} of {len(values)} points tried; say on which domain" if names else "here"
            raise ExerciseError(f"{label} = {printing.text(right)} has a value {where}")
        return Part(label, right, Matcher(reference, derivations, **more))


def _bracketed(texts: Sequence[str]) -> str:
    return f"[{', '.join(texts)}]"


def listed(names: Sequence[str]) -> str:
    """Return names with commas between."""
    return ", ".join(names)
