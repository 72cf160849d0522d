"""Where a rule of differentiation may be used on one operation: the rule's words, said of the operands.

A kind of node whose rule has a condition registers it in `gradlab.graph.nodes.conditions_of`, in its own file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

from gradlab.graph.nodes import Node, conditions_of, topological
from gradlab.graph.operations import (
    ABS,
    COS,
    EQUAL,
    FLOOR,
    GREATER,
    GREATER_EQUAL,
    INSIDE,
    LESS,
    LESS_EQUAL,
    LOGICAL_OR,
    NOT_EQUAL,
    WITHIN,
)

if TYPE_CHECKING:
    from gradlab.graph.writing import Printer


@dataclass(frozen=True)
class Condition:
    """What must hold at a point for a rule to be used there.

    expression: its truth value as a node, 1 where it holds; of an array, entry by entry. None where only words say it.
    subject, words: what is said of what, where words say it better than the expression: x not a whole number.
    """

    expression: Node | None
    subject: Node | None = None
    words: str = ""

    def written(self, style: type[Printer]) -> str:
        r"""Return the condition in the given style, of one entry where it speaks of an array.

        >>> from gradlab.graph.kinds import Elementwise, Variable
        >>> from gradlab.graph.operations import FLOOR, LOG
        >>> from gradlab.graph.styles import LatexPrinter, TextPrinter
        >>> (positive,) = conditions_of(Elementwise(LOG, (Variable("x"),)))
        >>> positive.written(TextPrinter)
        'x > 0'
        >>> (broken,) = conditions_of(Elementwise(FLOOR, (Variable("x"),)))
        >>> broken.written(TextPrinter), broken.written(LatexPrinter)
        ('x not a whole number', 'x \\notin \\mathbb{Z}')
        """
        from gradlab.graph import printing
        from gradlab.graph.styles import LatexPrinter

        if self.words and self.subject is not None:
            words = _IN_LATEX[self.words] if style is LatexPrinter else self.words
            if self.words in _OF_ARRAYS:
                return f"{printing.written(self.subject, style, form='matrix')[0]} {words}"
            return f"{printing.condition(self.subject, style)} {words}"
        assert self.expression is not None
        return printing.condition(self.expression, style)

    @property
    def names(self) -> frozenset[str]:
        """The variables and data that it speaks of."""
        from gradlab.graph.kinds import Variable

        spoken = [node for node in (self.expression, self.subject) if node is not None]
        return frozenset(node.name for node in topological(spoken) if isinstance(node, Variable))


_IN_LATEX = {
    "not a whole number": r"\notin \mathbb{Z}",
    "not a whole number below 1": r"\notin \{0, -1, -2, \dots\}",
    "not a whole number except 0": r"\notin \mathbb{Z} \setminus \{0\}",
    "attained once": r"\text{ attained once}",
    "without ties": r"\text{ without ties}",
    "positive definite": r"\succ 0",
}

_OF_ARRAYS = ("without ties", "positive definite")
"""What is said of an array as a whole, and not of each entry."""


def needed(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the *conditions* that are not seen to hold everywhere, each once: x² + 1 > 0 is.

    What another one implies is left out: x ≠ 0 beside x > 0.

    >>> from gradlab.graph.kinds import Elementwise, Variable
    >>> from gradlab.graph.operations import EXP
    >>> needed(said("u > 0", (Elementwise(EXP, (Variable("x"),)),)))
    ()
    """
    from gradlab.graph.signs import always_holds

    def may_fail(condition: Condition) -> bool:
        expression = condition.expression
        return expression is None or (not always_holds(expression) and _has_variable(expression))

    kept = dict.fromkeys(filter(may_fail, conditions))
    implied = {Condition(_compared("≠", *sides)) for sides in map(_sides_of_greater, kept) if sides is not None}
    return tuple(condition for condition in kept if condition not in implied)


def _sides_of_greater(condition: Condition) -> tuple[Node, Node] | None:
    """Return u and v where *condition* says u > v, None where it says anything else."""
    from gradlab.graph.kinds import Elementwise

    expression = condition.expression
    if not isinstance(expression, Elementwise) or expression.operation is not GREATER:
        return None
    first, second = expression.operands
    return first, second


