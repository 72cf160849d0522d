"""The eigenvalues of a Hessian that decide what a learning rate does, and the directions that belong to them.

On a quadratic a step of gradient descent multiplies the error along the eigenvector of λ by 1 - rate λ, so that it
converges for 0 < rate < 2/λ_max, and fastest at 2/(λ_min + λ_max), where the extreme factors are equal and opposite
(Nocedal & Wright, *Numerical Optimization* (2nd ed. 2006), section 3.3; Polyak, *Introduction to Optimization*
(1987), section 1.4). Anything else looks like its own quadratic close by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

from gradlab.descent.history import Layout
from gradlab.errors import GradlabError, NoFormulaError
from gradlab.graph import Function, Point, evaluation, jacobians
from gradlab.graph.gradient import component_name
from gradlab.graph.kinds import Variable

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.symbolic.derivation import Derivation

Product = Callable[["Array"], "Array"]
"""A vector, multiplied by a symmetric matrix that need not be written out."""

WHOLE = 32
"""Components up to which the Hessian is written out: its eigenvalues then come all, with a proved bound."""

_PRODUCTS = 200
"""Products with the Hessian that Lanczos' method may take: beyond, its basis costs more memory than it tells."""

_LOOK = 8
"""Products between two looks at the eigenvalues."""

_ENOUGH = 1e-10
"""A residual this small beside the largest eigenvalue is as good as the double precision of the products."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of one Hessian, from the smallest to the largest, and their directions.

    at: the point.  labels: the names of the components, where the code gave them some: a, b, c = params.
    eigenvalues: shape (k,): all of them, or the two extremes where there are many components.
    directions: shape (components, k), unit vectors in columns.
    error: how far an eigenvalue may be from one of the Hessian's.
    method: how they were found, in words.  quadratic: whether the Hessian is the same everywhere.

    Where only the extremes were sought, the largest shown never exceeds λ_max but by the rounding of the products,
    and the smallest never undercuts λ_min: each lies within *error* of some eigenvalue (Parlett, *The Symmetric
    Eigenvalue Problem* (1998), theorem 4.5.1).
    """

    at: Point
    labels: tuple[str, ...]
    eigenvalues: Array
    directions: Array
    error: float
    method: str
    quadratic: bool

    @property
    def smallest(self) -> float:
        """λ_min."""
        return float(self.eigenvalues[0])

    @property
    def largest(self) -> float:
        """λ_max."""
        return float(self.eigenvalues[-1])

    @property
    def largest_rate(self) -> float:
        """2/λ_max, below which gradient descent converges on a quadratic; infinite where nothing curves upwards."""
        return 2 / self.largest if self.largest > 0 else inf

    @property
    def best_rate(self) -> float | None:
        """2/(λ_min + λ_max), the best fixed rate on a quadratic; None where it has no single minimum."""
        return 2 / (self.smallest + self.largest) if self.smallest > self.error else None

    @property
    def best_factor(self) -> float | None:
        """What a step at the best rate multiplies the error by at worst: (κ - 1)/(κ + 1); None as for the rate."""
        rate = self.best_rate
        return None if rate is None else 1 - rate * self.smallest

    @property
    def condition(self) -> float:
        """κ = λ_max/λ_min; infinite where the smallest cannot be told from zero or lies below it."""
        return self.largest / self.smallest if self.smallest > self.error else inf

    def factors(self, rate: float) -> Array:
        """Return 1 - rate λ for each eigenvalue: what one step of gradient descent multiplies the error by.

        >>> spectrum("x**2 + 3*y**2", {"x": 1.0, "y": 1.0}).factors(0.25)
        array([ 0.5, -0.5])
        """
        return 1 - rate * self.eigenvalues

    def along(self, place: int) -> str:
        """Return a direction in words, by its largest components: ``0.998 a + 0.064 b``."""
        return in_words(self.directions[:, place], self.labels)

    def text(self) -> str:
        """Return what the eigenvalues say of rates, line by line."""
        lines = [
            f"{name} = {value:.6g} along {self.along(place)}"
            for name, value, place in (("λ_min", self.smallest, 0), ("λ_max", self.largest, -1))
        ]
        if self.largest_rate < inf:
            lines.append(f"gradient descent is stable below 2/λ_max = {self.largest_rate:.4g}")
        if self.best_rate is not None and self.best_factor is not None:
            lines.append(
                f"its best fixed rate is 2/(λ_min + λ_max) = {self.best_rate:.4g}: "
                f"a step then multiplies the error by at most {factor_in_words(self.best_factor)}"
            )
            lines.append(f"condition number λ_max/λ_min = {self.condition:.6g}")
        elif self.smallest < -self.error:
            lines.append("λ_min is negative: along it the function curves downwards, and no rate converges")
        else:
            lines.append("λ_min cannot be told from 0: along it the function is flat, to second order")
        scope = "the same everywhere" if self.quadratic else f"at {self.at!r}" if len(self.labels) <= WHOLE else "here"
        return "\n".join([*lines, f"{self.method}; {scope}"])

    def __repr__(self) -> str:
        return self.text()


