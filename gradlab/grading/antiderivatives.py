"""Antiderivatives: answers that may differ by a constant, F(x) + C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from gradlab.errors import ExerciseError
from gradlab.grading.domains import ANYWHERE, Domain
from gradlab.grading.equivalence import Certificate, Reference, Verdict, equivalent
from gradlab.grading.matching import Diagnosis, Matcher
from gradlab.grading.mistakes import WrongAnswer
from gradlab.grading.questions import Part, Question, Setting, listed
from gradlab.grading.whole import wrong_answer
from gradlab.graph import algebra, printing
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node
from gradlab.graph.tidying import tidied
from gradlab.sources.answers import Names, Reading, read
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, Vector, fold, names

CONSTANT = "C"
"""What the constant of integration is called."""

SOMEWHERE = (Fraction(3, 8), Fraction(13, 8), Fraction(-5, 8), Fraction(-21, 8))
"""Numbers that are put in for the variables: what is the same everywhere is what it is there."""


@dataclass(eq=False)
class Antiderivative(Part):
    """The functions that have a given derivative.  missing: the explanation of an answer without the constant."""

    missing: WrongAnswer

    def decide(self, reading: Reading, tree: Tree, digits: int) -> Certificate:
        first, variables, domain = self._compared
        return equivalent_but_for_a_constant(first, tree, variables, CONSTANT, domain)

    def diagnose(self, tree: Tree) -> Diagnosis:
        first, variables, domain = self._compared
        if CONSTANT not in names(tree) and equivalent_but_for_a_constant(first, tree, variables, None, domain).equal:
            return Diagnosis((self.missing,))
        return super().diagnose(tree)

    @property
    def _compared(self) -> tuple[Tree, tuple[str, ...], Domain]:
        """What an answer is compared with, its variables, and where."""
        reference = self.reference
        variables = tuple(name for name in reference.names if name != CONSTANT)
        return _put_in(reference.tree, CONSTANT, Number(Fraction(0), (0, 0))), variables, reference.domain


def ask_antiderivative(setting: Setting) -> Question:
    """All functions that have the derivative of the exercise's function: that function, and a constant."""
    if len(setting.names) != 1:
        several = f"{setting.function.signature} has {listed(setting.names) or 'none'}"
        raise ExerciseError(f"an antiderivative is asked of a function of one variable, and {several}")
    name = setting.names[0]
    if CONSTANT in setting.names:
        raise ExerciseError(f"{CONSTANT} is the constant of integration; give the variable {CONSTANT} another name")
    whole, slope = setting.function.formula, setting.derived(name).right()
    right, named = tidied(algebra.add(whole, Variable(CONSTANT))), (*setting.names, CONSTANT)
    more = list(_wrong_answers(setting, name, slope))
    reference = Reference(read(printing.text(right), named).tree, named, setting.domain)
    part = Antiderivative("F", right, Matcher(reference, [], more[1:]), more[0])
    return Question("one", [part], Names(named), setting.function)


def _wrong_answers(setting: Setting, name: str, slope: Node) -> Iterator[WrongAnswer]:
    """Yield what mistakes lead to, the constant that is missing first."""
    derived, whole = setting.derived(name), setting.function.formula
    missing = f"any constant may be added without changing the derivative; write + {CONSTANT}"
    yield wrong_answer("constant of integration missing", missing, whole, derived)
    again = setting.derived(name, tidied(slope)).right()
    for title, says, node in (
        (
            "differentiated instead",
            "differentiation leads to this; what is asked for has the function as its derivative",
            again,
        ),
        ("function itself", "this is the function itself; what is asked for has it as its derivative", slope),
        ("negated", "the whole answer has the wrong sign", algebra.negative(whole)),
    ):
        yield wrong_answer(title, says, node, derived)
        yield wrong_answer(title, says, algebra.add(node, Variable(CONSTANT)), derived)


def equivalent_but_for_a_constant(
    first: Tree, second: Tree, variables: Sequence[str], constant: str | None = None, domain: Domain = ANYWHERE
) -> Certificate:
    """Return whether two trees differ by a number, whatever it is.

    constant: the name that stands for the number, such as C: *second* must contain it, added or times a number.
    Without one, plain numbers are all that the two may differ by.

    >>> from gradlab.sources.text import parse
    >>> answer = parse("sin(x)^2/2 + C", variables=["x", "C"])
    >>> print(equivalent_but_for_a_constant(parse("-cos(x)^2/2"), answer, ["x"], "C").verdict)
    equal, proved
    >>> print(equivalent_but_for_a_constant(parse("x^2"), parse("x^2"), ["x"], "C"))
    different: with a constant C and without
    """
    if constant is not None and constant not in names(second):
        return Certificate(Verdict.DIFFERENT, values=(f"with a constant {constant}", "without"))
    if constant is not None and not _is_added(second, variables, constant, domain):
        return Certificate(Verdict.DIFFERENT, values=(f"a constant {constant} that is added", "one that is not"))
    if constant is not None:
        second = _put_in(second, constant, Number(Fraction(0), (0, 0)))
    difference = Binary("-", first, second, (0, 0))
    found = Certificate(Verdict.UNDECIDED, reason="the two have a value at too few points")
    for somewhere in SOMEWHERE:  # the first of these numbers at which both have a value
        there: Tree = difference
        for name in variables:
            there = _put_in(there, name, Number(somewhere, (0, 0)))
        found = equivalent(difference, there, variables, domain)
        if found.verdict is not Verdict.UNDECIDED:
            break
    return found


def _is_added(tree: Tree, variables: Sequence[str], constant: str, domain: Domain) -> bool:
    """Return whether raising the constant by 1 raises the whole by the same number everywhere, not by 0."""
    raised = _put_in(tree, constant, Binary("+", Name(constant, (0, 0)), Number(Fraction(1), (0, 0)), (0, 0)))
    change = Binary("-", raised, tree, (0, 0))
    at_one = _put_in(change, constant, Number(Fraction(1), (0, 0)))
    for name in variables:
        at_one = _put_in(at_one, name, Number(Fraction(3, 8), (0, 0)))
    everywhere = equivalent(change, at_one, [*variables, constant], domain)
    return everywhere.equal and not equivalent(at_one, Number(Fraction(0), (0, 0)), [], domain).equal


def _put_in(tree: Tree, name: str, value: Tree) -> Tree:
    """Return *tree* with *value* for each *name*."""

    def rebuilt(node: Tree, below: tuple[Tree, ...]) -> Tree:
        match node:
            case Name():
                return value if node.name == name else node
            case Unary():
                return replace(node, operand=below[0])
            case Binary():
                return replace(node, left=below[0], right=below[1])
            case Call():
                return replace(node, arguments=below)
            case Vector():
                return replace(node, entries=below)
            case _:
                return node

    return fold(tree, rebuilt)
