"""Functions that stand above the one that is written: long operations, and what a library lacks."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from gradlab.graph.emission.dialects import OVERWRITING
from gradlab.graph.emission.fragments import filled, named, weight_of, write, written
from gradlab.graph.emission.lines import Body
from gradlab.graph.emission.recording import occurrences, recorded
from gradlab.graph.operations import Operation

LARGEST_INLINE = 3
"""Operations of a recorded function up to which it is written in place; beyond it becomes a helper function."""


class HelperFunctions:
    """Writes each helper function of *body* once, whoever calls it."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self._functions: dict[str, str] = {}

    def called(self, operation: Operation, trees: Sequence[ast.expr]) -> ast.expr:
        """Return *operation* on *trees*: in place where it is short, else by a function above."""
        if operation.name in self.body.dialect.helpers:
            return write("_0(_1)", self.library(operation.name), trees[0])
        return self._in_place_or_above(operation.name, recorded(self.body.dialect, operation, len(trees)), trees)

    def _in_place_or_above(self, name: str, tree: ast.expr, arguments: Sequence[ast.expr]) -> ast.expr:
        """Return *tree*, whose arguments are called ``_0``, ``_1``, …, on *arguments*; a long one as a function."""
        simple = weight_of(tree) <= LARGEST_INLINE
        if simple and all(
            occurrences(tree, f"_{place}") == 1 or isinstance(argument, (ast.Name, ast.Constant))
            for place, argument in enumerate(arguments)
        ):
            return filled(tree, arguments)
        letters = "uvwxyz"[: len(arguments)]
        value = written(filled(tree, [named(letter) for letter in letters]))
        function = self._function(name, f"({', '.join(letters)}):\n    return {value}")
        return ast.Call(named(function), list(arguments), [])

    def _function(self, wanted: str, rest: str) -> str:
        """Return the name of a helper function; *rest* is its definition from the brackets on."""
        if rest not in self._functions:
            name = self.body.names.fresh(wanted)
            self._functions[rest] = name
            self.body.helper(name, f"def {name}{rest}")
        return self._functions[rest]

    def library(self, name: str) -> ast.expr:
        """Return the name of a function that the library lacks and that is defined above."""
        if name not in self._functions:
            own = self.body.names.fresh(name)
            self._functions[name] = own
            text = self.body.dialect.helpers[name]
            if self.body.bound and not self.body.dialect.is_torch:
                text = OVERWRITING.get(name, text)
            self.body.helper(own, text.replace(f"def {name}(", f"def {own}(", 1))
        return named(self._functions[name])
