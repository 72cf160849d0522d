"""Source text as an arithmetic: the kinds compute on it as on arrays, and what they do is written down."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gradlab.errors import GradlabError
from gradlab.graph.backends import Key, Row
from gradlab.graph.emission.contracting import ContractionWriter, Factor, aligned, times
from gradlab.graph.emission.dialects import Dialect
from gradlab.graph.emission.fragments import (
    Fragment,
    Placed,
    filled,
    full,
    literal,
    named,
    subscript,
    weight_of,
    write,
    written,
)
from gradlab.graph.emission.helpers import HelperFunctions
from gradlab.graph.emission.lines import Body
from gradlab.graph.emission.rules import RULES
from gradlab.graph.emission.scaling import numeral, scaled
from gradlab.graph.operations import DIVIDE, GENERAL_POWER, Operation
from gradlab.graph.sizes import Axes, Coefficient, Size


class SourceBackend:
    """Writes each operation as source text; see `gradlab.graph.backends.Backend`.

    An operation that has no method here is written as its line in `gradlab.graph.emission.rules` says; an elementwise
    one is called on stand-ins that record what it does.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.dialect: Dialect = body.dialect
        self.hint = "part"
        self._products = ContractionWriter(self.dialect, self._twice, fast=body.bound)
        self._helpers = HelperFunctions(body)

    # Fragments ---------------------------------------------------------------------------------

    def local(self, fragment: Fragment, hint: str | None = None) -> Fragment:
        """Return *fragment* under a name of its own."""
        fragment = self.spread(fragment)
        tree = self.body.assign(fragment.tree, hint or self.hint)
        if fragment.fresh and fragment.whole and fragment.axes and isinstance(tree, ast.Name):
            self.body.local[tree.id] = fragment.axes
        return Fragment(tree, fragment.axes, fragment.kept, fragment.fresh)

    def _twice(self, tree: ast.expr) -> ast.expr:
        """Return *tree* so that it may be written twice."""
        return tree if isinstance(tree, (ast.Name, ast.Constant)) else self.body.assign(tree, self.hint)

    def spread(self, fragment: Fragment, hint: str | None = None) -> Fragment:
        """Return *fragment* with what is only placed in zeros written down."""
        return self._placed_in_zeros([fragment], hint) if fragment.placed is not None else fragment

    def whole(self, fragment: Fragment) -> ast.expr:
        """Return *fragment* as an array that has all of its axes."""
        fragment = self.spread(fragment)
        if fragment.whole:
            return self._tensor(fragment) if self.dialect.is_torch else fragment.tree
        assert fragment.axes is not None
        missing = [place for place in range(len(fragment.axes)) if place not in fragment.kept]
        if not fragment.number and all(fragment.axes[place] == 1 for place in missing):
            key = tuple(None if place in missing else slice(None) for place in range(len(fragment.axes)))
            return write("_0[_1]", fragment.tree, key)
        shape = self.body.shape(fragment.axes)
        if fragment.number:
            return self._filled(fragment.tree, shape)
        tree = aligned(fragment.tree, fragment.kept, len(fragment.axes))
        return write(f"{self.dialect.module}.broadcast_to(_0, _1)", tree, shape)

    def _filled(self, number: ast.expr, shape: ast.expr) -> ast.expr:
        function = {"0": "zeros", "1": "ones"}.get(written(number))
        if self.dialect.is_torch:
            like = self._reference()
            how = f"_0.new_{function}(_1)" if function else "_0.new_full(_1, _2)"
            return write(how, like, shape, *([] if function else [number]))
        return write(f"np.{function}(_0)" if function else "np.full(_0, _1)", shape, *([] if function else [number]))

    def _reference(self) -> ast.expr:
        """Return a tensor that tells dtype and device: the first input."""
        return named(next(iter(self.body.inputs.values())))

    def _tensor(self, fragment: Fragment) -> ast.expr:
        return write("_0.new_tensor(_1)", self._reference(), fragment.tree) if fragment.number else fragment.tree

    def _common(self, fragments: Sequence[Fragment]) -> tuple[list[ast.expr], Axes | None, tuple[int, ...]]:
        """Return expressions that broadcast against each other, and what they stand for together."""
        fragments = [self.spread(fragment) for fragment in fragments]
        axes = next((fragment.axes for fragment in fragments if fragment.axes is not None), None)
        if axes is None or any(fragment.axes is None for fragment in fragments):
            return [self.whole(fragment) for fragment in fragments], axes, tuple(range(len(axes or ())))
        kept = sorted({place for fragment in fragments for place in fragment.kept})
        trees = [
            aligned(fragment.tree, [kept.index(place) for place in fragment.kept], len(kept)) for fragment in fragments
        ]
        return trees, axes, tuple(kept)

    # What every arithmetic offers --------------------------------------------------------------

    def variable(self, name: str) -> Fragment:
        return full(named(self.body.inputs[name]), self.body.axes[name], fresh=False)

    def constant(self, value: Coefficient | str, axes: Axes) -> Fragment:
        return Fragment(numeral(self.body, value), axes, number=True)

    def linear(self, coefficients: Sequence[Coefficient], arrays: Sequence[Fragment]) -> Fragment:
        if any(array.placed is not None for array in arrays):
            return self._sum_with_placed(coefficients, arrays)
        trees, axes, kept = self._common(arrays)
        # A positive term first: b - a, not -a + b.
        order = sorted(range(len(trees)), key=lambda place: coefficients[place].rational < 0)
        if coefficients[0].rational >= 0 or len(trees) == 1:
            order = list(range(len(trees)))
        total: ast.expr | None = None
        for place in order:
            coefficient = coefficients[place]
            if total is None:
                total = scaled(self.body, coefficient, trees[place])
            elif coefficient.rational < 0:
                total = write("_0 - _1", total, scaled(self.body, -coefficient, trees[place]))
            else:
                total = write("_0 + _1", total, scaled(self.body, coefficient, trees[place]))
        assert total is not None
        number = all(array.number for array in arrays)
        return Fragment(total, axes, kept, number=number, weight=weight_of(total))

    def apply(self, operation: Operation, arrays: Sequence[Fragment]) -> Fragment:
        trees, axes, kept = self._common(arrays)
        if operation is DIVIDE or operation is GENERAL_POWER:
            tree = write("_0 / _1" if operation is DIVIDE else "_0 ** _1", *trees)
            number = all(array.number for array in arrays)
            return Fragment(tree, axes, kept, number=number, weight=weight_of(tree))
        if self.dialect.is_torch:
            trees = [self._tensor(array) if array.number else tree for array, tree in zip(arrays, trees, strict=True)]
        tree = self._helpers.called(operation, trees)
        return Fragment(tree, axes, kept, weight=weight_of(tree))

    def contract(self, arrays: Sequence[Fragment], inputs: Sequence[Row], output: Row, extents: Axes) -> Fragment:
        arrays = [self.spread(array) for array in arrays]
        factors: list[Factor] = []
        scalars: list[ast.expr] = []
        coefficient = Coefficient.of(1)
        for array, row in zip(arrays, inputs, strict=True):
            places = array.kept if array.axes is not None else range(len(row))
            kept = tuple(row[place] for place in places)
            if kept:
                factors.append(Factor(array.tree, kept))
            elif not (isinstance(array.tree, ast.Constant) and array.tree.value == 1):
                scalars.append(array.tree)
        present = {index for factor in factors for index in factor.row}
        for index in {index for row in inputs for index in row} - present - set(output):
            coefficient = coefficient * Coefficient.of_size(extents[index])
        axes = tuple(extents[index] for index in output)
        if len(set(output)) < len(output):
            tree = self._diagonal(factors, output, extents)
            kept_places = tuple(range(len(output)))
        else:
            core = tuple(index for index in output if index in present)
            tree = self._products.contract(factors, core, extents) if factors else None
            kept_places = tuple(place for place, index in enumerate(output) if index in present)
        for scalar in reversed(scalars):
            tree = scalar if tree is None else times(scalar, tree)
        tree = scaled(self.body, coefficient, tree)
        made = len(factors) != 1 or bool(scalars) or not set(factors[0].row) <= set(output)
        number = not factors and all(array.number for array in arrays)
        diagonal = any(len(set(row)) < len(row) for row in inputs)  # a view that NumPy does not let one write to
        fresh = made or (not diagonal and all(array.fresh for array in arrays))
        return Fragment(tree, axes, kept_places, fresh, number, weight_of(tree))

    def _diagonal(self, factors: list[Factor], output: Row, extents: Axes) -> ast.expr:
        """Return an array with entries where equal indices are equal, and zeros elsewhere."""
        if len(factors) == 1 and len(output) == 2 and len(factors[0].row) == 1:
            return write(f"{self.dialect.module}.diag(_0)", factors[0].tree)
        fresh = max(range(len(extents)), default=0) + 1
        labels: list[int] = []
        for index in output:
            if index in labels:
                eye = write(f"{self.dialect.module}.eye(_0)", self.body.size(extents[index]))
                if self.dialect.is_torch:
                    like = self._reference()
                    eye = write("torch.eye(_0, dtype=_1.dtype, device=_1.device)", self.body.size(extents[index]), like)
                factors.append(Factor(eye, (index, fresh)))
                labels.append(fresh)
                fresh += 1
            else:
                labels.append(index)
        sizes = (*extents, *(extents[0] for _ in range(fresh - len(extents))))
        return self._products.contract(factors, tuple(labels), sizes)

    # Choosing and placing ----------------------------------------------------------------------

    def index(self, array: Fragment, key: Key) -> Fragment:
        array = self.spread(array)
        axes = array.axes
        if axes is None:  # inside a kind that computes in several steps
            return full(subscript(array.tree, tuple(key)), None, fresh=array.fresh)
        chosen = _chosen(axes, key)
        own = [key[place] for place in array.kept]
        kept = tuple(
            sum(isinstance(part, slice) for part in key[:place])
            for place in array.kept
            if isinstance(key[place], slice)
        )
        forward, turned = self._forward(own, [axes[place] for place in array.kept])
        tree = subscript(array.tree, forward)
        if turned:
            tree = write("_0.flip(_1)", tree, turned[0] if len(turned) == 1 else turned)
        return Fragment(tree, chosen, kept, array.fresh, array.number, weight_of(tree))

    def _forward(
        self, key: Sequence[int | slice], axes: Sequence[Size]
    ) -> tuple[tuple[int | slice, ...], tuple[int, ...]]:
        """Return *key* without negative steps, which torch has not, and the axes to turn round afterwards."""
        if not self.dialect.is_torch:
            return tuple(key), ()
        parts: list[int | slice] = []
        turned: list[int] = []
        for part, size in zip(key, axes, strict=True):
            if isinstance(part, slice) and part.step is not None and part.step < 0:
                turned.append(sum(isinstance(other, slice) for other in parts))
                places = range(size)[part][::-1] if isinstance(size, int) else None
                part = slice(None)
                if places is not None:
                    part = slice(places.start, places.stop, places.step if places.step > 1 else None)
            parts.append(part)
        return tuple(parts), tuple(turned)

    def scatter(self, array: Fragment, key: Key, axes: Axes) -> Fragment:
        inside = self.spread(array)
        whole = all(
            part == slice(None) or (isinstance(part, int) and size == 1) for part, size in zip(key, axes, strict=True)
        )
        if whole and inside.axes is not None:  # an axis of length 1 comes back
            places = [place for place, part in enumerate(key) if isinstance(part, slice)]
            return replace(inside, axes=axes, kept=tuple(places[place] for place in inside.kept))
        unwritten = named("not written yet")
        return Fragment(unwritten, axes, tuple(range(len(axes))), weight=2, placed=Placed(inside, tuple(key)))

    def _sum_with_placed(self, coefficients: Sequence[Coefficient], arrays: Sequence[Fragment]) -> Fragment:
        pairs = list(zip(coefficients, arrays, strict=True))
        plain = [(c, array) for c, array in pairs if array.placed is None]
        placed = [
            Fragment(
                array.tree,
                array.axes,
                array.kept,
                placed=Placed(self.linear([c], [array.placed.inside]), array.placed.key),
            )
            for c, array in pairs
            if array.placed is not None
        ]
        if not plain:
            return self._placed_in_zeros(placed, None)
        start = self.linear([c for c, _ in plain], [array for _, array in plain])
        tree = self.whole(start)
        if not start.fresh or not start.whole or isinstance(tree, ast.Name):
            tree = self.dialect.copied(tree)
        array = self.body.assign(tree, self.hint)
        for fragment in placed:
            self._store(array, fragment, "+=")
        return full(array, start.axes)

    def _placed_in_zeros(self, fragments: Sequence[Fragment], hint: str | None) -> Fragment:
        """Return zeros with each of *fragments* added at its place."""
        axes = fragments[0].axes
        assert axes is not None
        listed = self._listed(fragments, axes)
        if listed is not None:
            return full(listed, axes)
        array = self.body.assign(self._filled(write("0"), self.body.shape(axes)), hint or self.hint)
        for position, fragment in enumerate(fragments):
            self._store(array, fragment, "=" if position == 0 else "+=")
        return full(array, axes)

    def _listed(self, fragments: Sequence[Fragment], axes: Axes) -> ast.expr | None:
        """Return a vector by its entries, where each of them is placed once."""
        if len(axes) != 1 or not isinstance(axes[0], int):
            return None
        entries: dict[int, ast.expr] = {}
        for fragment in fragments:
            assert fragment.placed is not None
            (place,) = fragment.placed.key
            if not isinstance(place, int) or place % axes[0] in entries:
                return None
            entries[place % axes[0]] = self.whole(fragment.placed.inside)
        if len(entries) < axes[0]:
            return None
        return self._array([entries[place] for place in range(axes[0])])

    def _array(self, entries: Sequence[ast.expr]) -> ast.expr:
        return write("torch.stack(_0)" if self.dialect.is_torch else "np.array(_0)", list(entries))

    def _store(self, array: ast.expr, fragment: Fragment, operator: str) -> None:
        placed, axes = fragment.placed, fragment.axes
        assert placed is not None
        assert axes is not None
        key, turned = self._forward(placed.key, axes)
        inside = placed.inside
        tree = self.whole(inside) if turned else aligned(inside.tree, inside.kept, len(inside.axes or ()))
        if turned:
            tree = write("_0.flip(_1)", tree, turned[0] if len(turned) == 1 else turned)
        self.body.store(array, key, operator, tree)

    def stack(self, arrays: Sequence[Fragment], axis: int) -> Fragment:
        trees = [self.whole(array) for array in arrays]
        inner = arrays[0].axes
        axes = None
        if inner is not None:
            place = axis % (len(inner) + 1)
            axes = (*inner[:place], len(arrays), *inner[place:])
            if not inner:
                return full(self._array(trees), axes)
        tree = write(f"{self.dialect.module}.stack(_0, {self.dialect.axis}=_1)", trees, axis)
        return full(tree, axes)

    # Along an axis -----------------------------------------------------------------------------

    def log_sum_exp(self, array: Fragment, axis: int) -> Fragment:
        axes = array.axes
        if axes is not None:
            place = axis % len(axes)
            axes = (*axes[:place], *axes[place + 1 :])
        return full(self._along("logsumexp", array, axis), axes)

    def softmax(self, array: Fragment, axis: int) -> Fragment:
        return full(self._along("softmax", array, axis), array.axes)

    def _along(self, name: str, array: Fragment, axis: int) -> ast.expr:
        tree = self.whole(array)
        if self.dialect.is_torch:
            return write(f"torch.{name}(_0, dim=_1)", tree, axis)
        function = self._helpers.library(name)
        return write("_0(_1)", function, tree) if axis == -1 else write("_0(_1, axis=_2)", function, tree, axis)

    def softmax_and_log_sum_exp(self, array: Fragment, axis: int, hints: tuple[str, str]) -> tuple[Fragment, Fragment]:
        """Return both, which NumPy computes from the same exponentials."""
        tree = self.whole(array)
        function = self._helpers.library("softmax_and_logsumexp")
        call = write("_0(_1)", function, tree) if axis == -1 else write("_0(_1, axis=_2)", function, tree, axis)
        first, second = (self.body.names.fresh(hint) for hint in hints)
        self.body.lines.append(f"{first}, {second} = {written(call)}")
        return full(named(first), None), full(named(second), None)

    def one_hot(self, array: Fragment, size: Size) -> Fragment:
        arguments = [self.whole(array), self.body.size(size)]
        if self.dialect.is_torch:
            arguments.append(write("_0.dtype", self._reference()))
        call = ast.Call(self._helpers.library("one_hot"), arguments, [])
        return full(call, None if array.axes is None else (*array.axes, size))

    def gather(self, array: Fragment, indices: Sequence[Fragment], rank: int, axis: int, index_rank: int) -> Fragment:
        key = [slice(None)] * axis + [self._whole_numbers(index, index_rank) for index in indices]
        return full(subscript(self.whole(array), tuple(key)), None)

    def scatter_add(
        self, array: Fragment, indices: Sequence[Fragment], axes: Axes, axis: int, index_rank: int
    ) -> Fragment:
        places = tuple(self._whole_numbers(index, index_rank) for index in indices)
        return self._ruled("scatter_add", (array, places, self.body.shape(axes), axis))

    def _whole_numbers(self, index: Fragment, rank: int) -> ast.expr:
        if self.dialect.is_torch:
            return write("_0.long()", self.whole(index))
        return write("_0.astype(int)" if rank else "int(_0)", self.whole(index))

    def replace(self, base: Fragment, value: Fragment, key: Key) -> Fragment:
        changed = self.body.assign(self.dialect.copied(self.whole(base)), self.hint)
        value = self.spread(value)
        self._store(changed, Fragment(changed, base.axes, placed=Placed(value, tuple(key))), "=")
        return full(changed, base.axes)

    # Everything else ---------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in RULES:
            said = name.replace("_", " ")
            raise GradlabError(f"{said} is not written as source yet; evaluate the derivation with .at(point)")
        return lambda *arguments: self._ruled(name, arguments)

    def _ruled(self, name: str, arguments: tuple[Any, ...]) -> Fragment:
        """Return an operation written as its rule says."""
        rule = RULES[name]
        template = ast.parse(rule.template(self.dialect.name, arguments), mode="eval").body
        tree = filled(_Resolved(self).visit(template), [self._argument(argument) for argument in arguments])
        axes = None if rule.like is None else arguments[rule.like].axes
        return full(tree, axes, fresh=not rule.view)

    def _argument(self, value: Any) -> ast.expr:
        if isinstance(value, Fragment):
            return self.whole(value)
        if isinstance(value, str):
            return self.body.size(value)
        if isinstance(value, (tuple, list)):
            parts = [self._argument(part) for part in value]
            return ast.Tuple(parts, ast.Load()) if isinstance(value, tuple) else ast.List(parts, ast.Load())
        return literal(value)

    def resolved(self, name: str) -> ast.expr | None:
        """Return what a name in a rule stands for, None for one of Python's own."""
        if name == "lib":
            return named(self.dialect.module)
        if name == "like":
            return self._reference()
        return self._helpers.library(name) if name in self.dialect.helpers else None


class _Resolved(ast.NodeTransformer):
    """Puts libraries, tensors and helper functions for the names in a rule."""

    def __init__(self, backend: SourceBackend) -> None:
        self.backend = backend

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.backend.resolved(node.id) or node


def _chosen(axes: Axes, key: Key) -> Axes:
    """Return the axes of what *key* leaves; an axis of unknown size can only be taken whole, or turned round."""
    kept = [(size, part) for size, part in zip(axes, key, strict=True) if isinstance(part, slice)]
    return tuple(len(range(size)[part]) if isinstance(size, int) else size for size, part in kept)
