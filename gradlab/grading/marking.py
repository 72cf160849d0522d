"""`grade`: what an answer is worth, what shows it, and what to tell its writer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

from gradlab.errors import GradlabError, ParseError
from gradlab.grading.code import CodeExercise, CodeGrade
from gradlab.grading.demands import unmet
from gradlab.grading.equivalence import Certificate, Verdict
from gradlab.grading.exercises import Exercise
from gradlab.grading.feedback import advice, hints
from gradlab.grading.labels import unlabelled
from gradlab.grading.marks import Mark
from gradlab.grading.matching import Diagnosis
from gradlab.grading.questions import Part, Question
from gradlab.misuse import explains_misuse
from gradlab.sources.answers import Reading, read
from gradlab.sources.syntax import Tree, Vector


@dataclass(frozen=True, eq=False)
class Grade:
    """One answer, graded.

    score, out_of: its points.  verdict: correct, wrong or undecided; what is undecided is for a person to look at.
    certificates: what shows it, one for each component.  reading: what was read, None for what cannot be.
    faults: demands on the form that are not met, and what is wrong with the number of components.
    attempt: the how-manieth answer it is; 0 where that was not counted.
    """

    exercise: Exercise
    answer: str
    score: float
    verdict: Mark
    certificates: tuple[Certificate, ...] = ()
    reading: Reading | None = None
    faults: tuple[str, ...] = ()
    trees: tuple[Tree, ...] = ()
    attempt: int = 0
    error: str = field(default="")

    @property
    def out_of(self) -> float:
        """The points that a right answer is worth."""
        return self.exercise.points

    @property
    def certificate(self) -> Certificate | None:
        """What shows the verdict: the first component that is not right, else the first one."""
        return next((c for c in self.certificates if not c.equal), next(iter(self.certificates), None))

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What may have led to each wrong component; empty where the whole answer has one explanation."""
        parts = self.exercise.question.parts
        if not parts or self.exercise.question.form == "set":
            return ()
        return tuple(
            parts[place].diagnose(tree)
            for place, (tree, certificate) in enumerate(zip(self.trees, self.certificates, strict=False))
            if certificate.different
        )

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """What may have led to the answer."""
        if self.verdict is not Mark.WRONG:
            return Diagnosis()
        if self.exercise.question.array is not None and self.reading is not None:
            return self.exercise.question.array.diagnose_reading(self.reading)
        found = [diagnosis for diagnosis in self.diagnoses if diagnosis.explanations]
        names = {diagnosis.name for diagnosis in found}
        # One mistake in several components is one; different mistakes are told of one after the other.
        return found[0] if len(names) == 1 and len(found) == len(self.diagnoses) else Diagnosis()

    @cached_property
    def confusion(self) -> tuple[str, str] | None:
        """What was done to the answer as a vector, and what to say of it."""
        if self.verdict is not Mark.WRONG or self.reading is None:
            return None
        return confused(self.exercise.question, self.reading)

    @property
    def misconception(self) -> str | None:
        """The mistake by name, if only one is likely to have led to this answer."""
        if self.confusion is not None:
            return self.confusion[0]
        if self.diagnosis.name is not None or len(self.diagnoses) < 2:
            return self.diagnosis.name
        names = [diagnosis.name for diagnosis in self.diagnoses]
        return " and ".join(sorted({name for name in names if name})) if all(names) else None

    @property
    def candidates(self) -> tuple[str, ...]:
        """For the teacher: every mistake, or pair of mistakes, that leads to just this answer."""
        own = [name for diagnosis in (self.diagnosis, *self.diagnoses) for name in diagnosis.candidates]
        return tuple(dict.fromkeys(([self.confusion[0]] if self.confusion else []) + own))

    @property
    def feedback(self) -> str:
        """What to tell the student: where it went wrong, not what the answer is."""
        return advice(self)

    @property
    def hints(self) -> tuple[str, ...]:
        """Help in order, each a little more of it: as many as there were wrong answers."""
        return hints(self)[: max(self.attempt, 0)] if self.verdict is Mark.WRONG else ()

    def __repr__(self) -> str:
        lines = [f"{self.verdict}: {self.score:g} of {self.out_of:g}"]
        if self.reading is not None:
            lines.append(f"  read as {self.reading.text()}")
            lines += [f"  note: {note.message}" for note in self.reading.notes]
        lines += [f"  {line}" for line in self.feedback.splitlines()]
        lines += [f"  hint: {hint}" for hint in self.hints]
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        head = f"**{self.verdict}**: {self.score:g} of {self.out_of:g}"
        lines = [head]
        if self.reading is not None:
            lines.append(f"Read as $\\displaystyle {self.reading.latex()}$.")
            lines += [f"*{note.message}*" for note in self.reading.notes]
        lines.append(_as_markdown(advice(self, latex=True)))
        lines += [f"Hint: {hint}" for hint in self.hints]
        return "\n\n".join(line for line in lines if line)

    def as_dict(self) -> dict[str, Any]:
        """Return the grade as plain data."""
        return {
            "answer": self.answer,
            "read": None if self.reading is None else self.reading.text(),
            "score": self.score,
            "out_of": self.out_of,
            "verdict": str(self.verdict),
            "certificates": [certificate.as_dict() for certificate in self.certificates],
            "misconception": self.misconception,
            "candidates": list(self.candidates),
            "feedback": self.feedback,
            "hints": list(self.hints),
        }


