"""Answers that may differ by a constant: F(x) + C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from gradlab.grading.domains import ANYWHERE, Domain
from gradlab.grading.equivalence import Certificate, Verdict, equivalent
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, Vector, fold, names

SOMEWHERE = (Fraction(3, 8), Fraction(13, 8), Fraction(-5, 8), Fraction(-21, 8))
"""Numbers that are put in for the variables: what is the same everywhere is what it is there."""


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
