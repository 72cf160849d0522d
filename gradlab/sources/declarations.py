"""A function as a textbook states it, ``f(x, y) = x² + y``: its name and its variables, beside its formula."""

from __future__ import annotations

import re
from typing import NamedTuple

from gradlab.sources.names import FUNCTIONS

_NAME = r"[^\W\d]\w*"
_STATED = re.compile(
    rf"\s*(?P<name>{_NAME})\s*(?:\(\s*(?P<variables>{_NAME}(?:\s*,\s*{_NAME})*)\s*\))?\s*=\s*(?P<formula>[^=<>]*\S)\s*"
)


class Declaration(NamedTuple):
    """What stands before the sign of equality, and after it.  variables: None where ``y = x²`` names none."""

    name: str
    variables: tuple[str, ...] | None
    formula: str


def declaration(text: str) -> Declaration | None:
    """Return what *text* states; None for anything but one name, its variables and a formula.

    >>> declaration("f(x, y) = x^2 + y")
    Declaration(name='f', variables=('x', 'y'), formula='x^2 + y')
    >>> declaration("y = x^2").variables
    >>> declaration("x^2 + y^2 = 1"), declaration("y = y^2"), declaration("sin(x) = 1")
    (None, None, None)
    """
    found = _STATED.fullmatch(text)
    if found is None or found["name"].partition("_")[0] in FUNCTIONS:  # sum_i = 1..n begins a sum
        return None
    name, variables, formula = found["name"], found["variables"], found["formula"]
    if variables is not None:
        return Declaration(name, tuple(re.findall(_NAME, variables)), formula)
    recursive = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", formula)
    return None if recursive else Declaration(name, None, formula)