def _as_markdown(said: str) -> str:
    """Return what is said with the place that it points at as a block of its own, where the caret stays below it."""
    lines = said.split("\n")
    block = [f"  {line}" for line in lines if line.startswith("  ")]
    words = "\n".join(line for line in lines if not line.startswith("  "))
    return "\n\n".join(part for part in (words, "\n".join(block)) if part)


@overload
def grade(exercise: CodeExercise, answer: Any, *, trust: bool = False) -> CodeGrade: ...
@overload
def grade(exercise: Exercise | str, answer: Any, *, trust: bool = False) -> Grade: ...
@overload
def grade(exercise: Any, answer: Any, *, trust: bool = False) -> Any: ...


@explains_misuse
def grade(exercise: Any, answer: Any, *, trust: bool = False) -> Grade | CodeGrade:
    """Return the grade of an answer, and keep it as an attempt at the exercise.

    exercise: an `Exercise` or a `CodeExercise`, or what an exercise is made of: a function, whose derivative is asked.
    answer: text, LaTeX, a number, or a list of these; for an exercise that asks for code the text of a program or of a
        notebook, which is run isolated.
    trust: run code as it is, which is for one's own; the grade is then not verified.
    Raises IsolationError for code where nothing isolates it, with what to install.

    >>> grade(Exercise("sin(3x)"), "cos(3x)")
    wrong: 0 of 1
      read as cos(3 x)
      The outer function was differentiated, but not multiplied by the inner derivative.
      Look at this step: ∂/∂x (sin(3 x)), by the chain rule: d/du sin u = cos u, times du/dx.
    """
    if isinstance(exercise, CodeExercise):
        return exercise.attempt(answer, trust=trust)
    if not isinstance(exercise, Exercise):
        exercise = Exercise(exercise)
    found = exercise.check(answer)
    if found.error:  # what cannot be read is no attempt
        return found
    number = 1 + len(exercise.history)
    late = exercise.attempts is not None and number > exercise.attempts
    kept = Grade(
        exercise,
        found.answer,
        0 if late else found.score,
        found.verdict,
        found.certificates,
        found.reading,
        (*found.faults, *([f"no attempts are left of {exercise.attempts}"] if late else ())),
        found.trees,
        sum(each.verdict is Mark.WRONG for each in exercise.history) + (found.verdict is Mark.WRONG) - 1,
    )
    exercise.history.append(kept)
    return kept


def marked(exercise: Exercise, text: str) -> Grade:
    """Return the grade of one answer; nothing is kept."""
    question = exercise.question
    try:
        reading = _read(question, text)
        trees = _components(question, reading)
    except GradlabError as error:
        return Grade(exercise, text, 0, Mark.UNDECIDED, error=str(error))
    if isinstance(trees, str):
        return Grade(exercise, text, 0, Mark.WRONG, reading=reading, faults=(trees,))
    if question.array is not None:
        certificates = [question.array.decide(reading)]
    elif question.form == "set":
        trees, certificates = _in_any_order(question, reading, trees, exercise.digits)
    else:
        certificates = [
            part.decide(reading, tree, exercise.digits) for part, tree in zip(question.parts, trees, strict=True)
        ]
    return _sum(exercise, text, reading, trees, certificates)


def _read(question: Question, text: str) -> Reading:
    """Return what an answer says; where a vector is asked for, (1,0) and 1, 0 are one and no number with a comma."""
    text = unlabelled(text, question)
    try:
        return read(text, question.names)
    except ParseError as error:
        if (name := _left_open(question, error)) is not None:
            raise ParseError(f"a number is asked for; put in the value of {name}", text, error.position) from error
        inside = text.strip()
        if question.form in ("one", "array", "matrix") or "," not in inside:
            raise
        listed = inside[1:-1] if inside.startswith("(") and inside.endswith(")") else inside
        try:
            return read(f"[{listed}]", question.names)
        except ParseError:
            raise error from None


def _left_open(question: Question, error: ParseError) -> str | None:
    """Return the variable that stands where a number is asked for, None where something else is wrong."""
    word = re.match(r"\w+", error.text[error.position :])
    declared = question.names.variables or {}
    return word[0] if word and word[0] in question.function.variables and word[0] not in declared else None


