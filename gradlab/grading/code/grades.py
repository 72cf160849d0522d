"""The grade of a submission: verdict, what shows it, the mistakes by name and line."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.grading.equivalence import Verdict
from gradlab.grading.marks import Mark

if TYPE_CHECKING:
    from gradlab.grading.code.exercises import CodeExercise
    from gradlab.grading.code.mistakes import Mistake


@dataclass(frozen=True)
class Evidence:
    """What shows the verdict on a submission.

    verdict: equal or different, as for expressions; certified, since numbers are compared.  reason: in words.
    """

    verdict: Verdict
    reason: str

    def __str__(self) -> str:
        return self.reason

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"verdict": str(self.verdict), "reason": self.reason}


@dataclass(frozen=True, eq=False)
class CodeGrade:
    """A submission, graded.

    score, out_of: its points.  verdict: correct, wrong or undecided.  certificate: what shows it.
    faults: what is to be told first: an exception, a shape, an input that was changed.
    mistakes: those found by behaviour or in the text; students are told those that are certain.
    isolation: how it was shut off; trusted: it was not, and the grade is not verified.
    printed: what it printed, bounded.  seconds: CPU time of its process.
    """

    exercise: CodeExercise
    answer: str
    score: float
    verdict: Mark
    certificate: Evidence
    faults: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    places: tuple[str, ...] = ()
    isolation: str = ""
    trusted: bool = False
    printed: str = ""
    seconds: float = 0.0
    attempt: int = 0
    error: str = ""

    @property
    def out_of(self) -> float:
        """The points that a right submission is worth."""
        return self.exercise.points

    @property
    def misconception(self) -> str | None:
        """The mistake by name, if one is certain and no other is."""
        certain = {mistake.name for mistake in self.mistakes if mistake.certain}
        return next(iter(certain)) if len(certain) == 1 and self.verdict is Mark.WRONG else None

    @property
    def candidates(self) -> tuple[str, ...]:
        """For the teacher: every mistake that was found, certain or not."""
        return tuple(dict.fromkeys(mistake.name for mistake in self.mistakes))

    @property
    def feedback(self) -> str:
        """What to tell the student."""
        if self.verdict is Mark.CORRECT:
            return "Right."
        lines = list(self.faults)
        told = [(m, place) for m, place in zip(self.mistakes, self.places, strict=True) if m.certain]
        lines += [f"{place}: {mistake.says}" if place else mistake.says for mistake, place in told]
        if not lines:
            lines.append(self.certificate.reason)
        return "\n".join(lines)

    @property
    def hints(self) -> tuple[str, ...]:
        """The exercise's hints, one more after each wrong attempt."""
        return self.exercise.hints[: max(self.attempt, 0)] if self.verdict is Mark.WRONG else ()

    def __repr__(self) -> str:
        lines = [f"{self.verdict}: {self.score:g} of {self.out_of:g}"]
        lines += [f"  {line}" for line in self.feedback.splitlines()]
        lines += [f"  hint: {hint}" for hint in self.hints]
        if self.trusted:
            lines.append("  not verified: it was run without isolation")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        feedback = "<br>".join(html.escape(line) for line in self.feedback.splitlines())
        shown = f"<p><b>{self.verdict}</b>: {self.score:g} of {self.out_of:g}</p><p>{feedback}</p>"
        hints = "".join(f"<p>Hint: {html.escape(hint)}</p>" for hint in self.hints)
        return shown + hints + ("<p>Not verified: it was run without isolation.</p>" if self.trusted else "")

    def as_dict(self) -> dict[str, Any]:
        """Return the grade as plain data."""
        return {
            "answer": self.answer,
            "score": self.score,
            "out_of": self.out_of,
            "verdict": str(self.verdict),
            "certificates": [self.certificate.as_dict()],
            "misconception": self.misconception,
            "candidates": list(self.candidates),
            "mistakes": [[mistake.name, mistake.line, mistake.says] for mistake in self.mistakes],
            "feedback": self.feedback,
            "hints": list(self.hints),
            "isolation": self.isolation,
            "trusted": self.trusted,
            "printed": self.printed,
        }
