"""Arrays that are not needed any more are written over: a new array of a megabyte costs more than what fills it.

``H = np.tanh(X @ W1 + b1)`` becomes ``H = X @ W1; H += b1; np.tanh(H, out=H)``. Done in compiled functions only, whose
text nobody has to read.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from gradlab.graph.emission.fragments import write, written
from gradlab.graph.emission.lines import Assigned, Names
from gradlab.graph.emission.speeding import Faster, Shapes, is_ufunc
from gradlab.graph.sizes import Axes

_IN_PLACE: dict[type[ast.operator], str] = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}
_TURNED: dict[type[ast.operator], str] = {ast.Sub: "np.subtract", ast.Div: "np.divide"}

_ARITHMETIC = (*_IN_PLACE, ast.Pow, ast.MatMult)

_OVERWRITING = ("softmax",)
"""Helper functions that can write over their argument."""

_NEW = ("np.outer", "np.zeros", "np.ones", "softmax", "sigmoid")
"""Functions known to return an array of floats of their own."""


def reused(
    lines: Sequence[str | Assigned],
    returned: Sequence[str],
    own: Mapping[str, Axes],
    given: Mapping[str, Axes],
    names: Names,
) -> list[str]:
    """Return *lines* as text, written so that an array that is used for the last time gives its memory to the next.

    returned: the lines that come after.  own: the axes of the arrays that the function makes.  given: of its inputs.
    names: the identifiers in use.
    """
    shapes = Shapes({**given, **own})
    lines = Faster(shapes, names).rewritten(lines)
    used = [Counter(_names(line)) for line in (*lines, "\n".join(returned))]
    last = {name: place for place, names in enumerate(used) for name in names}
    shown = [line for line in lines if not isinstance(line, str) and not _makes(line.tree)]
    viewed = {name for line in shown for name in (line.name, *_names(line))}
    writer = _Reuser(own, shapes, viewed)
    text: list[str] = []
    for place, line in enumerate(lines):
        if isinstance(line, str):
            text.append(line)
            continue
        writer.free = {name for name, times in used[place].items() if times == 1 and last[name] == place}
        text += writer.assigned(line)
    return text


class _Reuser:
    """Writes assignments step by step, each step over the result of the one before.

    own: the arrays that the function makes.  viewed: those that another name may show.  free: last used in this line.
    """

    def __init__(self, own: Collection[str], shapes: Shapes, viewed: set[str]) -> None:
        self.own = own
        self.shapes = shapes
        self.viewed = viewed
        self.free: set[str] = set()

    def assigned(self, line: Assigned) -> list[str]:
        """Return the lines that compute *line*."""
        axes = self.shapes.axes(line.tree)
        if not axes:
            return [line.text]
        return self._steps(line.name, line.tree, axes)

    def _steps(self, name: str, tree: ast.expr, axes: Axes) -> list[str]:
        """Return lines that leave the value of *tree*, an array of *axes*, in the variable *name*."""
        match tree:
            case ast.BinOp(op=ast.Mult()):
                factors = _factors(tree)
                base = next((factor for factor in factors if self._writable(factor, axes)), None)
                if base is not None:
                    rest = [factor for factor in factors if factor is not base]
                    numbers = [factor for factor in rest if self.shapes.axes(factor) == ()]
                    arrays = [factor for factor in rest if factor not in numbers]
                    scaled = [_product(numbers)] if numbers else []
                    lines = self._steps(name, base, axes)
                    return [*lines, *(f"{name} *= {written(factor)}" for factor in (*scaled, *arrays))]
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)) if self._writable(left, axes):
                return [*self._steps(name, left, axes), f"{name} *= {name}"]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _IN_PLACE:
                if self._writable(left, axes):
                    return [*self._steps(name, left, axes), f"{name} {_IN_PLACE[type(op)]} {written(right)}"]
                if self._writable(right, axes):
                    lines = self._steps(name, right, axes)
                    if isinstance(op, ast.Add):
                        return [*lines, f"{name} += {written(left)}"]
                    return [*lines, f"{_TURNED[type(op)]}({written(left)}, {name}, out={name})"]
            case ast.UnaryOp(op=ast.USub(), operand=operand) if self._writable(operand, axes):
                return [*self._steps(name, operand, axes), f"np.negative({name}, out={name})"]
            case ast.Call(func=function, args=[argument], keywords=[]) if (
                is_ufunc(function) or written(function) in _OVERWRITING
            ) and self._writable(argument, axes):
                return [*self._steps(name, argument, axes), f"{written(function)}({name}, out={name})"]
            case _:
                pass
        return [f"{name} = {written(tree)}"]

    def _writable(self, tree: ast.expr, axes: Axes) -> bool:
        """Return whether the value of *tree* is an array of these *axes* that nothing else needs."""
        if self.shapes.axes(tree) != axes:
            return False
        if isinstance(tree, ast.Name):
            return tree.id in self.own and tree.id in self.free and tree.id not in self.viewed
        return _makes(tree)


def _factors(tree: ast.expr) -> list[ast.expr]:
    match tree:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return [*_factors(left), *_factors(right)]
        case _:
            return [tree]


def _product(factors: Sequence[ast.expr]) -> ast.expr:
    product = factors[0]
    for factor in factors[1:]:
        product = write("_0 * _1", product, factor)
    return product


def _makes(tree: ast.expr) -> bool:
    """Return whether *tree* surely makes a new array."""
    if isinstance(tree, ast.Call):
        called = written(tree.func)
        products = called == "np.einsum" and len(tree.args) > 2  # of one array it may be a view
        products = products or called.endswith(".dot")
        return products or is_ufunc(tree.func) or called.startswith(_NEW)
    return isinstance(tree, ast.UnaryOp) or (isinstance(tree, ast.BinOp) and isinstance(tree.op, _ARITHMETIC))


def _names(line: str | Assigned) -> list[str]:
    tree = ast.parse(line) if isinstance(line, str) else line.tree
    return [part.id for part in ast.walk(tree) if isinstance(part, ast.Name)]
