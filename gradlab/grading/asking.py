"""What can be asked of a function: each way makes a question, with its answer and what mistakes lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from gradlab.errors import ExerciseError, NoFormulaError
from gradlab.grading.antiderivatives import ask_antiderivative
from gradlab.grading.equivalence import Reference
from gradlab.grading.matching import Matcher
from gradlab.grading.mistakes import Derived, WrongAnswer
from gradlab.grading.questions import ArrayPart, Part, Question, Setting, listed
from gradlab.grading.whole import at_point, wrong_answer
from gradlab.graph import algebra, printing
from gradlab.graph.nodes import Node
from gradlab.graph.tidying import tidied
from gradlab.sources.answers import Names, read
from gradlab.symbolic import derive

RUNS = tuple(Fraction(1, part) for part in (1, 2, 10, 100, 1000))
"""The runs of secants whose slope may be given for the tangent's."""


def ask_derivative(setting: Setting) -> Question:
    """The derivative with respect to one variable."""
    return _question("one", [_partial(setting, setting.only_variable("a derivative"))], setting)


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
    confusions = list(_confused([part.right for part in parts]))
    if form == "vector":
        value = put_in(setting.function.formula)
        confusions.append(("value for gradient", "this is the value of the function there, not its gradient", [value]))
    return _question(form, parts, setting, numbers=True, confusions=confusions)


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
            found.append(wrong_answer("secant for tangent", says, slope, derived, rare=True))
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
        more = [wrong_answer(name_, says, put_in(node), derived) for name_, (says, node) in others.items()]
        right = put_in(algebra.add(x, algebra.scale_by(-rate, slope)))
        parts.append(_with_own(setting, f"{name} after the step", right, derived, stepped, more))
    form = "vector" if len(parts) > 1 else "one"
    swapped = list(_swapped([part.right for part in parts]))
    return _question(form, parts, setting, numbers=True, confusions=swapped, coordinates=setting.wrt)


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
    more = [wrong_answer(name, says, node, derived) for name, (says, node) in others.items()]
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
    return _question("set", parts, setting, numbers=True, columns=len(setting.wrt), coordinates=setting.wrt)


def ask_closed_form(setting: Setting) -> Question:
    """The gradient of a loss with respect to an array, as one formula."""
    name, function = setting.only_variable("a closed form"), setting.function
    right = derive(function, name).gradient[name].formula
    from gradlab.grading.losses import wrong_gradients

    array = ArrayPart(f"∂{function.name}/∂{name}", right, wrong_gradients(function, name, right))
    shapes = {**function.variables, **function.data_axes}
    names = Names(list(shapes), shapes={key: axes for key, axes in shapes.items() if axes})
    return Question("array", [], names, function, array=array, wrt=setting.wrt)


ASKS: Mapping[str, Callable[[Setting], Question]] = {
    "derivative": ask_derivative,
    "partial": ask_derivative,
    "gradient": ask_gradient,
    "hessian": ask_hessian,
    "antiderivative": ask_antiderivative,
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
    allowed = Names(names, directions=() if taken else directions)
    return Question(form, parts, allowed, setting.function, wrt=setting.wrt, **rest)


def _at(setting: Setting) -> Callable[[Node], Node]:
    missing = [name for name in setting.names if name not in setting.at]
    if missing:
        raise ExerciseError(f"a value is asked at a point; at= lacks {listed(missing)}")
    return partial(at_point, values=setting.numbers)


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
