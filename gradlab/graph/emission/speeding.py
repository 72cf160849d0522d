"""Expressions of compiled functions in the forms that NumPy computes fastest; their values stay the same.

A number before a matrix product goes to its smaller factor. ``M.T @ N`` with few columns in N is the transpose of
``N.T @ M``, which reads both matrices as they lie in memory. A product with a vector is a call of ``dot``, which starts
in half the time. The sums of an entry-by-entry product need no array of it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from math import prod

from gradlab.graph.emission.fragments import axes_of, named, write, written
from gradlab.graph.emission.lines import Assigned, Names
from gradlab.graph.pairing import TYPICAL
from gradlab.graph.sizes import Axes


class Shapes:
    """What is known of the axes of expressions, from those of names."""

    def __init__(self, known: Mapping[str, Axes]) -> None:
        self.known = known

    def axes(self, tree: ast.expr) -> Axes | None:
        """Return the axes of *tree*, None where they are not known."""
        marked = axes_of(tree)
        if marked is not None:
            return marked
        match tree:
            case ast.Name(id=name):
                return self.known.get(name)
            case ast.Constant():
                return ()
            case ast.Attribute(value=inner, attr="T"):
                axes = self.axes(inner)
                return None if axes is None else axes[::-1]
            case ast.BinOp(left=left, op=op, right=right):
                return self._combined(self.axes(left), op, self.axes(right))
            case ast.UnaryOp(operand=operand):
                return self.axes(operand)
            case ast.Call(func=function, args=[argument], keywords=[]) if is_ufunc(function):
                return self.axes(argument)
            case _:
                return None

    def _combined(self, first: Axes | None, op: ast.operator, second: Axes | None) -> Axes | None:
        if first is None or second is None:
            return None
        if isinstance(op, ast.MatMult):
            return (first[0], second[1]) if len(first) == len(second) == 2 else None
        return first if first == second or not second else second if not first else None


class Faster(ast.NodeTransformer):
    """Rewrites expressions; makes new nodes where it changes one.

    before: sums taken out of the expression, to be computed before it, which may then write over what was summed.
    """

    def __init__(self, shapes: Shapes, names: Names) -> None:
        self.shapes = shapes
        self.names = names
        self.before: list[Assigned] = []

    def rewritten(self, lines: Sequence[str | Assigned]) -> list[str | Assigned]:
        """Return *lines* rewritten, those in *before* among them."""
        found: list[str | Assigned] = []
        for line in lines:
            if isinstance(line, str):
                found.append(line)
                continue
            tree = self.visit(line.tree)
            found += [*self.before, Assigned(line.name, tree)]
            self.before = []
        return found

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        changed = ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))
        vars(changed).update({"axes": axes_of(node)} if axes_of(node) is not None else {})
        match changed:
            case ast.BinOp(left=number, op=ast.Mult(), right=ast.BinOp(op=ast.MatMult()) as product):
                return self._scaled(number, product) if self.shapes.axes(number) == () else changed
            case ast.BinOp(left=ast.Attribute(value=first, attr="T"), op=ast.MatMult(), right=second):
                return self._turned(changed, first, second)
            case ast.BinOp(left=first, op=ast.MatMult(), right=second):
                return self._dotted(changed, first, second)
            case _:
                return changed

    def _scaled(self, number: ast.expr, product: ast.BinOp) -> ast.expr:
        parts = product.left, product.right
        sizes = [self._entries(part) for part in (*parts, product)]
        place = 0 if sizes[0] <= sizes[1] else 1
        if sizes[place] >= sizes[2]:
            return write("_0 * _1", number, product)
        scaled = write("_0 * _1", number, parts[place])
        return write("_0 @ _1", *((scaled, parts[1]) if place == 0 else (parts[0], scaled)))

    def _turned(self, product: ast.BinOp, first: ast.expr, second: ast.expr) -> ast.expr:
        left, right = self.shapes.axes(first), self.shapes.axes(second)
        if left is None or right is None or len(left) != 2 or len(right) != 2:
            return self._dotted(product, product.left, second)
        return write("(_0.T @ _1).T", second, first) if _length(right[1]) < _length(left[1]) else product

    def _dotted(self, product: ast.BinOp, first: ast.expr, second: ast.expr) -> ast.expr:
        """Return a product with a vector as a call of ``dot``, which starts in half the time of ``@``."""
        left, right = self.shapes.axes(first), self.shapes.axes(second)
        if left is None or right is None or 1 not in (len(left), len(right)) or max(len(left), len(right)) > 2:
            return product
        dotted = write("_0.dot(_1)", first, second)
        vars(dotted).update({"axes": axes_of(product)} if axes_of(product) is not None else {})
        return dotted

    def _entries(self, tree: ast.expr) -> float:
        axes = self.shapes.axes(tree)
        return float("inf") if axes is None else prod(map(_length, axes))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Attribute(value=summed, attr="sum"), args=[], keywords=[]):
                total = self._total(summed)
                if total is not None:
                    return total
            case ast.Call(
                func=ast.Attribute(value=ast.BinOp(left=left, op=ast.Mult(), right=right), attr="sum"),
                keywords=[ast.keyword(arg="axis", value=ast.Constant(value=int(axis))), *rest],
            ):
                first, second = self.shapes.axes(left), self.shapes.axes(right)
                if first is not None and first == second and len(first) == 2 and axis in (0, 1):
                    total = write(f"np.einsum('ij,ij->{'ji'[axis]}', _0, _1)", self.visit(left), self.visit(right))
                    name = self.names.fresh("total")
                    self.before.append(Assigned(name, total))
                    return write(f"_0[{'None, :' if axis == 0 else ':, None'}]" if rest else "_0", named(name))
            case _:
                pass
        copy = _copied(node)
        self.generic_visit(copy)
        return copy

    def _total(self, tree: ast.expr) -> ast.expr | None:
        """Return the sum of all entries of *tree* from inner products, None where there are none.

        The sum of 100 u² + v² is 100 u @ u + v @ v.
        """
        axes = self.shapes.axes(tree)
        match tree:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                if self.shapes.axes(left) == self.shapes.axes(right) == axes:
                    first, second = self._total(left), self._total(right)
                    return ast.BinOp(first, op, second) if first is not None and second is not None else None
            case ast.BinOp(left=number, op=ast.Mult(), right=right) if self.shapes.axes(number) == ():
                total = self._total(right)
                return write("_0 * _1", number, total) if total is not None else None
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)) if axes is not None and len(axes) == 1:
                if not isinstance(base, ast.Name):
                    name = self.names.fresh("part")
                    self.before.append(Assigned(name, self.visit(base)))
                    base = named(name)
                return write("_0.dot(_0)", base)
            case _:
                pass
        return None


def _copied(node: ast.Call) -> ast.Call:
    copy = ast.Call(node.func, list(node.args), list(node.keywords))
    vars(copy).update({"axes": axes_of(node)} if axes_of(node) is not None else {})
    return copy


def _length(size: int | str) -> int:
    return size if isinstance(size, int) else TYPICAL


def is_ufunc(function: ast.expr) -> bool:
    """Return whether *function* is one of NumPy's, from floats to floats, entry by entry."""
    import numpy as np

    if not isinstance(function, ast.Attribute) or written(function.value) != "np":
        return False
    found = getattr(np, function.attr, None)
    return isinstance(found, np.ufunc) and ("d->d" in found.types or "dd->d" in found.types)
