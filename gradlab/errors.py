"""What can go wrong, said so that a student knows what to write instead."""

from __future__ import annotations


class GradlabError(Exception):
    """Trouble with the mathematics or with what was read; the base of every error below."""


class ParseError(GradlabError):
    """A text that cannot be read as mathematics.

    text: what was read.  position: 0-based index of the first character at fault.
    The message repeats the line with a caret under that character.

    >>> print(ParseError("no function named 'cosine'; did you mean 'cos'?", "2*cosine(x)", 2))
    no function named 'cosine'; did you mean 'cos'?
      2*cosine(x)
        ^
    """

    def __init__(self, message: str, text: str, position: int) -> None:
        self.reason = message
        self.text = text
        self.position = position
        super().__init__(f"{message}\n{excerpt(text, position)}")


class TraceError(GradlabError):
    """A call inside a Python function that cannot be read as mathematics."""


class UnknownShape(TraceError):
    """A shape that the code does not tell: it has to be stated, or a point given."""


class ShapeError(GradlabError):
    """Shapes that cannot agree."""


class PointError(GradlabError):
    """A point that does not fit the function: a variable missing, unknown, misshapen or not a finite number."""


class DomainError(GradlabError):
    """A point outside the function's domain, such as log at -1."""


class NotScalarError(GradlabError):
    """A gradient asked of a function whose value is not one number."""


class NoFormulaError(GradlabError):
    """An exact derivative asked of a function that has no formula."""


class GradientMismatch(GradlabError, AssertionError):
    """Two gradients of one function that differ by more than their error bounds."""


class ReportError(GradlabError):
    """A report that cannot be written."""


_WINDOW = 72
"""Characters of the input shown around an error: one terminal line."""


def excerpt(text: str, position: int) -> str:
    """Return the part of *text* around *position* on one line, with a caret below it.

    Control and invisible characters are shown as ``·`` so that the caret lines up.

    >>> print(excerpt("1 + + 2", 4))
      1 + + 2
          ^
    """
    start = max(0, min(position - _WINDOW // 2, len(text) - _WINDOW))
    window = text[start : start + _WINDOW]
    shown = "".join(character if character.isprintable() else "·" for character in window)
    before = "…" if start else ""
    after = "…" if start + _WINDOW < len(text) else ""
    caret = " " * (len(before) + position - start) + "^"
    return f"  {before}{shown}{after}\n  {caret}"
