"""Demands on the form of an answer, each checked on the tree as it was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import gcd

from gradlab.grading.programs import NoProgram, number_of, program_of
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, walk

Demand = Callable[[Tree], str | None]
"""From an answer to what is wrong with its form, None where nothing is."""


def unmet(tree: Tree, demand: str) -> str | None:
    """Return what *tree* lacks of the form that is demanded, None if nothing.

    demand: one of `DEMANDS`.  Raises ValueError for another one.

    >>> from gradlab.sources.text import parse
    >>> unmet(parse("x^2 - 1"), "factored")
    'the answer is to be a product; it is a sum'
    >>> unmet(parse("(x - 1)(x + 1)"), "factored")
    """
    if demand not in DEMANDS:
        raise ValueError(f"no form is called {demand!r}; there are {', '.join(map(repr, DEMANDS))}")
    return DEMANDS[demand](tree)


def _factored(tree: Tree) -> str | None:
    node = tree
    while isinstance(node, Unary):
        node = node.operand
    if isinstance(node, Binary) and node.operator in "+-":
        return "the answer is to be a product; it is a sum"
    return next((found for factor in _factors(node) if (found := _reducible(factor)) is not None), None)


def _factors(node: Tree) -> list[Tree]:
    found: list[Tree] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Binary) and part.operator in "*/":
            waiting += [part.left, part.right]
        elif isinstance(part, Binary) and part.operator == "^":
            waiting.append(part.left)
        elif isinstance(part, Unary):
            waiting.append(part.operand)
        else:
            found.append(part)
    return found


def _reducible(factor: Tree) -> str | None:
    """Return what can still be taken out of a factor that is a polynomial."""
    if not isinstance(factor, Binary):
        return None
    from gradlab.grading.forms import Forms, Full
    from gradlab.sources.syntax import names
    from gradlab.symbolic.proof.polynomials import TooLarge

    variables = [name for name in names(factor) if name not in ("e", "pi")]
    try:
        forms = Forms(variables)
        top, bottom = forms.of(program_of(factor))
    except (TooLarge, Full, NoProgram):  # no polynomial that is worth factoring
        return None
    if not bottom.is_constant() or not forms.exact:
        return None
    front, parts = top.factor()
    if sum(times for _, times in parts) > 1:
        return "a factor can be taken apart further"
    return "a common number can be taken out of a factor" if abs(front) > 1 else None


def _no_negative_exponents(tree: Tree) -> str | None:
    for node in walk(tree):
        if isinstance(node, Binary) and node.operator == "^":
            exponent = number_of(node.right)
            if (exponent is not None and exponent < 0) or isinstance(node.right, Unary):
                return "the answer is to be written without negative exponents"
    return None


def _simplified(tree: Tree) -> str | None:
    for node in walk(tree):
        if isinstance(node, Binary):
            left, right = number_of(node.left), number_of(node.right)
            if found := _idle(node, left, right):
                return found
        if isinstance(node, Unary) and isinstance(node.operand, Unary):
            return "two signs stand one after the other"
    return _like_terms(tree)


def _idle(node: Binary, left: Fraction | None, right: Fraction | None) -> str | None:
    if node.operator == "/" and left is not None and right is not None:
        whole = all(isinstance(side, Number) and side.value.denominator == 1 for side in (node.left, node.right))
        if whole and right and gcd(int(left), int(right)) == 1 and abs(right) != 1:
            return None
        return "a fraction can be reduced"
    if left is not None and right is not None and node.operator in "+-*":
        return "numbers are left to be added or multiplied"
    if (node.operator in "+-" and 0 in (left, right)) or (node.operator == "*" and {0, 1} & {left, right}):
        return "a 0 or a factor 1 can be left out"
    if (node.operator in "/^") and right == 1:
        return "a division or a power by 1 can be left out"
    if node.operator == "^" and right == 0:
        return "a power with exponent 0 is 1"
    return None


def _like_terms(tree: Tree) -> str | None:
    seen: set[str] = set()
    node = tree
    parts: list[Tree] = []
    while isinstance(node, Binary) and node.operator in "+-":
        parts.append(node.right)
        node = node.left
    for part in (*parts, node) if parts else ():
        key = " ".join(sorted(repr(factor) for factor in _numerator(part) if number_of(factor) is None))
        if key in seen:
            return "like terms can be collected"
        seen.add(key)
    return None


def _numerator(node: Tree) -> list[Tree]:
    found: list[Tree] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Binary) and part.operator == "*":
            waiting += [part.left, part.right]
        elif isinstance(part, Unary):
            waiting.append(part.operand)
        else:
            found.append(part)
    return found


def _expanded(tree: Tree) -> str | None:
    for node in walk(tree):
        if not isinstance(node, Binary):
            continue
        is_sum = [isinstance(side, Binary) and side.operator in "+-" for side in (node.left, node.right)]
        if node.operator == "*" and any(is_sum):
            return "a bracket is left to be multiplied out"
        exponent = number_of(node.right) if node.operator == "^" else None
        if is_sum[0] and exponent is not None and exponent > 1 and exponent.denominator == 1:
            return "a power of a sum is left to be multiplied out"
    return None


def _without_roots_below(tree: Tree) -> str | None:
    for node in walk(tree):
        if isinstance(node, Binary) and node.operator == "/":
            for part in walk(node.right):
                if (
                    isinstance(part, Call)
                    and part.function == "sqrt"
                    and not any(isinstance(leaf, Name) and leaf.name not in ("e", "pi") for leaf in walk(part))
                ):
                    return "no root of a number is to stand below a fraction bar"
    return None


DEMANDS: Mapping[str, Demand] = {
    "factored": _factored,
    "expanded": _expanded,
    "no negative exponents": _no_negative_exponents,
    "simplified": _simplified,
    "rational denominator": _without_roots_below,
}
"""The forms that an exercise may demand."""