def _sum(
    exercise: Exercise, text: str, reading: Reading, trees: Sequence[Tree], certificates: Sequence[Certificate]
) -> Grade:
    right = sum(certificate.equal for certificate in certificates) / len(certificates)
    faults: list[str] = []
    if right == 1:
        mark = Mark.CORRECT
        faults = [fault for demand in exercise.demands for tree in trees if (fault := unmet(tree, demand)) is not None]
        if faults:
            mark, right = Mark.WRONG, 0.0
    elif any(certificate.different for certificate in certificates):
        mark = Mark.WRONG
        for part, tree, certificate in zip(exercise.question.parts, trees, certificates, strict=False):
            if certificate.different and part.is_rounded_too_much(reading, tree):
                faults.append(f"the number is right, but state at least {exercise.digits} digits")
    else:
        mark = Mark.UNDECIDED
    found = Grade(
        exercise, text, exercise.points * right, mark, tuple(certificates), reading, tuple(faults), tuple(trees)
    )
    if mark is Mark.WRONG and exercise.credit and not faults:
        share = exercise.credit.get(found.misconception or "", 0.0)
        if share > right:
            return Grade(exercise, text, exercise.points * share, mark, tuple(certificates), reading, (), tuple(trees))
    return found


def _components(question: Question, reading: Reading) -> tuple[Tree, ...] | str:
    """Return what answers each part, or what is wrong with how many there are."""
    if question.form in ("one", "array"):
        tree = reading.whole
        if isinstance(tree, Vector) and question.form == "one":
            return "one expression is asked for, not a vector"
        misfit = question.array.misfit(reading) if question.array is not None else None
        return (tree,) if misfit is None else misfit
    entries = reading.entries
    count = len(question.parts)
    if question.form == "set" and question.columns == 1:
        return entries if entries is not None else (reading.tree,)
    if entries is None and question.form == "set" and count == question.columns:
        return "a point has a coordinate for each variable: write (1, 2)"
    if entries is None:
        letters = ", ".join("abcdefgh"[:count]) if count <= 8 else "a, b, …"
        return f"a {question.form} is asked for: write {count} components in brackets, [{letters}]"
    if question.form in ("matrix", "set"):
        rows = [entry.entries if isinstance(entry, Vector) else None for entry in entries]
        flat = [tree for row in rows if row is not None for tree in row]
        if question.form == "set" and all(row is None for row in rows) and len(entries) == question.columns:
            return entries  # one point
        if any(row is None or len(row) != question.columns for row in rows):
            if question.form == "set":
                return f"each point has {question.columns} coordinates: write (a, b), or several as [[a, b], [c, d]]"
            size = f"{count // question.columns} rows of {question.columns}"
            return f"a matrix of {size} is asked for: write [[a, b], [c, d]]"
        entries = tuple(flat)
        if question.form == "set":
            return entries
    if len(entries) != count:
        return f"{count} components are asked for, and these are {len(entries)}"
    return entries


def _in_any_order(
    question: Question, reading: Reading, trees: Sequence[Tree], digits: int
) -> tuple[list[Tree], list[Certificate]]:
    """Return the answers in the order of the solutions that they are, and what shows it."""
    columns = question.columns
    solutions = [question.parts[start : start + columns] for start in range(0, len(question.parts), columns)]
    given = [trees[start : start + columns] for start in range(0, len(trees), columns)]
    kept: list[Tree] = []
    certificates: list[Certificate] = []
    for solution in solutions:
        found = next(
            (
                (point, decided)
                for point in given
                for decided in [[part.decide(reading, t, digits) for part, t in zip(solution, point, strict=True)]]
                if all(certificate.equal for certificate in decided)
            ),
            None,
        )
        if found is None:
            certificates.append(Certificate(Verdict.DIFFERENT, values=("a solution", "none of the answers")))
        else:
            given.remove(found[0])
            kept += found[0]
            certificates += found[1]
    certificates += [Certificate(Verdict.DIFFERENT, values=("no solution", "an answer too many")) for _ in given]
    return kept, certificates


def confused(question: Question, reading: Reading) -> tuple[str, str] | None:
    """Return what was done to the answer as a vector, and what to say of it; None for nothing that is known."""
    from gradlab.grading.programs import NoProgram

    if question.form not in ("vector", "matrix"):
        return None
    entries = reading.entries
    trees = (reading.tree,) if entries is None else entries
    if question.form == "matrix" and entries is not None:
        trees = tuple(t for entry in entries for t in (entry.entries if isinstance(entry, Vector) else (entry,)))
    for name, says, nodes in question.confusions:
        if len(nodes) == len(trees) and _all_equal(question, nodes, trees):
            return name, says
    if question.form == "vector" and entries is not None and len(trees) < len(question.parts):
        try:
            if all(any(part.reference.compare(tree).equal for part in question.parts) for tree in trees):
                return "component missing", "the gradient has a component for each variable"
        except NoProgram:
            return None
    if entries is None and any(part.reference.compare(reading.tree).equal for part in question.parts):
        return "component missing", "the gradient has a component for each variable"
    return None


def _all_equal(question: Question, nodes: Sequence[Any], trees: Sequence[Tree]) -> bool:
    from gradlab.grading.equivalence import Reference
    from gradlab.graph import printing

    reference: Part = question.parts[0]
    for node, tree in zip(nodes, trees, strict=True):
        own = read(printing.text(node), reference.reference.names).tree
        if not Reference(own, reference.reference.names, reference.reference.domain).compare(tree).equal:
            return False
    return True
