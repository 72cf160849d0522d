"""Work line by line: which is the first line that does not follow from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradlab.errors import ExerciseError, GradlabError, shown
from gradlab.grading.equivalence import Certificate, Reference
from gradlab.grading.exercises import Exercise
from gradlab.grading.labels import LEFT, check_label
from gradlab.grading.matching import Diagnosis
from gradlab.grading.programs import NoProgram
from gradlab.grading.questions import Question
from gradlab.sources.answers import Reading, read


@dataclass(frozen=True, eq=False)
class Line:
    """One line of work.  certificate: whether it follows from the one before; None if it could not be read."""

    text: str
    reading: Reading | None = None
    certificate: Certificate | None = None
    error: str = ""


@dataclass(frozen=True, eq=False)
class Work:
    """Lines that lead to an answer.

    wrong: the number of the first line that does not follow, from 0; None if all follow, or cannot be told.
    score: the answer's points, or those of the lines that are right if the answer is not.
    diagnosis: what may have led to the first wrong line.
    """

    exercise: Exercise
    lines: tuple[Line, ...]
    wrong: int | None
    score: float
    diagnosis: Diagnosis

    def __repr__(self) -> str:
        told = [f"{self.score:g} of {self.exercise.points:g}"]
        for number, line in enumerate(self.lines):
            if line.certificate is None:
                mark = f"?  {line.error.splitlines()[0]}"
            else:
                mark = "✗  does not follow" if number == self.wrong else "✓" if line.certificate.equal else "?"
            told.append(f"  {line.text}    {mark}")
        if self.diagnosis.name is not None:
            told.append(f"  {self.diagnosis.name}")
        return shown("\n".join(told))


def follow(exercise: Exercise, work: str | Sequence[str]) -> Work:
    """Return which lines of *work* follow: each from the one before, the first one from the exercise.

    work: one line after the other, or equations with several sides: f'(x) = 2 x cos(x^2) = …
    Raises ParseError where the first line is called the derivative of something else.

    >>> follow(Exercise("x^2 sin(x)"), "2x sin(x) + x^2 cos(x) = x(2 sin(x) + cos(x))")
    0.5 of 1
      2x sin(x) + x^2 cos(x)    ✓
      x(2 sin(x) + cos(x))    ✗  does not follow
    """
    question = exercise.question
    if question.form != "one":
        raise ExerciseError("work is followed line by line where one expression is asked for")
    (part,) = question.parts
    lines: list[Line] = []
    before: Reference = part.reference
    wrong: int | None = None
    for text in _sides(work, question):
        try:
            reading = read(text, question.names)
            certificate = before.compare(reading.tree)
            if certificate.different and not before.names:
                certificate = part.decide(reading, reading.tree, exercise.digits)
            if not certificate.equal and wrong is None and certificate.different:
                wrong = len(lines)
            lines.append(Line(text, reading, certificate))
            before = Reference(reading.tree, before.names, before.domain)
        except (GradlabError, NoProgram) as error:
            lines.append(Line(text, error=str(error) or "this is no formula of numbers"))
    diagnosis = Diagnosis()
    first = None if wrong is None else lines[wrong].reading
    if first is not None and not part.reference.compare(first.tree).equal:
        diagnosis = part.diagnose(first.tree)
    return Work(exercise, tuple(lines), wrong, _score(exercise, lines, wrong), diagnosis)


def _score(exercise: Exercise, lines: Sequence[Line], wrong: int | None) -> float:
    """Return the points: all where every line follows, else the share of the lines before the first that does not."""
    if not lines:
        return 0.0
    if wrong is None and all(line.certificate is not None and line.certificate.equal for line in lines):
        return exercise.points
    right = 0
    for line in lines:
        if line.certificate is None or not line.certificate.equal:
            break
        right += 1
    return exercise.points * right / len(lines)


def _sides(work: str | Sequence[str], question: Question) -> list[str]:
    lines = work.splitlines() if isinstance(work, str) else list(work)
    found: list[str] = []
    for line in lines:
        sides = [side.strip() for side in line.split("=")]
        if not found and len(sides) > 1 and LEFT.match(sides[0]):
            check_label(sides[0], question, line)
            sides = sides[1:]
        found += [side for side in sides if side]
    return found
