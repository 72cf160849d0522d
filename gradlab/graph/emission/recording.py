"""Stand-ins for a module and its arrays that record what is called on them, as source text.

An operation says once how NumPy computes it, ``lambda np, u: np.log(1 + u)``; called with stand-ins, it says how it is
written.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from types import BuiltinFunctionType
from typing import Any

from gradlab.errors import GradlabError
from gradlab.graph.emission.dialects import Dialect
from gradlab.graph.emission.fragments import literal, named
from gradlab.graph.operations import Operation

_BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "truediv": ast.Div,
    "floordiv": ast.FloorDiv,
    "mod": ast.Mod,
    "pow": ast.Pow,
    "matmul": ast.MatMult,
    "and": ast.BitAnd,
    "or": ast.BitOr,
    "xor": ast.BitXor,
}
_UNARY: dict[str, type[ast.unaryop]] = {"neg": ast.USub, "pos": ast.UAdd, "invert": ast.Invert}
_COMPARED: dict[str, type[ast.cmpop]] = {
    "lt": ast.Lt,
    "le": ast.LtE,
    "gt": ast.Gt,
    "ge": ast.GtE,
    "eq": ast.Eq,
    "ne": ast.NotEq,
}


class Recorded:
    """An expression that answers every operator, attribute and call with the longer expression."""

    def __init__(self, tree: ast.expr) -> None:
        self.tree = tree

    def __getattr__(self, name: str) -> Recorded:
        if name.startswith("__"):
            raise AttributeError(name)
        return Recorded(ast.Attribute(self.tree, name, ast.Load()))

    def __call__(self, *arguments: Any, **options: Any) -> Recorded:
        keywords = [ast.keyword(name, tree_of(value)) for name, value in options.items()]
        return Recorded(ast.Call(self.tree, [tree_of(value) for value in arguments], keywords))

    def __getitem__(self, key: Any) -> Recorded:
        return Recorded(ast.Subscript(self.tree, tree_of(key), ast.Load()))

    def __abs__(self) -> Recorded:
        return Recorded(ast.Call(ast.Name("abs", ast.Load()), [self.tree], []))

    def _unknown(self, *_: Any) -> Any:
        raise GradlabError("what it computes depends on its values, which source text does not know")

    __bool__ = __iter__ = __len__ = __index__ = __float__ = __int__ = __setitem__ = _unknown
    __hash__ = None  # type: ignore[assignment]  # `==` records


def _install() -> None:
    def binary(operator: type[ast.operator], turned: bool) -> Any:
        def method(self: Recorded, other: Any) -> Recorded:
            first, second = (tree_of(other), self.tree) if turned else (self.tree, tree_of(other))
            return Recorded(ast.BinOp(first, operator(), second))

        return method

    def unary(operator: type[ast.unaryop]) -> Any:
        return lambda self: Recorded(ast.UnaryOp(operator(), self.tree))

    def compared(operator: type[ast.cmpop]) -> Any:
        return lambda self, other: Recorded(ast.Compare(self.tree, [operator()], [tree_of(other)]))

    for name, operator in _BINARY.items():
        setattr(Recorded, f"__{name}__", binary(operator, False))
        setattr(Recorded, f"__r{name}__", binary(operator, True))
    for name, sign in _UNARY.items():
        setattr(Recorded, f"__{name}__", unary(sign))
    for name, relation in _COMPARED.items():
        setattr(Recorded, f"__{name}__", compared(relation))


_install()


def tree_of(value: Any) -> ast.expr:
    """Return what a recorded call was given, as an expression."""
    if isinstance(value, Recorded):
        return value.tree
    if isinstance(value, slice):
        return ast.Slice(*(None if part is None else tree_of(part) for part in (value.start, value.stop, value.step)))
    if isinstance(value, (tuple, list)):
        parts = [tree_of(part) for part in value]
        return ast.Tuple(parts, ast.Load()) if isinstance(value, tuple) else ast.List(parts, ast.Load())
    if value in (float, int, bool):
        return ast.Name(value.__name__, ast.Load())
    if isinstance(value, BuiltinFunctionType):
        return ast.Attribute(ast.Name(str(value.__module__), ast.Load()), value.__name__, ast.Load())
    try:
        return literal(value)
    except TypeError as error:
        raise GradlabError(str(error)) from error


def occurrences(tree: ast.expr, name: str) -> int:
    """Return how often *name* stands in *tree*."""
    return sum(isinstance(part, ast.Name) and part.id == name for part in ast.walk(tree))


@lru_cache(maxsize=1024)
def recorded(dialect: Dialect, operation: Operation, arity: int) -> ast.expr:
    """Return what *operation* does to operands called ``_0``, ``_1``, …."""
    operands = [Recorded(named(f"_{place}")) for place in range(arity)]
    try:
        return tree_of(dialect.elementwise(operation, Recorded(named(dialect.module)), operands))
    except (TypeError, AttributeError, GradlabError) as error:
        raise GradlabError(f"{operation.name} cannot be written as {dialect.name} source: {error}") from error