def in_words(direction: Array, labels: Sequence[str], most: int = 3) -> str:
    """Return a direction as a sum of its largest components, the very largest positive.

    >>> import numpy as np
    >>> in_words(np.array([-0.8, 0.6, 0.0]), ["a", "b", "c"])
    '0.8 a - 0.6 b'
    >>> in_words(np.full(100, 0.1), [f"w[{i}]" for i in range(100)])
    '0.1 w[0] + 0.1 w[1] + 0.1 w[2] + …'
    """
    import numpy as np

    sizes = np.abs(direction)
    order = np.argsort(-sizes, kind="stable")
    shown = [place for place in order[:most] if sizes[place] >= 0.01 * sizes[order[0]]]
    sign = 1.0 if direction[order[0]] >= 0 else -1.0
    if len(shown) == 1 and sizes[shown[0]] > 0.995:
        said = str(labels[shown[0]])
    else:
        terms = [(sign * float(direction[place]), labels[place]) for place in shown]
        said = "".join(
            f"{' - ' if value < 0 else ' + '}{abs(value):.3g} {label}" for value, label in terms
        ).removeprefix(" + ")
    left = float(np.sqrt(max(0.0, 1 - float((sizes[shown] ** 2).sum()))))
    return f"{said} + …" if left > 0.1 and len(shown) < len(labels) else said


def factor_in_words(value: float) -> str:
    """Return a factor with three digits, and where it is close to 1 with two digits of what is missing.

    >>> factor_in_words(-4.65432), factor_in_words(0.99984)
    ('-4.65', '0.99984')
    """
    if 0.9 <= abs(value) < 1:
        size = 1 - float(f"{1 - abs(value):.2g}")
        return f"{size if value > 0 else -size:.12g}" if size < 1 else f"{value:.0f}"
    return f"{value:.3g}"


# From a function ------------------------------------------------------------------------------------------


def spectrum(f: Any, at: Any, *, whole: int = WHOLE) -> Spectrum:
    """Return the eigenvalues of the Hessian of *f* at a point, with what they say of learning rates.

    f: anything that `gradlab.as_function` takes, with one number as its value.
    at: a mapping from variable name to value, or the bare value where there is one variable.
    whole: up to how many components the Hessian is written out and all eigenvalues found; beyond, the extremes come
        from products of the Hessian with vectors, by Lanczos' method.
    The Hessian is derived where f has a formula; else the products come from torch, by differentiating twice.
    Raises DomainError where the Hessian is not finite, NoFormulaError where neither way is open.

    >>> spectrum("x**2 + 3*y**2", {"x": 1.0, "y": 1.0})
    λ_min = 2 along x
    λ_max = 6 along y
    gradient descent is stable below 2/λ_max = 0.3333
    its best fixed rate is 2/(λ_min + λ_max) = 0.25: a step then multiplies the error by at most 0.5
    condition number λ_max/λ_min = 3
    from the closed form λ_1 = 2, λ_2 = 6; the same everywhere
    """
    from gradlab.sources import at_point

    function, point = at_point(f, at)
    layout = Layout({name: array.shape for name, array in point.items()})
    if layout.size == 0:
        raise ValueError(f"{function.signature} has no components, and so no curvature")
    if function.output is not None and layout.size <= whole:
        return _written_out(function, point)
    product, how, quadratic = _product(function, point, layout)
    values, vectors, residual, products = lanczos(product, layout.size)
    method = f"by Lanczos' method from {products} products of the Hessian with vectors, {how}"
    return Spectrum(point, _labels(function, layout), values, vectors, residual, method, quadratic)


def _written_out(function: Function, point: Point) -> Spectrum:
    import numpy as np

    from gradlab.symbolic import derive

    derivation = derive(function)
    found = derivation.curvature(point)
    values, vectors = np.linalg.eigh(found.matrix)
    labels = _labels(function, Layout({name: array.shape for name, array in point.items()}))
    return Spectrum(point, labels, values, vectors, found.uncertainty, _closed(derivation), derivation.is_quadratic)


