"""Exercises: a function and what is asked of it. The answer is derived when the exercise is made, never typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.asking import ASKS, jacobian
from gradlab.grading.demands import DEMANDS
from gradlab.grading.domains import Domain
from gradlab.grading.malrules import known
from gradlab.grading.numbers import rounded
from gradlab.grading.questions import Question, Setting
from gradlab.grading.settings import shares, tries, words, worth
from gradlab.grading.typed import in_markdown
from gradlab.misuse import explains_misuse
from gradlab.sources import as_function
from gradlab.sources.tokens import MAX_DIGITS, MAX_SCIENTIFIC_EXPONENT
from gradlab.symbolic import derive

if TYPE_CHECKING:
    from gradlab.grading.marking import Grade
    from gradlab.graph.function import Function

REAL = Domain("real")

ABOUT_ONE = ("derivative", "partial", "closed form")
"""What is asked with respect to one variable."""


@explains_misuse
class Exercise:
    """A function and what is asked of it.

    function: anything `gradlab.as_function` takes; for a Jacobian a vector of formulas, "[x^2 y, x + y]" or a list.
    ask: "derivative" (or "partial"), "gradient", "jacobian", "hessian", "antiderivative" (of the derivative of the
        function: all functions that have it, the one given and + C), "value" (of the derivative at a point),
        "step" (the point after one step of gradient descent), "rate" (the largest stable learning rate),
        "critical point", "closed form" (the gradient of a loss with respect to an array).
    wrt: the variables asked about, all by default.  at: the point.  rate: the learning rate.
    variables, shapes, data: as for `gradlab.as_function`.
    points: what a right answer is worth.  attempts: how many answers count; None for any number.
    prompt: the question in words; made from the function if not given.
    hints: shown one by one after wrong answers, before those that gradlab makes.
    domain: where answers are compared: by default wherever all parts are real numbers.
    demands: forms that the answer must have, such as "factored"; see `gradlab.grading.demands`.
    digits: significant digits from which on a decimal number counts as right.
    credit: the share of the points for a named mistake: {"sign slip": 0.5}.
    Raises ExerciseError, with the reason, for an exercise that has no answer or that nothing can be compared with.

    >>> exercise = Exercise("x^2 sin(x)")
    >>> exercise.prompt
    'Find the derivative of f(x) = x² sin(x).'
    >>> print(exercise.check("2x sin x + x^2 cos x").verdict)
    correct
    """

    ask: str
    name: str
    points: float
    attempts: int | None
    hints: tuple[str, ...]
    demands: tuple[str, ...]
    digits: int
    domain: Domain
    question: Question

    def __init__(
        self,
        function: Any,
        ask: str = "derivative",
        *,
        wrt: str | Sequence[str] | None = None,
        at: Any = None,
        rate: float | str | Fraction | None = None,
        variables: Sequence[str] | None = None,
        shapes: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        points: float = 1,
        attempts: int | None = None,
        prompt: str | None = None,
        hints: Sequence[str] = (),
        domain: Domain = REAL,
        demands: Sequence[str] = (),
        digits: int = 3,
        credit: Mapping[str, float] | None = None,
        name: str = "",
    ) -> None:
        if ask == "code":
            raise ValueError("an exercise that asks for code is a CodeExercise(function, …)")
        if ask not in (*ASKS, "jacobian"):
            raise ValueError(f"nothing is called {ask!r} that can be asked; there are {', '.join((*ASKS, 'jacobian'))}")
        if not isinstance(domain, Domain):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f'domain={domain!r} is no domain; write domain=Domain("real", positive=("x",))')
        for demand in words("demands", demands):
            if demand not in DEMANDS:
                raise ValueError(f"no form is called {demand!r}; there are {', '.join(DEMANDS)}")
        self.ask, self.name, self.points, self.attempts = ask, name, worth(points), tries(attempts)
        self.hints, self.demands, self.digits, self.domain = words("hints", hints), tuple(demands), digits, domain
        self.credit: Mapping[str, float] = shares(credit)
        self.functions: list[Function] = _functions(function, variables, shapes, data, several=ask == "jacobian")
        self.function: Function = self.functions[0]
        self.at: dict[str, Fraction] = _point(at, self.function)
        self.rate: Fraction | None = None if rate is None else exact(rate, "rate")
        self.wrt: tuple[str, ...] = _chosen(self.function, wrt, ask)
        self.question, self._known = self._asked(), known()
        self.prompt: str = prompt or _prompt(self)
        self.history: list[Grade] = []
        self._graded: dict[str, Grade] = {}

    def _asked(self) -> Question:
        called = self.name or self.function.signature
        settings = [Setting(each, self.wrt, self.at, self.rate, self.domain) for each in self.functions]
        try:
            _check_used(self)
            for setting in settings:
                setting.check()
            return jacobian(settings) if self.ask == "jacobian" else ASKS[self.ask](settings[0])
        except ExerciseError as error:
            raise ExerciseError(f"{called}: {error}") from error
        except GradlabError as error:
            raise ExerciseError(f"{called} cannot be asked for its {self.ask}: {error}") from error

    def __repr__(self) -> str:
        return f"Exercise({self.prompt})"

    def _repr_markdown_(self) -> str:
        written = f"{self.function.signature} = {self.function.text()}"
        formula = f"${self.function.equation_in_latex()}$" if self.function.output is not None else written
        worth = f"{self.points:g} point{'' if self.points == 1 else 's'}"
        return f"**Exercise** ({worth}). {formula.join(map(in_markdown, self.prompt.split(written)))}"

    @property
    def answer(self) -> str:
        """The right answer, in the form that gradlab derives.

        >>> Exercise("x^2 y", "gradient").answer
        '[2 x y, x²]'
        """
        return self.question.answer

    def check(self, answer: Any) -> Grade:
        """Return the grade of an answer, without keeping it as an attempt.

        answer: text, LaTeX, a number, or a list of these.  What was answered before is not decided again, unless a
            mal-rule was added or taken away since.
        """
        if self._known != known():
            self.question, self._known = self._asked(), known()
            self._graded.clear()
        text = answer if isinstance(answer, str) else written(answer)
        found = self._graded.get(text)
        if found is None:
            from gradlab.grading.marking import marked

            found = marked(self, text)
            if len(self._graded) >= REMEMBERED:
                self._graded.clear()
            self._graded[text] = found
        return found

    @property
    def undecided(self) -> list[Grade]:
        """The attempts that a person is to look at."""
        return [grade for grade in self.history if grade.verdict == "undecided"]

    def forget(self) -> None:
        """Forget the grades that `check` keeps; attempts stay."""
        self._graded.clear()

    def solution(self) -> str:
        """Return the worked solution: every step of the derivation.

        >>> print(Exercise("3x^2").solution())
        f(x) = 3 x²
        <BLANKLINE>
        ∂/∂x (3 x²) = 3 ∂/∂x (x²)    [constant multiple: d(c u) = c du]
        ∂/∂x (x²) = 2 x    [power rule: d/du u^n = n u^(n-1)]
        3 ∂/∂x (x²) = 3·2 x    [substitution: the derivatives found are put in]
        3·2 x = 6 x    [simplification: like terms and like factors are collected]
        <BLANKLINE>
        answer: 6 x
        """
        from gradlab.symbolic.steps import walk

        lines: list[str] = []
        for function in self.functions:
            derivation = derive(function, self.wrt)
            lines += [f"{function.signature} = {function.text()}", ""]
            lines += [step.text() for step in walk(derivation.steps)]
        return "\n".join((*lines, "", f"answer: {self.answer}"))


REMEMBERED = 10_000
"""Answers whose grade is kept: most students write one of a few."""


def written(answer: Any) -> str:
    """Return a number or a list of answers as text.

    >>> written([1, "2x"])
    '[1, 2x]'
    """
    if isinstance(answer, str):
        return answer
    if isinstance(answer, Exercise):
        raise TypeError("the exercise comes first: grade(exercise, answer)")
    if isinstance(answer, bool) or answer is None:
        raise TypeError(f"an answer is text, a number or a list of these, not {answer!r}")
    if isinstance(answer, Mapping):
        return written(list(answer.values()))
    if hasattr(answer, "tolist"):
        return written(answer.tolist())
    if isinstance(answer, (int, float, Fraction)):
        return str(answer)
    if isinstance(answer, Sequence):
        return f"[{', '.join(written(entry) for entry in answer)}]"
    raise TypeError(f"an answer is text, a number or a list of these, not {type(answer).__name__}")


def _functions(function: Any, variables: Any, shapes: Any, data: Any, *, several: bool) -> list[Function]:
    if several:
        if isinstance(function, str):
            from gradlab.sources.answers import read

            reading = read(function, variables)
            entries = reading.entries
            if entries is None:
                raise ExerciseError(f"a Jacobian belongs to several functions, [x^2, x y]; {function!r} is one")
            function = [function[slice(*entry.span)] for entry in entries]
        parts = [as_function(each, variables=variables, shapes=shapes, data=data) for each in function]
        names = list(dict.fromkeys(name for part in parts for name in part.variables))
        return [
            as_function(each, variables=names, shapes=shapes, data=data, name=f"f{number}")
            for number, each in enumerate(function, 1)
        ]
    return [as_function(function, variables=variables, shapes=shapes, data=data)]


AT_A_POINT = ("value", "step", "rate")
"""What is asked at a point; anything else is asked as a formula."""


def _check_used(exercise: Exercise) -> None:
    """Raise ExerciseError for a point or a rate that the question has no use for."""
    if exercise.at and exercise.ask not in AT_A_POINT:
        place = ", ".join(f"{name} = {value}" for name, value in exercise.at.items())
        raise ExerciseError(
            f"a {exercise.ask} is a formula, and at= says {place}; "
            'write ask="value" for the number there, or leave at= out'
        )
    if exercise.rate is not None and exercise.ask != "step":
        raise ExerciseError(
            f'rate={float(exercise.rate):g} belongs to ask="step", a step of gradient descent, not to a {exercise.ask}'
        )


def _chosen(function: Function, wrt: Any, ask: str) -> tuple[str, ...]:
    if not function.variables:
        raise ExerciseError(f"{function.text()} has no variable to differentiate by; write one, such as x")
    if wrt is None and ask in ("derivative", "partial", "closed form") and len(function.variables) > 1:
        names = ", ".join(function.variables)
        raise ExerciseError(f"{function.signature} has several variables; say with wrt= which of {names} is meant")
    return function.chosen(wrt)


def _point(at: Any, function: Function) -> dict[str, Fraction]:
    if at is None:
        return {}
    if not isinstance(at, Mapping):
        names = list(function.variables)
        at = dict(zip(names, [at] if isinstance(at, (int, float, str, Fraction)) else at, strict=True))
    unknown = [name for name in at if name not in function.variables]
    if unknown:
        raise ExerciseError(f"at names {', '.join(unknown)}; the variables are {', '.join(function.variables)}")
    return {name: exact(value, name) for name, value in at.items()}


LONGEST_NUMBER = 2 * MAX_DIGITS
"""Characters of a number: two whole ones and what stands between them."""


def exact(value: Any, name: str) -> Fraction:
    """Return a number, or text such as "1/3" and "1e-3", as the fraction that it is.

    name: what it is called, for the error.  Raises ExerciseError for anything else, and for what is too long to write.
    """
    written = str(value)
    try:
        exponent = int(written.lower().partition("e")[2] or 0)
        if len(written) > LONGEST_NUMBER or abs(exponent) > MAX_SCIENTIFIC_EXPONENT:
            raise ValueError(
                f"it has more than {MAX_DIGITS} digits, or a power of ten beyond {MAX_SCIENTIFIC_EXPONENT}"
            )
        return Fraction(written)
    except (ValueError, ZeroDivisionError) as error:
        message = f"{name} = {value!r} is no number that can be calculated with; write for example 0.5, 1/3 or 1e-3"
        raise ExerciseError(message) from error


def _prompt(exercise: Exercise) -> str:
    function = exercise.function
    what = f"{function.signature} = {function.text()}"
    names = ", ".join(exercise.wrt)
    shown = {name: f"{float(value):g}" if rounded(value) else value for name, value in exercise.at.items()}
    place = ", ".join(f"{name} = {value}" for name, value in shown.items())
    one = len(function.variables) == 1
    match exercise.ask:
        case "derivative" | "partial":
            return f"Find the derivative of {what}{'' if one else f' with respect to {names}'}."
        case "antiderivative":
            slope = derive(function, names).gradient[names].text()
            return f"Find all functions whose derivative with respect to {names} is {slope}."
        case "jacobian":
            vector = ", ".join(each.text() for each in exercise.functions)
            return f"Find the Jacobian of [{vector}] with respect to {names}."
        case "value":
            return f"Find the {'derivative' if one else 'gradient'} of {what} at {place}."
        case "step":
            how = f"from {place} with learning rate {exercise.rate}"
            return f"One step of gradient descent on {what} {how}: where does it lead?"
        case "rate":
            return f"Below which learning rate is gradient descent on {what} stable{f' near {place}' if place else ''}?"
        case "critical point":
            return f"Find the critical points of {what}."
        case "closed form":
            return f"Find the gradient of {what} with respect to {names}."
        case ask:
            return f"Find the {ask.capitalize() if ask == 'hessian' else ask} of {what}."
