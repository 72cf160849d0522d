"""The Hessian of a function at a point: written out, or as its product with a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlab.descent.history import Layout
from gradlab.descent.krylov import Product
from gradlab.descent.repeating import Repeated
from gradlab.errors import DomainError, NoFormulaError
from gradlab.graph import Function, Point, jacobians
from gradlab.graph.kinds import Variable

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.symbolic.derivation import Derivation

_BOUNDED = 50_000
"""Numbers in the data, times components, up to which the Hessian comes with a proved bound on its rounding: to bound
more takes seconds."""


@dataclass(frozen=True, eq=False)
class Hessian:
    """A Hessian as numbers.

    matrix: symmetric, all variables one after the other.  error: how far one of its eigenvalues may be off.
    how: where it comes from, in words.
    """

    matrix: Array
    error: float
    how: str


def written_out(derivation: Derivation, point: Point) -> Hessian:
    """Return the whole Hessian at a point: bounded where the data are few, else column by column.

    Its columns are the products with the unit vectors, computed each in its own way through the data: what they differ
    by from a symmetric matrix is what rounding has done.
    Raises DomainError where it is not finite, NoFormulaError where an operation has no second derivative.
    """
    import numpy as np

    function = derivation.function
    layout = Layout({name: array.shape for name, array in point.items()})
    if layout.size * sum(np.size(array) for array in function.data.values()) <= _BOUNDED:
        found = derivation.curvature(point)
        return Hessian(found.matrix, found.uncertainty, _closed(derivation))
    product, _, _ = by_formula(function, point, layout)
    columns = np.stack([product(unit) for unit in np.eye(layout.size)])
    if not np.isfinite(columns).all():
        raise DomainError(f"the Hessian of {function.signature} is not finite at {point!r}")
    skew = float(np.linalg.norm(columns - columns.T))
    own = 8 * layout.size * float(np.finfo(float).eps * np.abs(columns).sum(axis=1).max())
    return Hessian((columns + columns.T) / 2, skew + own, "from the derived Hessian, column by column")


def _closed(derivation: Derivation) -> str:
    """Return how the eigenvalues come about: their closed form, where they have one that fits on a line."""
    try:
        written = "; ".join(line.strip() for line in derivation.eigenvalues.text().splitlines())
    except NoFormulaError:
        return "from the derived Hessian"
    if len(written) > 60:
        return "from the derived Hessian"
    return f"from the closed form {written.replace('; λ', ', λ')}"


def product_with(function: Function, point: Point, layout: Layout) -> tuple[Product, str, bool]:
    """Return the product of the Hessian with a vector, how it is computed, and whether it is the same everywhere.

    Raises NoFormulaError where the function has neither a formula nor code for torch.
    """
    if function.output is not None:
        try:
            return by_formula(function, point, layout)
        except NoFormulaError:  # an operation without a rule for a second derivative
            if function.code is None:
                raise
    return _by_torch(function, point, layout), "each by differentiating twice in torch", False


def by_formula(function: Function, point: Point, layout: Layout) -> tuple[Product, str, bool]:
    """Return the product of the Hessian with a vector, from the formula, as `product_with` does."""
    from gradlab.graph.nodes import topological

    taken = {*function.variables, *function.data}
    names = {name: next(new for new in _fresh(name) if new not in taken) for name in function.variables}
    variables = function.nodes
    rights = {variables[name]: Variable(names[name], axes) for name, axes in function.variables.items()}
    products = jacobians.hessian_vectors(function.formula, rights)
    outputs = [products[variables[name]] for name in layout.shapes]
    repeated = Repeated(outputs, {**function.data, **point}, function.sizes(point), rights.values())

    def product(vector: Array) -> Array:
        parts = repeated({names[name]: part for name, part in layout.unpacked(vector).items()})
        return layout.flat(dict(zip(layout.shapes, parts, strict=True)))

    moving = {part.name for part in topological(outputs) if isinstance(part, Variable)} & {*function.variables}
    return product, "each derived", not moving


def _fresh(name: str) -> Sequence[str]:
    return [f"v_{name}", *(f"v{number}_{name}" for number in range(100))]


def _by_torch(function: Function, point: Point, layout: Layout) -> Product:
    import torch

    from gradlab.autodiff.running import Task, forward

    passed = forward(Task(function, point, tuple(function.variables), torch.float64))
    leaves = list(passed.leaves.values())
    partials = torch.autograd.grad(passed.output, leaves, create_graph=True, allow_unused=True, materialize_grads=True)
    dtype = leaves[0].dtype

    def product(vector: Array) -> Array:
        along = [torch.tensor(part, dtype=dtype) for part in layout.unpacked(vector).values()]
        slope = torch.stack([(p * v).sum() for p, v in zip(partials, along, strict=True)]).sum()
        if not slope.requires_grad:  # a straight slope
            return layout.flat({name: 0 * part for name, part in layout.unpacked(vector).items()})
        again = torch.autograd.grad(slope, leaves, retain_graph=True, allow_unused=True, materialize_grads=True)
        found = {name: part.detach().double().numpy() for name, part in zip(layout.shapes, again, strict=True)}
        return layout.flat(found)

    return product