def _closed(derivation: Derivation) -> str:
    """Return how the eigenvalues come about: their closed form, where they have one that fits on a line."""
    try:
        written = "; ".join(line.strip() for line in derivation.eigenvalues.text().splitlines())
    except NoFormulaError:
        return "from the derived Hessian"
    if len(written) > 60:
        return "from the derived Hessian"
    return f"from the closed form {written.replace('; λ', ', λ')}"


def _labels(function: Function, layout: Layout) -> tuple[str, ...]:
    """Return the name of each component: the one that the code gave it, ``a`` of ``a, b, c = params``, or by place."""
    import numpy as np

    from gradlab.graph.kinds import Index, Let
    from gradlab.graph.nodes import topological

    given: dict[tuple[str, Any], str] = {}
    for node in topological([function.output] if function.output is not None else []):
        if isinstance(node, Let) and node.names_an_input and isinstance(node.operands[0], Index) and not node.axes:
            whole = node.operands[0].operands[0]
            assert isinstance(whole, Variable)
            given.setdefault((whole.name, node.operands[0].selection), node.name)
    places = [(name, place) for name, shape in layout.shapes.items() for place in np.ndindex(shape)]
    called = tuple(given.get(place) or component_name(*place) for place in places)
    return called if len({*called}) == len(called) else tuple(component_name(*place) for place in places)


def _product(function: Function, point: Point, layout: Layout) -> tuple[Product, str, bool]:
    """Return the product of the Hessian with a vector, how it is computed, and whether it is the same everywhere."""
    if function.output is not None:
        try:
            return _derived(function, point, layout)
        except NoFormulaError:  # an operation without a rule for a second derivative
            if function.code is None:
                raise
    return _by_torch(function, point, layout), "each by differentiating twice in torch", False


def _derived(function: Function, point: Point, layout: Layout) -> tuple[Product, str, bool]:
    from gradlab.graph.nodes import topological

    taken = {*function.variables, *function.data}
    names = {name: next(new for new in _fresh(name) if new not in taken) for name in function.variables}
    variables = function.nodes
    rights = {variables[name]: Variable(names[name], axes) for name, axes in function.variables.items()}
    products = jacobians.hessian_vectors(function.formula, rights)
    outputs = [products[variables[name]] for name in layout.shapes]
    known, sizes = {**function.data, **point}, function.sizes(point)

    def product(vector: Array) -> Array:
        along = {names[name]: part for name, part in layout.unpacked(vector).items()}
        parts = evaluation.with_numpy(outputs, {**known, **along}, sizes)
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


# Lanczos' method ------------------------------------------------------------------------------------------


def lanczos(product: Product, size: int, most: int = _PRODUCTS) -> tuple[Array, Array, float, int]:
    """Return the extreme eigenvalues of a symmetric matrix, their unit vectors, a bound, and the products taken.

    Shapes (2,) and (size, 2); (1,) and (1, 1) for one component.  The bound: each value lies this close to an
    eigenvalue, by the norm of its residual, which is |β_k s_k| (Parlett (1998), section 13.2).
    Each new vector is made orthogonal to all before it, twice: Lanczos' own recurrence loses that to rounding.
    Where the vectors close upon themselves, another start is taken from what they leave out.
    Raises GradlabError where a product is not finite.

    >>> import numpy as np
    >>> values, vectors, bound, products = lanczos(lambda v: np.array([1.0, 5.0, 2.0]) * v, 3)
    >>> values.round(12).tolist(), products
    ([1.0, 5.0], 3)
    """
    import numpy as np

    random = np.random.default_rng(0)
    basis = np.zeros((min(most, size), size))
    diagonal, beside = np.zeros(len(basis)), np.zeros(len(basis))
    vector = _unit(random.standard_normal(size))
    scale, taken = 0.0, 0
    weights, values, residuals = np.ones((1, 1)), np.zeros(1), np.zeros(1)
    for step in range(len(basis)):
        basis[step] = vector
        moved = product(vector)
        if not np.isfinite(moved).all():
            raise GradlabError("the Hessian is not finite there: a product with it overflows or has no value")
        diagonal[step] = vector @ moved
        scale = max(scale, float(np.linalg.norm(moved)))
        taken = step + 1
        rest = _left_over(moved, basis[:taken])
        beside[step] = np.linalg.norm(rest)
        closed = beside[step] <= 1e-13 * scale
        if closed:
            beside[step] = 0.0
        if taken == len(basis) or taken % _LOOK == 0:
            values, weights = np.linalg.eigh(_tridiagonal(diagonal[:taken], beside[: taken - 1]))
            residuals = np.abs(beside[step] * weights[-1, [0, -1]])
            if not closed and residuals.max() <= _ENOUGH * np.abs(values).max():
                break
        if taken == len(basis):
            break
        vector = _unit(_left_over(random.standard_normal(size), basis[:taken]) if closed else rest)
    ends = [0] if size == 1 else [0, -1]
    rounding = 8 * size * float(np.finfo(float).eps) * max(scale, float(np.abs(values).max()))
    return values[ends], basis[:taken].T @ weights[:, ends], float(residuals.max()) + rounding, taken


