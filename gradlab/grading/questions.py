"""What an exercise asks, as parts that are answered by one expression each: derived, never typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from gradlab.errors import ExerciseError, GradlabError, NoFormulaError
from gradlab.grading.domains import Domain
from gradlab.grading.equivalence import Certificate, Reference, Verdict
from gradlab.grading.malrules import MalRule
from gradlab.grading.matching import Diagnosis, Matcher
from gradlab.grading.mistakes import Derived, Mistake, WrongAnswer
from gradlab.grading.numbers import stated
from gradlab.grading.programs import NoProgram
from gradlab.grading.whole import at_point, root
from gradlab.graph import algebra, printing
from gradlab.graph.function import Function
from gradlab.graph.nodes import Node
from gradlab.graph.point import described
from gradlab.graph.tidying import tidied
from gradlab.sources.answers import Names, Reading, read
from gradlab.sources.syntax import Tree
from gradlab.symbolic import derive
from gradlab.symbolic.rules import Scope

RUNS = tuple(Fraction(1, part) for part in (1, 2, 10, 100, 1000))
"""The runs of secants whose slope may be given for the tangent's."""

SOME = 3
"""Points, of those tried, at which an answer must have a value."""


@dataclass(eq=False)
class Part:
    """One expression that is asked for.

    label: what it is called, ∂f/∂x.  right: the answer.  matcher: finds the mistakes that lead to a wrong one.
    """

    label: str
    right: Node
    matcher: Matcher

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
        return found

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
        return f"the gradient {described(self.right.axes)}, as its variable has; this {described(axes)}"

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
    """

    form: str
    parts: Sequence[Part]
    names: Names
    function: Function
    array: ArrayPart | None = None
    columns: int = 0
    confusions: Sequence[tuple[str, str, Sequence[Node]]] = field(default=())

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


# Deriving ------------------------------------------------------------------------------------------


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
        return self._part(label, tidied(put_in(right)), (), derivations, put_in=put_in, **more)

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


def ask_derivative(setting: Setting) -> Question:
    """The derivative with respect to one variable."""
    if len(setting.wrt) != 1:
        raise ExerciseError(f"a derivative is asked with respect to one variable; say which of {_listed(setting.wrt)}")
    (name,) = setting.wrt
    return _question("one", [_partial(setting, name)], setting)


def ask_gradient(setting: Setting) -> Question:
    """All partial derivatives, in the order of the variables."""
    parts = [_partial(setting, name) for name in setting.wrt]
    form = "vector" if len(parts) > 1 else "one"
    return _question(form, parts, setting, confusions=list(_confused([part.right for part in parts])))


def ask_hessian(setting: Setting) -> Question:
    """The second partial derivatives, row by row."""
    derivation = derive(setting.function, setting.wrt)
    parts: list[Part] = []
    for first in setting.wrt:
        slope = derivation.gradient[first].formula
        for second in setting.wrt:
            derived = setting.derived(second, slope)
            below = f"∂{first}²" if first == second else f"∂{first}∂{second}"
            label = f"∂²{setting.function.name}/{below}"
            parts.append(setting.part(label, derived.right(), [derived]))
    form = "matrix" if len(setting.wrt) > 1 else "one"
    return _question(form, parts, setting, columns=len(setting.wrt))


def ask_value(setting: Setting) -> Question:
    """The derivative, or the gradient, as numbers at a point."""
    put_in = _at(setting)
    parts: list[Part] = []
    for name in setting.wrt:
        derived = setting.derived(name)
        label, more = f"∂{setting.function.name}/∂{name}", _secants(setting, name, derived)
        parts.append(setting.number(label, derived.right(), [derived], put_in, more=more))
    form = "vector" if len(parts) > 1 else "one"
    return _question(form, parts, setting, numbers=True, confusions=list(_confused([part.right for part in parts])))


def _secants(setting: Setting, name: str, derived: Derived) -> list[WrongAnswer]:
    """Return the slopes of secants, to the right, to the left and to both sides: given instead of the tangent's."""
    output, x = setting.function.formula, setting.at[name]

    def value(move: Fraction) -> Node:
        return at_point(output, {**setting.numbers, name: algebra.number(x + move)})

    found: list[WrongAnswer] = []
    for run in RUNS:
        says = f"this is rise over run with a run of {float(run):g}, not the number that it approaches"
        for first, last in ((Fraction(0), run), (-run, Fraction(0)), (-run, run)):
            rise = algebra.add(value(last), algebra.negative(value(first)))
            slope = algebra.scale_by(1 / (last - first), rise)
            found.append(_wrong("secant for tangent", says, slope, derived, rare=True))
    return found