def _has_variable(node: Node) -> bool:
    """Return whether *node* depends on a variable or on data; no rule is applied to what does not."""
    from gradlab.graph.kinds import Variable

    seen: set[Node] = set()
    waiting = [node]
    while waiting:  # down the first operands to a leaf, which mostly is one
        part = waiting.pop()
        if isinstance(part, Variable):
            return True
        if part not in seen:
            seen.add(part)
            waiting.extend(reversed(part.operands))
    return False


def nonzero(node: Node) -> tuple[Condition, ...]:
    """Return that *node* is not 0."""
    return stated("u ≠ 0", (node,))


def positive(node: Node) -> tuple[Condition, ...]:
    """Return that *node* is positive."""
    return stated("u > 0", (node,))


def unchanged(condition: Node) -> tuple[Condition, ...]:
    """Return where none of the comparisons that *condition* is made of is about to change."""
    from gradlab.graph.kinds import Elementwise, Let

    found: list[Condition] = []
    waiting = [condition]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Let):
            waiting.append(part.operands[0])
        elif isinstance(part, Elementwise) and part.operation.truth:
            found += conditions_of(part)
            waiting += part.operands
    return tuple(dict.fromkeys(found))


# Reading what a rule states ---------------------------------------------------------------------

_COMPARISONS = {">": GREATER, "≥": GREATER_EQUAL, "<": LESS, "≤": LESS_EQUAL, "≠": NOT_EQUAL}
_RANGES = {"<": INSIDE, "≤": WITHIN}
_SIGN = re.compile(f" ([{''.join(_COMPARISONS)}]) ")
_WHOLE = re.compile(r"(.+?) (not a whole number(?: except 0| below 1)?)")

_Sides = Callable[[str], Node]
"""A side of a condition as a rule writes it -> the node that it stands for."""


def stated(where: str, operands: Sequence[Node], number: Fraction | None = None) -> tuple[Condition, ...]:
    """Return what *where*, the condition of a rule on u, v and w, says of *operands*; *number* stands for λ."""
    return needed(said(where, operands, number))


def said(where: str, operands: Sequence[Node], number: Fraction | None = None) -> list[Condition]:
    """Return what `stated` does, with what is seen to hold everywhere."""
    from gradlab.graph import algebra

    def side(written: str) -> Node:
        if written in _SIDES:
            return _SIDES[written](algebra, operands)
        return algebra.number(number if written == "λ" and number is not None else Fraction(written), operands[0].axes)

    return [_read(part, side) for part in where.split(" and ") if part]


_SIDES: dict[str, Callable[[Any, Sequence[Node]], Node]] = {
    "u": lambda g, u: u[0],
    "v": lambda g, u: u[1],
    "w": lambda g, u: u[2],
    "|u|": lambda g, u: g.apply(ABS, u[0]),
    "u/v": lambda g, u: g.quotient(u[0], u[1]),
    "u + 1/2": lambda g, u: g.add(u[0], g.number(Fraction(1, 2), u[0].axes)),
    "cos u": lambda g, u: g.apply(COS, u[0]),
}


def _read(part: str, side: _Sides) -> Condition:
    whole = _WHOLE.fullmatch(part)
    if whole is None:
        return Condition(reduce(_either, (_relation(one, side) for one in part.split(" or "))))
    subject, words = side(whole[1]), whole[2]
    broken = _compared("≠", subject, _floor(subject))
    if "except" in words:
        broken = _either(broken, _is_zero(subject))
    if "below" in words:
        broken = _either(broken, _compared(">", subject, side("0")))
    return Condition(broken, subject, words)


def _relation(part: str, side: _Sides) -> Node:
    first, sign, second, *rest = _SIGN.split(part)
    if not rest:
        return _compared(sign, side(first), side(second))
    from gradlab.graph import algebra

    return algebra.apply(_RANGES[sign], side(second), side(first), side(rest[1]))


def _compared(sign: str, first: Node, second: Node) -> Node:
    from gradlab.graph import algebra

    return algebra.apply(_COMPARISONS[sign], first, second)


def _floor(node: Node) -> Node:
    from gradlab.graph import algebra

    return algebra.apply(FLOOR, node)


def _is_zero(node: Node) -> Node:
    from gradlab.graph import algebra

    return algebra.apply(EQUAL, node, algebra.number(0, node.axes))


def _either(first: Node, second: Node) -> Node:
    from gradlab.graph import algebra

    return algebra.apply(LOGICAL_OR, first, second)
