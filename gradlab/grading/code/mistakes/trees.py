"""The syntax tree of a submission, read without a word."""

from __future__ import annotations

import ast
import warnings


def tree_of(source: str) -> ast.Module:
    r"""Return the syntax tree of *source*; what Python would warn of, such as '\d', is between the student and Python.

    Raises SyntaxError for what is no Python, and for what is nested too deeply to be read.

    >>> tree_of("pattern = '\\d'").body[0].lineno
    1
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"it cannot be read: {error}") from None