def ask_step(setting: Setting) -> Question:
    """The point after one step of gradient descent."""
    put_in, rate = _at(setting), setting.rate
    if rate is None:
        raise ExerciseError("the next step of gradient descent depends on its learning rate; write rate=0.1")
    parts: list[Part] = []
    for name in setting.wrt:
        derived, x = setting.derived(name), setting.function.nodes[name]

        def stepped(slope: Node, x: Node = x) -> Node:
            return put_in(algebra.add(x, algebra.scale_by(-rate, slope)))

        slope = derived.right()
        others = {
            "step uphill": ("descent goes against the gradient", algebra.add(x, algebra.scale_by(rate, slope))),
            "learning rate missing": (
                "the gradient is multiplied by the learning rate",
                algebra.add(x, algebra.negative(slope)),
            ),
            "only the gradient": ("this is the gradient, not the point after the step", slope),
            "only the change": ("this is the step, not the point after it", algebra.scale_by(-rate, slope)),
            "size of the step": ("this is the step, not the point after it", algebra.scale_by(rate, slope)),
        }
        more = [_wrong(name_, says, put_in(node), derived) for name_, (says, node) in others.items()]
        right = put_in(algebra.add(x, algebra.scale_by(-rate, slope)))
        parts.append(_with_own(setting, f"{name} after the step", right, derived, stepped, more))
    form = "vector" if len(parts) > 1 else "one"
    return _question(form, parts, setting, numbers=True, confusions=list(_swapped([part.right for part in parts])))


def _with_own(
    setting: Setting,
    label: str,
    right: Node,
    derived: Derived,
    put_in: Callable[[Node], Node],
    more: Sequence[WrongAnswer],
) -> Part:
    """Return a part whose answer is made from the derivative by *put_in*; *more* is finished already."""
    part = setting.number(label, right, [derived], lambda node: node)
    own = [WrongAnswer(put_in(wrong.answer), wrong.mistakes) for wrong in derived.singles()]
    part.matcher = Matcher(part.reference, [], [*own, *more])
    return part


def ask_rate(setting: Setting) -> Question:
    """The learning rate below which gradient descent is stable: 2 over the largest eigenvalue of the Hessian."""
    derivation = derive(setting.function, setting.wrt)
    if not derivation.is_quadratic and not setting.at:
        raise ExerciseError("the Hessian is not the same everywhere; say at which point, at={…}")
    try:
        families = derivation.eigenvalues.families
    except NoFormulaError as error:
        raise ExerciseError(f"the largest stable rate has no closed form: {error}") from error
    if any(family.kind != "number" for family in families):
        raise ExerciseError("the largest stable rate is asked of functions of one or two numbers")
    put_in = partial(at_point, values=setting.numbers)
    values = sorted(((_float(put_in(f.shift)), put_in(f.shift)) for f in families), key=lambda pair: pair[0])
    (smallest, low), (largest, high) = values[0], values[-1]
    if not largest > 0:
        raise ExerciseError(f"the largest eigenvalue of the Hessian is {largest:g}: no rate is stable")
    right = algebra.quotient(algebra.number(2), high)
    derived = setting.derived(setting.wrt[0])
    others = {
        "one over the eigenvalue": ("descent is stable up to 2 over the largest eigenvalue", algebra.reciprocal(high)),
        "eigenvalue itself": ("this is an eigenvalue, not the rate", high),
        "eigenvalue over two": ("the rate is 2 over the eigenvalue", algebra.scale_by(Fraction(1, 2), high)),
    }
    if smallest > 0 and low is not high:
        others["smallest eigenvalue"] = (
            "the largest eigenvalue of the Hessian limits the rate, not the smallest",
            algebra.quotient(algebra.number(2), low),
        )
    more = [_wrong(name, says, node, derived) for name, (says, node) in others.items()]
    part = setting.number("largest stable rate", right, [], lambda node: node, more=more)
    return _question("one", [part], setting, numbers=True)