def _left_over(vector: Array, basis: Array) -> Array:
    for _ in range(2):
        vector = vector - basis.T @ (basis @ vector)
    return vector


def _unit(vector: Array) -> Array:
    import numpy as np

    return vector / np.linalg.norm(vector)


def _tridiagonal(diagonal: Array, beside: Array) -> Array:
    import numpy as np

    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


# Rescaled inputs ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rescaling:
    """What other units would do: the condition number as it is, and after.

    inputs: the names of the data that were standardised: each column less its mean, over its standard deviation.
    standardised: the condition number then; None where no data enter the Hessian.
    scaled: the condition number where each component is measured in units of 1/√H_ii instead, which for a linear model
        is to divide each column of its inputs by its root mean square; None where an H_ii is not positive. No other
        units, component by component, are better by more than the number of components (van der Sluis, *Numer. Math.*
        14 (1969), 14-23).
    """

    condition: float
    inputs: tuple[str, ...]
    standardised: float | None
    scaled: float | None

    def text(self) -> str:
        """Return it in words, line by line."""
        said = [f"the condition number is {self.condition:.4g}"]
        if self.standardised is not None:
            said.append(f"with {' and '.join(self.inputs)} standardised it would be {self.standardised:.4g}")
        if self.scaled is not None:
            said.append(f"with each component in units of 1/√H_ii it would be {self.scaled:.4g}")
        return "\n".join(said)

    def __repr__(self) -> str:
        return self.text()


def rescaling(f: Any, at: Any, inputs: Sequence[str] | None = None) -> Rescaling:
    """Return what standardising the inputs would do to the condition number of the Hessian of *f* at a point.

    inputs: names of data to standardise; if None, the arrays that enter the Hessian: in a mean of squares of a linear
        model these are the inputs, and the targets are not among them.
    The point keeps its numbers, so that for a function that is not quadratic it is another point of another function.
    Raises NoFormulaError where f has no formula, ValueError for a name that is no data of f.

    >>> import numpy as np
    >>> time, speed = np.arange(20.0), np.arange(20.0)
    >>> rescaling(lambda a, b: np.mean((a*time + b - speed)**2), {"a": 0.0, "b": 0.0})
    the condition number is 464.2
    with time standardised it would be 1
    with each component in units of 1/√H_ii it would be 12.78
    """
    import numpy as np

    from gradlab.sources import at_point
    from gradlab.symbolic import derive

    function, point = at_point(f, at)
    derivation = derive(function)
    matrix = derivation.curvature(point).matrix
    used = derivation.second.depends_on(list(function.data))
    chosen = tuple(used if inputs is None else inputs)
    unknown = [name for name in chosen if name not in function.data]
    if unknown:
        known = ", ".join(function.data) or "none"
        raise ValueError(f"inputs names {unknown[0]!r}; the data of {function.signature} are {known}")
    chosen = tuple(name for name in chosen if np.ndim(function.data[name]))
    moved: float | None = None
    if chosen:
        data = {**function.data, **{name: standardised(function.data[name]) for name in chosen}}
        moved = _condition(replace(derivation, function=replace(function, data=data)).curvature(point).matrix)
    diagonal = np.diag(matrix)
    scaled = None
    if (diagonal > 0).all():
        units = 1 / np.sqrt(diagonal)
        scaled = _condition(matrix * units * units[:, None])
    return Rescaling(_condition(matrix), chosen, moved, scaled)


def standardised(array: Array) -> Array:
    """Return each column less its mean, over its standard deviation; a constant column stays as it is.

    >>> import numpy as np
    >>> standardised(np.array([[1.0, 1.0], [3.0, 1.0]]))
    array([[-1.,  1.],
           [ 1.,  1.]])
    """
    import numpy as np

    mean, spread = array.mean(axis=0), array.std(axis=0)
    constant = spread <= 1e-12 * np.abs(array).max(axis=0, initial=0.0)
    return np.where(constant, array, (array - mean) / np.where(constant, 1.0, spread))


def _condition(matrix: Array) -> float:
    import numpy as np

    values = np.linalg.eigvalsh(matrix)
    noise = 8 * len(values) * np.finfo(float).eps * np.abs(matrix).sum(axis=1).max()
    return float(values[-1] / values[0]) if values[0] > noise else inf
