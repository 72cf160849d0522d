"""`CodeExercise`: a function, and the code that is asked for; what is right follows from the derived gradient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.code.kinds import KINDS, reference_of
from gradlab.grading.domains import Domain
from gradlab.grading.marks import Mark
from gradlab.grading.settings import tries, words, worth
from gradlab.misuse import explains_misuse
from gradlab.sources import as_function

if TYPE_CHECKING:
    from gradlab.grading.code.grades import CodeGrade
    from gradlab.grading.code.kinds import Kind, Reference
    from gradlab.graph import Function
    from gradlab.isolation import Sandbox

LIBRARIES = ("numpy", "torch")
CASES = 6
"""Calls of a submission, each with inputs of other sizes."""

EVERYWHERE = Domain("real")


@explains_misuse
class CodeExercise:
    """A function and the code that is asked of it.

    function: a loss (for an autograd function: any function), as `gradlab.as_function` takes it.
    kind: "function" (returns the gradient), "training step", "training loop", "autograd function".
    entry: what the student's function or class is called.  library: "numpy" or "torch".
    wrt: the parameters; by default the first variable.  shapes, variables, data: as for `gradlab.as_function`.
    manual: the gradient is to be derived by hand; torch may not differentiate.
    cells: of a notebook, the names of those that count; all by default.
    domain: where inputs are drawn from.  float32: the inputs are of that type.
    secret: with the submission it decides which inputs are drawn; a course keeps one for itself.
    points, attempts, prompt, hints, credit, name: as for `gradlab.Exercise`.
    Raises ExerciseError, with the reason, for an exercise that nothing can be held against.

    >>> exercise = CodeExercise("1/n*sum((X w - y)^2)", variables=["w", "X", "y"],
    ...                         shapes={"w": "d", "X": ("n", "d"), "y": "n"})
    >>> print(exercise.template())
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def gradient(w, X, y):
        \"\"\"Return the gradient of f(w, X, y) = 1/n ‖X w - y‖² with respect to w.
    <BLANKLINE>
        Shapes: w (d,), X (n, d), y (n,).
        \"\"\"
    <BLANKLINE>
    """

    entry: str
    manual: bool
    cells: tuple[str, ...]
    domain: Domain
    float32: bool
    secret: str
    points: float
    attempts: int | None
    hints: tuple[str, ...]
    name: str

    ask = "code"

    def __init__(
        self,
        function: Any,
        kind: str = "function",
        *,
        entry: str | None = None,
        library: str = "numpy",
        wrt: str | Sequence[str] | None = None,
        variables: Sequence[str] | None = None,
        shapes: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        manual: bool = False,
        cells: Sequence[str] = (),
        domain: Domain = EVERYWHERE,
        float32: bool = False,
        secret: str = "",
        points: float = 1,
        attempts: int | None = None,
        prompt: str | None = None,
        hints: Sequence[str] = (),
        credit: Mapping[str, float] | None = None,
        name: str = "",
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"no kind of code is called {kind!r}; there are {', '.join(KINDS)}")
        if library not in LIBRARIES:
            raise ValueError(f"library={library!r}; there are {', '.join(LIBRARIES)}")
        self.kind: Kind = KINDS[kind]
        self.library = "torch" if kind == "autograd function" else library
        self.entry, self.manual, self.cells = entry or self.kind.entry, manual, tuple(cells)
        self.domain, self.float32, self.secret = domain, float32, secret
        self.points, self.attempts, self.hints, self.name = worth(points), tries(attempts), words("hints", hints), name
        self.credit: Mapping[str, float] = dict(credit or {})
        self.function: Function = as_function(function, variables=variables, shapes=shapes, data=data)
        try:
            _check_names(self.function)
            parameters = self.function.chosen(wrt if wrt is not None else next(iter(self.function.variables), None))
            self.reference: Reference = reference_of(self.kind, self.function, parameters)
        except GradlabError as error:
            raise ExerciseError(f"{name or self.function.signature}: {error}") from error
        self.prompt: str = prompt or self._prompt()
        self.history: list[CodeGrade] = []

    def __repr__(self) -> str:
        return f"CodeExercise({self.prompt})"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The variables that the gradient is taken by."""
        return self.reference.parameters

    @property
    def signature(self) -> str:
        """How the student's function is called."""
        if self.kind.name == "autograd function":
            return f"class {self.entry}(torch.autograd.Function)"
        return f"{self.entry}({', '.join(self.kind.arguments(self.function))})"

    def _prompt(self) -> str:
        what = f"{self.function.signature} = {self.function.text()}"
        by = ", ".join(self.parameters)
        library = {"numpy": "NumPy", "torch": "PyTorch"}[self.library]
        manual = ", without backward()" if self.manual and self.library == "torch" else ""
        return f"Write {self.signature} in {library}{manual}, which {self.kind.asks} by {by}: {what}."

    def template(self) -> str:
        """Return the beginning of an answer: the signature, with shapes."""
        from gradlab.grading.code.templates import template

        return template(self)

    @property
    def answer(self) -> str:
        """A right answer, made of the derivation."""
        from gradlab.grading.code.templates import solution

        return solution(self)

    def solution(self) -> str:
        """Return a right answer below the gradient that it computes."""
        from gradlab.symbolic import derive

        if self.function.output is not None and self.function.output.axes:
            return self.answer
        return f"{derive(self.function, self.parameters)}\n\n{self.answer}"

    def check(self, answer: Any, *, trust: bool = False, sandbox: Sandbox | None = None) -> CodeGrade:
        """Return the grade of a submission, without keeping it as an attempt.

        answer: the text of a program or of a notebook.  sandbox: where to run it, by default the process's own.
        """
        (found,) = self.check_many([answer], trust=trust, sandbox=sandbox)
        return found

    def check_many(
        self, answers: Iterable[Any], *, trust: bool = False, sandbox: Sandbox | None = None
    ) -> Iterable[CodeGrade]:
        """Yield the grades of submissions in order, as many at once as *sandbox* has workers."""
        from gradlab.grading.code.running import graded

        return graded(self, answers, trust=trust, sandbox=sandbox)

    def attempt(self, answer: Any, *, trust: bool = False) -> CodeGrade:
        """Return the grade of a submission, and keep it as an attempt; see `gradlab.grade`."""
        found = self.check(answer, trust=trust)
        late = self.attempts is not None and len(self.history) >= self.attempts
        wrong = sum(each.verdict is Mark.WRONG for each in self.history) + (found.verdict is Mark.WRONG) - 1
        kept = replace(
            found,
            score=0 if late else found.score,
            faults=(*found.faults, *([f"no attempts are left of {self.attempts}"] if late else ())),
            attempt=wrong,
        )
        self.history.append(kept)
        return kept

    def forget(self) -> None:
        """Keep no grade but attempts; submissions are run each time, so there is nothing else to forget."""


def _check_names(function: Function) -> None:
    """Raise ExerciseError for a variable that no program can have as an argument."""
    for name in (*function.variables, *function.data):
        if not name.isidentifier() or iskeyword(name):
            raise ExerciseError(
                f"a program has no argument called {name!r}; call the variable by letters, digits and _, such as x"
            )
