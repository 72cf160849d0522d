"""What students write before an answer, `x = 3` or `f'(x) = 2x`: taken off before the answer is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradlab.errors import ParseError

if TYPE_CHECKING:
    from gradlab.grading.questions import Question

_OF = r"(?:\s*\w*(?:\([^()=]*\))?)?"

LEFT = re.compile(
    r"\s*(?:[a-zA-Z]\w*'*(?:\([^()=]*\))?'*"
    rf"|[d∂]\w*\s*/\s*[d∂]\w+{_OF}"
    rf"|\\frac\s*\{{\s*(?:d|\\partial)\s*\w*\s*\}}\s*\{{\s*(?:d|\\partial)\s*\w+\s*\}}{_OF}"
    r"|(?:∇|\\nabla)\s*\w*(?:\([^()=]*\))?)\s*$"
)
"""What stands on the left of an equation: f'(x), y', dy/dx, d/dx f(x), ∇f, in LaTeX too."""


def unlabelled(text: str, question: Question) -> str:
    """Return an answer without what it is called; what is left keeps its place.

    Raises ParseError where it is called the derivative of something else.

    >>> from gradlab.grading import Exercise
    >>> unlabelled("x = 0.8, y = 0.7", Exercise("x^2 + y^2", "step", at={"x": 1, "y": 1}, rate=0.1).question)
    '[0.8, 0.7]'
    """
    text = _bare(text)
    pieces = [piece.partition("=") for piece in re.split(r"[,;]", text)]
    if len(pieces) > 1 and all(equals and "=" not in right for _, equals, right in pieces):
        return _in_order([(left.strip(), right.strip()) for left, _, right in pieces], question) or text
    left, equals, right = text.partition("=")
    if equals:
        check_label(left, question, text)
    return " " * len(left + equals) + right if equals and _is_label(left, question) else text


def _in_order(given: Sequence[tuple[str, str]], question: Question) -> str | None:
    """Return the coordinates that are *given* by name as a vector, None for other names than those asked for."""
    names = [name for name, _ in given]
    if question.form == "set" and question.columns == 1 and set(names) == set(question.coordinates):
        return f"[{', '.join(value for _, value in given)}]"
    if sorted(names) == sorted(question.coordinates):
        return f"[{', '.join(dict(given)[name] for name in question.coordinates)}]"
    slopes = {_slope(name): value for name, value in given}
    if question.form == "vector" and not question.coordinates and set(slopes) == set(question.wrt):
        return f"[{', '.join(slopes[name] for name in question.wrt)}]"
    return None


def _slope(label: str) -> str | None:
    """Return what a partial derivative is taken by: x of ∂f/∂x and of f_x, None for anything else."""
    found = (_BELOW.search(label) if LEFT.match(label) else None) or re.fullmatch(r"[a-zA-Z]_(\w+)", label)
    return found[1] if found else None


def check_label(left: str, question: Question, text: str) -> None:
    """Raise ParseError where *left* names another variable than the question: d/dt for ∂f/∂x, f'(t) for f(x)."""
    if not question.wrt or question.coordinates or LEFT.match(left) is None:
        return
    known = question.function.variables
    below = _BELOW.search(left)
    if below and below[1] not in question.wrt:
        asked = f"the derivative by {' and '.join(question.wrt)}"
        raise ParseError(f"this is called a derivative by {below[1]}, and {asked} is asked for", text, below.start(1))
    for word in re.finditer(r"[^\W\d]\w*", left[: left.find(")") + 1]):
        if "(" in left[: word.start()] and word[0] not in known:
            of = f"a function of {', '.join(known)}"
            raise ParseError(f"this is called a function of {word[0]}, and {of} is asked about", text, word.start())


_BELOW = re.compile(r"(?:/\s*[d∂]|\}\s*\{\s*(?:d|\\partial\s*))(\w+)")
"""What a derivative in Leibniz's notation is taken by."""

_MATHEMATICS = (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"))


def _bare(text: str) -> str:
    """Return an equation without the signs that its LaTeX is set between; the rest keeps its place."""
    inside = text.strip()
    for opener, closer in _MATHEMATICS if "=" in inside else ():
        if inside.startswith(opener) and inside.endswith(closer):
            start, end = text.index(opener), text.rindex(closer)
            return f"{text[:start]}{' ' * len(opener)}{text[start + len(opener) : end]}"
    return text


def _is_label(left: str, question: Question) -> bool:
    """Whether *left* is what the whole answer may be called: x for a number, a derivative for a derivative."""
    if question.coordinates:
        return (left.strip(),) == question.coordinates
    return LEFT.match(left) is not None and any(sign in left for sign in ("'", "/", "∇", "\\"))