def ask_critical(setting: Setting) -> Question:
    """The points at which the gradient is 0: numbers for one variable, points for several."""
    from gradlab.grading.solving import zeros

    slopes = [setting.derived(name).right() for name in setting.wrt]
    if set(setting.wrt) != set(setting.names):
        raise ExerciseError("critical points are asked of all variables; the others need numbers")
    found = zeros([read(printing.text(tidied(slope)), setting.names).tree for slope in slopes], setting.wrt)
    if not found:
        raise ExerciseError(f"no critical point of {setting.function.signature} was found")
    parts: list[Part] = []
    for solution in found:
        for name, text in zip(setting.wrt, solution, strict=True):
            reference = Reference(read(text, ()).tree, (), setting.domain)
            node = _node(text)
            parts.append(Part(name, node, Matcher(reference, [])))
    return _question("set", parts, setting, numbers=True, columns=len(setting.wrt))


def ask_closed_form(setting: Setting) -> Question:
    """The gradient of a loss with respect to an array, as one formula."""
    if len(setting.wrt) != 1:
        raise ExerciseError(f"a closed form is asked with respect to one variable; say which of {_listed(setting.wrt)}")
    (name,) = setting.wrt
    function = setting.function
    right = derive(function, name).gradient[name].formula
    from gradlab.grading.losses import wrong_gradients

    array = ArrayPart(f"∂{function.name}/∂{name}", right, wrong_gradients(function, name, right))
    shapes = {**function.variables, **function.data_axes}
    names = Names(list(shapes), shapes={key: axes for key, axes in shapes.items() if axes})
    return Question("array", [], names, function, array=array)


ASKS: Mapping[str, Callable[[Setting], Question]] = {
    "derivative": ask_derivative,
    "partial": ask_derivative,
    "gradient": ask_gradient,
    "hessian": ask_hessian,
    "value": ask_value,
    "step": ask_step,
    "rate": ask_rate,
    "critical point": ask_critical,
    "closed form": ask_closed_form,
}
"""What can be asked of one function; a Jacobian is asked of several."""


def jacobian(settings: Sequence[Setting]) -> Question:
    """The partial derivatives of several functions, one row for each."""
    first = settings[0]
    parts = [_partial(setting, name) for setting in settings for name in first.wrt]
    rows, columns = len(settings), len(first.wrt)
    turned = [parts[row * columns + column].right for column in range(columns) for row in range(rows)]
    confusions = [("transposed", "rows belong to functions, columns to variables", turned)] if rows == columns else []
    return _question("matrix", parts, first, columns=columns, confusions=confusions)


def _partial(setting: Setting, name: str) -> Part:
    derived = setting.derived(name)
    stated = derive(setting.function, name).gradient[name].formula
    return setting.part(f"∂{setting.function.name}/∂{name}", stated, [derived])


def _question(form: str, parts: Sequence[Part], setting: Setting, *, numbers: bool = False, **rest: Any) -> Question:
    names = () if numbers else tuple(setting.names)
    # Components along the axes may be written with the unit vectors of physics, 2x i + j.
    directions = ("i", "j", "k")[: len(parts)] if form == "vector" and len(parts) in (2, 3) else ()
    taken = any(letter in names for letter in directions)
    return Question(form, parts, Names(names, directions=() if taken else directions), setting.function, **rest)


def _at(setting: Setting) -> Callable[[Node], Node]:
    missing = [name for name in setting.names if name not in setting.at]
    if missing:
        raise ExerciseError(f"a value is asked at a point; at= lacks {_listed(missing)}")
    return partial(at_point, values=setting.numbers)


def _wrong(name: str, says: str, answer: Node, derived: Derived, *, rare: bool = False) -> WrongAnswer:
    rule = MalRule(name, says, lambda _: (), rare=rare)
    return WrongAnswer(answer, (Mistake(rule, root(derived), answer, whole=True),))


def _confused(right: Sequence[Node]) -> Any:
    yield from _swapped(right)
    if len(right) > 1:
        total = algebra.add(*right)
        yield "components added", "a gradient is a vector; its components are not added up", [total]
        yield "negated", "the whole answer has the wrong sign", [algebra.negative(node) for node in right]


def _swapped(right: Sequence[Node]) -> Any:
    if len(right) > 1:
        yield "order swapped", "the components are in another order than the variables", list(reversed(right))


def _node(text: str) -> Node:
    from gradlab.sources import as_function

    return as_function(text, variables=()).formula


def _float(node: Node) -> float:
    from gradlab.graph import evaluation

    (value,) = evaluation.with_numpy([node], {}, {})
    return float(value)


def _bracketed(texts: Sequence[str]) -> str:
    return f"[{', '.join(texts)}]"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
