"""Mistakes that concern an answer as a whole: not one step went wrong, but what was done to the function, or after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gradlab.grading.malrules import MalRule, Situation
from gradlab.grading.mistakes import Derived, Mistake, WrongAnswer
from gradlab.graph import algebra
from gradlab.graph.kinds import Elementwise, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import COS, SIN, TAN
from gradlab.symbolic.rules import Rewritten, Scope, next_step

Whole = Callable[[Derived], Iterator[Node]]

WHOLE: dict[str, tuple[MalRule, Whole]] = {}
"""Per name, the mistake, and from a derivation to the answers that it leads to."""


def whole_rule(
    name: str, says: str, *, rare: bool = False, yields_to: tuple[str, ...] = ()
) -> Callable[[Whole], Whole]:
    """Register a function as a mistake of the answer as a whole; teachers add theirs in the same way.

    says: what to tell the student.  rare, yields_to: as for `gradlab.grading.malrules.MalRule`.
    """

    def register(wrong: Whole) -> Whole:
        WHOLE[name] = MalRule(name, says, lambda _: (), rare=rare, yields_to=yields_to), wrong
        return wrong

    return register


def whole_answers(derived: Derived) -> Iterator[WrongAnswer]:
    """Yield the wrong answers that come from mistakes of the answer as a whole."""
    step = root(derived)
    for rule, wrong in WHOLE.values():
        for answer in wrong(derived):
            yield WrongAnswer(answer, (Mistake(rule, step, answer, whole=True),))


def root(derived: Derived) -> Situation:
    """Return the derivation's first step."""
    expression, scope = derived.output, derived.scope
    step = next_step(expression, scope)
    while isinstance(step, Rewritten):
        expression = step.after
        step = next_step(expression, scope)
    return Situation(derived.output, scope, step)


def wrong_answer(name: str, says: str, answer: Node, derived: Derived, *, rare: bool = False) -> WrongAnswer:
    """Return an answer that a mistake with the whole of it leads to."""
    rule = MalRule(name, says, lambda _: (), rare=rare)
    return WrongAnswer(answer, (Mistake(rule, root(derived), answer, whole=True),))


@whole_rule("function itself", "this is the function, or a part of it, not its derivative")
def _(derived: Derived) -> Iterator[Node]:
    yield derived.output
    own = _own(derived.output, derived.scope.wrt)
    if own is not None and own is not derived.output:
        yield own


def _own(node: Node, wrt: Node) -> Node | None:
    """Return what of a sum depends on *wrt*, None where nothing does: the terms of the other variables left out."""
    if wrt not in topological([node]):
        return None
    if not isinstance(node, Linear):
        return node
    terms = [(c, _own(operand, wrt)) for c, operand in zip(node.coefficients, node.operands, strict=True)]
    return algebra.add(*(algebra.scale(c, term) for c, term in terms if term is not None))


@whole_rule("second derivative", "the function was differentiated twice", yields_to=("product of derivatives",))
def _(derived: Derived) -> Iterator[Node]:
    yield Derived(derived.right(), derived.scope, {}).right()


@whole_rule(
    "wrong variable",
    "this is the derivative with respect to another variable",
    yields_to=("inner derivative forgotten",),
)
def _(derived: Derived) -> Iterator[Node]:
    for part in topological([derived.output]):
        if isinstance(part, Variable) and part is not derived.scope.wrt and not part.axes:
            yield Derived(derived.output, Scope(part, {}), {}).right()


@whole_rule("negated", "the whole answer has the wrong sign", rare=True)
def _(derived: Derived) -> Iterator[Node]:
    yield algebra.negative(derived.right())


@whole_rule("degrees", "angles are in radians here, and were taken in degrees")
def _(derived: Derived) -> Iterator[Node]:
    if any(
        isinstance(part, Elementwise) and part.operation in (SIN, COS, TAN) for part in topological([derived.output])
    ):
        yield in_degrees(derived.right())
        yield Derived(in_degrees(derived.output), derived.scope, {}).right()


def in_degrees(node: Node) -> Node:
    """Return *node* with its angles taken in degrees."""
    share = algebra.scale_by(1, algebra.quotient(algebra.named_number("pi"), algebra.number(180)))

    def turned(old: Node, new: Node) -> Node:
        if isinstance(old, Elementwise) and old.operation in (SIN, COS, TAN):
            return Elementwise(old.operation, (algebra.product(share, new.operands[0]),))
        return new

    return rebuild([node], replace=turned)[0]


def at_point(node: Node, values: Mapping[str, Node]) -> Node:
    """Return *node* with numbers put in for its variables."""

    def put_in(old: Node, new: Node) -> Node:
        return values.get(old.name, new) if isinstance(old, Variable) else new

    return rebuild([node], replace=put_in)[0]
