"""What is read in one of two ways that people mean: said in a note, with how to write the other one."""

from __future__ import annotations

from gradlab.sources.notes import Note
from gradlab.sources.syntax import Binary, Call, Number, Tree, Unary
from gradlab.sources.tokens import Token

LONGEST = 40
"""Characters of the reader's own text that a note repeats; longer parts are called a, b and c."""


def product(left: Binary, right: Tree, text: str) -> list[Note]:
    """Return a note on ``1/2x`` and on ``e^2x``, where *right* follows at once.

    >>> from gradlab.sources.text import parse
    >>> from gradlab.sources.answers import read
    >>> read("1/2x").notes[0].message
    '1/2x is read as (1/2)x; write 1/(2x) for 1 over all of 2x'
    """
    if left.right.span[1] != left.span[1] or left.left.span[0] != left.span[0]:
        return []  # the fraction stands in a bracket
    first, second = text[slice(*left.span)], text[slice(*right.span)]
    above, below = text[slice(*left.left.span)], text[slice(*left.right.span)]
    if len(first) + len(second) > LONGEST:
        above, below, second = "a", "b", "c"
        first = above + left.operator + below
    if left.operator == "/":
        meant = f"{above}/({below}{second}) for {above} over all of {below}{second}"
    elif left.operator == "^" and isinstance(left.right, Number) and _is_constant(left.left):
        meant = f"{above}^({below}{second}) for the power {below}{second}"
    else:
        return []
    message = f"{first}{second} is read as ({first}){second}; write {meant}"
    return [Note(message, (left.span[0], right.span[1]))]


def quotient(call: Call, line: Token, text: str) -> list[Note]:
    """Return a note on ``sin x/2``, whose argument stands in no bracket and ends where the *line* stands."""
    argument = call.arguments[-1]
    if call.span[1] != line.start or argument.span[1] != call.span[1] or text[line.start - 1] == ")":
        return []
    function, inside = text[call.span[0] : argument.span[0]], text[slice(*argument.span)]
    if not function.strip().isalpha() or len(function) + len(inside) > LONGEST:
        return []
    name = function.strip()
    message = f"{function}{inside}/ is read as {name}({inside})/; write {name}({inside}/...) for {name} of the quotient"
    return [Note(message, call.span)]


def exponent(power: Binary, below: Number, text: str) -> list[Note]:
    """Return a note on ``x^1/2`` and ``x^-3/2``, whose power ends before the line; ``x^2/2`` is what it looks like."""
    if power.operator == "*" and isinstance(power.right, Binary):
        power = power.right
    if power.operator != "^" or power.span[1] + 1 != below.span[0] or power.right.span[1] != power.span[1]:
        return []
    is_first = isinstance(power.right, Number) and power.right.value == 1
    if not is_first and not (isinstance(power.right, Unary) and isinstance(power.right.operand, Number)):
        return []
    first, base, raised, second = (text[slice(*t.span)] for t in (power, power.left, power.right, below))
    if len(first) + len(second) > LONGEST:
        first, base = f"a^{raised}", "a"
    message = f"{first}/{second} is read as ({first})/{second}; write {base}^({raised}/{second}) for that power"
    return [Note(message, (power.span[0], below.span[1]))]


def argument(function: Token, before: Tree, factor: Tree, text: str) -> list[Note]:
    """Return a note on ``sin x(x+1)``, whose bracket is read as a part of the argument."""
    written, inside, bracket = (
        text[slice(*span)] for span in ((function.start, function.end), before.span, factor.span)
    )
    if not bracket.startswith("(") or len(inside) + len(bracket) > LONGEST or isinstance(before, Number):
        return []
    message = (
        f"{written} {inside}{bracket} is read as {written}({inside}{bracket}); write {written}({inside}){bracket} "
    )
    return [Note(message + "for the product", (function.start, factor.span[1]))]


def _is_constant(tree: Tree) -> bool:
    return isinstance(tree, Number) or repr(tree) in ("e", "pi")
