"""From a submission to its grade: drawn inputs out, raw numbers back, and what they show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import ExerciseError
from gradlab.grading.code import judging, notebooks, text
from gradlab.grading.code.cases import Case, drawn, seed_of
from gradlab.grading.code.grades import CodeGrade, Evidence
from gradlab.grading.code.kinds import ABOVE, keeps_digits
from gradlab.grading.code.mistakes import Mistake
from gradlab.grading.equivalence import Verdict
from gradlab.grading.marks import Mark
from gradlab.graph.precision import DOUBLE, SINGLE
from gradlab.isolation.records import Level, Outcome, Status, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradlab.grading.code.exercises import CodeExercise
    from gradlab.isolation import Sandbox

    Array = NDArray[Any]


def graded(
    exercise: CodeExercise, answers: Iterable[Any], *, trust: bool = False, sandbox: Sandbox | None = None
) -> Iterator[CodeGrade]:
    """Yield the grade of each submission, in order."""
    from gradlab import isolation

    chosen = sandbox or (isolation.trusting() if trust else isolation.shared())
    pending: list[Submission] = []

    def tasks() -> Iterator[Task]:
        for answer in answers:
            pending.append(Submission(exercise, answer))
            yield pending[-1].task

    for outcome in chosen.run_many(tasks()):
        yield pending.pop(0).grade(outcome)


@dataclass(eq=False)
class Submission:
    """One submission to an exercise, with the inputs that are drawn for it."""

    exercise: CodeExercise
    answer: Any

    def __post_init__(self) -> None:
        if not isinstance(self.answer, str):
            raise TypeError(f"a submission is the text of a program or a notebook, not {type(self.answer).__name__}")

    @cached_property
    def source(self) -> notebooks.Source:
        """The Python of the submission; raises ExerciseError where there is none."""
        return notebooks.read(self.answer, self.exercise.cells)

    @cached_property
    def unreadable(self) -> str:
        """Why there is no Python in it; empty if there is."""
        try:
            return "" if self.source.text.strip() else "the submission is empty"
        except ExerciseError as error:
            return str(error)

    @cached_property
    def seed(self) -> int:
        """What inputs are drawn by."""
        return seed_of(self.exercise.secret.encode(), self.answer)

    @cached_property
    def cases(self) -> list[Case]:
        """The inputs of every call."""
        from gradlab.grading.code.exercises import CASES

        exercise = self.exercise
        loop = exercise.kind.name == "training loop"

        def sound(case: Case) -> bool:
            return keeps_digits(exercise.kind, exercise.reference, case, self.bits)

        cases = drawn(exercise.function, exercise.domain, self.seed, CASES, loop=loop, sound=sound)
        return [self._finished(case, number) for number, case in enumerate(cases)]

    def _finished(self, case: Case, number: int) -> Case:
        """Return a case in the numbers that it is given in, with what a backward pass gets."""
        import numpy as np

        inputs = dict(case.inputs)
        if self.exercise.kind.name == "autograd function":
            shape = np.shape(self.exercise.function(**inputs))
            inputs[ABOVE] = np.random.default_rng(self.seed + number).normal(size=shape)
        dtype = np.float32 if self.exercise.float32 else np.float64
        return Case({name: np.asarray(array, dtype=dtype) for name, array in inputs.items()}, case.rate, case.steps)

    @property
    def bits(self) -> int:
        """The precision that it computes with."""
        return SINGLE if self.exercise.float32 else DOUBLE

    @cached_property
    def task(self) -> Task:
        """What is run."""
        exercise = self.exercise
        inputs = {
            f"{number}/{name}": array for number, case in enumerate(self.cases) for name, array in case.inputs.items()
        }
        arguments = {
            "entry": exercise.entry,
            "kind": exercise.kind.name,
            "library": exercise.library,
            "parameters": list(exercise.parameters),
            "manual": exercise.manual,
            "cases": [self._arguments(case) for case in self.cases],
        }
        source = "" if self.unreadable else self.source.text
        return Task(source, "program", arguments, inputs, exercise.library, seed=self.seed % 2**31)

    def _arguments(self, case: Case) -> list[tuple[str, Any]]:
        values = {"rate": case.rate, "steps": case.steps}
        names = self.exercise.kind.arguments(self.exercise.function)
        return [(name, values[name] if name in self.exercise.kind.extra else "input") for name in names]

    # Grading -----------------------------------------------------------------------------------------

    def grade(self, outcome: Outcome) -> CodeGrade:
        """Return the grade, from what the submission's process came to."""
        if self.unreadable:
            return self._made(outcome, Mark.WRONG, "nothing was run", (self.unreadable,))
        if outcome.status is not Status.RETURNED:
            return self._failed(outcome)
        faults = [*text.forbidden(self), *self._properties(outcome)]
        try:
            right = [self._expected(case) for case in self.cases]
        except Exception as error:  # an input of the exercise itself has no gradient
            return self._made(outcome, Mark.UNDECIDED, f"the exercise has no right answer here: {error}")
        if sum(each.decides for each in right) <= len(right) / 2:
            return self._made(outcome, Mark.UNDECIDED, "the right answer is too sensitive to rounding to decide by it")
        missing = self._missing(outcome)
        if missing:
            return self._made(outcome, Mark.WRONG, "an outcome is missing", (missing,))
        return self._compared(outcome, right, faults)

    def _expected(self, case: Case) -> judging.Expected:
        import numpy as np

        exact = Case({name: np.asarray(a, dtype=np.float64) for name, a in case.inputs.items()}, case.rate, case.steps)
        return judging.expected(self.exercise.kind, self.exercise.reference, exact, self.seed, self.bits)

    def _missing(self, outcome: Outcome) -> str:
        """Return what is wrong with the shapes of what came back; empty if nothing."""
        import numpy as np

        for number, case in enumerate(self.cases):
            shapes = {name: np.shape(case.inputs[name]) for name in self.exercise.parameters}
            if ABOVE in case.inputs:
                shapes["value"] = np.shape(case.inputs[ABOVE])
            for name, wanted in shapes.items():
                found = outcome.outputs.get(f"{number}/{name}")
                if found is None:
                    return f"nothing came back for {name}"
                if found.shape != wanted:
                    told = f"{self._called(name)} has shape {found.shape}, and is to have {wanted}"
                    return f"{told} (in a call with {_shown(case, self.exercise)})"
        return ""

    def _compared(self, outcome: Outcome, right: list[judging.Expected], faults: list[str]) -> CodeGrade:
        names = list(right[0].values)
        apart = {
            (number, name): each.apart(name, outcome.outputs[f"{number}/{name}"])
            for number, each in enumerate(right)
            for name in names
            if each.decides
        }
        wrong = [place for place, off in apart.items() if not off <= 1]
        count = len({number for number, _ in wrong})
        told = len({number for number, _ in apart})
        if not wrong and not faults:
            worst = max(apart.values(), default=0.0)
            reason = f"{told} of {told} calls right, off by {worst:.2g} of what rounding may do at most"
            return self._made(outcome, Mark.CORRECT, reason)
        if not wrong:
            return self._made(outcome, Mark.WRONG, "the numbers are right", tuple(faults))
        number, name = wrong[0]
        case = self.cases[number]
        bad = {name for _, name in wrong}
        fine = [self._called(each) for each in names if each not in bad]
        reason = f"{told - count} of {told} calls right; {self._called(name)} is wrong in a call with "
        reason += _shown(case, self.exercise) + (f"; {' and '.join(fine)} is right throughout" if fine else "")
        mistakes = self._mistakes(outcome, right)
        plain = (
            (f"{reason[0].upper()}{reason[1:]}.",) if not faults and not any(each.certain for each in mistakes) else ()
        )
        return self._made(outcome, Mark.WRONG, reason, (*faults, *plain), mistakes)

    def _called(self, name: str) -> str:
        if name == "value":
            return "the value of forward"
        steps = self.exercise.kind.name.startswith("training")
        return name if steps else f"the gradient by {name}"

    def _mistakes(self, outcome: Outcome, right: list[judging.Expected]) -> tuple[Mistake, ...]:
        from gradlab.grading.code.mistakes.behaviour import explained

        try:
            return explained(self, outcome, right)
        except RecursionError:  # of a text nested too deeply: it is wrong all the same
            return ()

    def _properties(self, outcome: Outcome) -> list[str]:
        """Return what is wrong beside the numbers."""
        faults: list[str] = []
        changed = sorted({label.partition("/")[2] for label in outcome.mutated} - {ABOVE})
        if changed:
            copy = "clone" if self.exercise.library == "torch" else "copy"
            faults.append(f"it changes its input {', '.join(changed)}: work on a copy, {changed[0]}.{copy}()")
        dtypes = outcome.notes.get("dtypes", {})
        wanted = "float32" if self.exercise.float32 else "float64"
        for name in self.exercise.parameters:
            found = dtypes.get(name) if isinstance(dtypes, dict) else None
            if isinstance(found, str) and found != wanted and name in dtypes:
                faults.append(f"it returns {found[:20]} for {name}; the inputs are {wanted}")
        if not changed and not self._deterministic(outcome):
            faults.append("it returns something else each time it is called with the same inputs")
        return faults

    def _deterministic(self, outcome: Outcome) -> bool:
        again = {
            label.partition("/")[2]: array for label, array in outcome.outputs.items() if label.startswith("again/")
        }
        first = {label.partition("/")[2]: array for label, array in outcome.outputs.items() if label.startswith("0/")}
        return all(name in first and _same(array, first[name]) for name, array in again.items())

    def _failed(self, outcome: Outcome) -> CodeGrade:
        """Return the grade of a submission that came to no numbers."""
        from gradlab.grading.code.mistakes.exceptions import raised

        place = "" if outcome.line is None else f"{self.source.place(outcome.line)}: "
        notes = outcome.notes.get("notes", [])
        where = f" ({notes[0]})" if isinstance(notes, list) and notes and isinstance(notes[0], str) else ""
        error = re.sub(r"^[\w.]*\bNoAnswer: ", "", outcome.error)
        if outcome.status in (Status.RAISED, Status.SYNTAX):
            fault = f"{place}{error}{where}"
        else:
            fault = f"it {outcome.status}{where}"
        by_hand = [] if outcome.status is Status.SYNTAX else list(text.forbidden(self))
        if by_hand:  # what torch says when it is refused is no help
            return self._made(outcome, Mark.WRONG, f"it {outcome.status}", tuple(by_hand))
        try:
            mistakes = raised(self, outcome)
        except RecursionError:  # as in _mistakes
            mistakes = ()
        return self._made(outcome, Mark.WRONG, f"it {outcome.status}", (text.readable(fault),), mistakes)

    def _made(
        self,
        outcome: Outcome,
        mark: Mark,
        reason: str,
        faults: tuple[str, ...] = (),
        mistakes: tuple[Mistake, ...] = (),
    ) -> CodeGrade:
        exercise = self.exercise
        verdict = {
            Mark.CORRECT: Verdict.CERTIFIED,
            Mark.WRONG: Verdict.DIFFERENT,
            Mark.UNDECIDED: Verdict.UNDECIDED,
        }[mark]
        found = CodeGrade(
            exercise,
            self.answer,
            exercise.points if mark is Mark.CORRECT else 0,
            mark,
            Evidence(verdict, reason),
            tuple(dict.fromkeys(faults)),
            mistakes,
            tuple("" if each.line is None else self.source.place(each.line) for each in mistakes),
            isolation=str(outcome.level),
            trusted=outcome.level is Level.NONE,
            printed=outcome.printed,
            seconds=outcome.cpu_seconds,
        )
        share = exercise.credit.get(found.misconception or "", 0.0)
        if mark is Mark.WRONG and share and not faults:
            from dataclasses import replace

            return replace(found, score=exercise.points * share)
        return found


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _shown(case: Case, exercise: CodeExercise) -> str:
    shapes = Case({name: array for name, array in case.inputs.items() if name != ABOVE}).shapes()
    extra = {"rate": f"rate {case.rate:.4g}", "steps": f"{case.steps} steps"}
    return ", ".join([shapes, *(extra[name] for name in exercise.kind.extra)])
