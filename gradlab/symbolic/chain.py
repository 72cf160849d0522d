"""The chain rule, broken down and recombined: ∂L/∂w = ∂L/∂a · ∂a/∂z · ∂z/∂w, each factor derived on its own.

The named values of a function are the joints. Where several ways lead from the result to the variable, the derivative
is the sum over the ways, each a product of factors. A factor between arrays is a Jacobian; from the front to the back
the product is taken as backpropagation takes it: δ_inner = δ_outer · ∂outer/∂inner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError, PointError
from gradlab.graph import algebra, evaluation, jacobians, names
from gradlab.graph.function import Function
from gradlab.graph.kinds import Constant, Elementwise, Let, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.point import Point
from gradlab.graph.tidying import tidied
from gradlab.symbolic import chain_views
from gradlab.symbolic.board import fits, free_letters, on_board
from gradlab.symbolic.reducing import shortest
from gradlab.symbolic.stable import stabilised
from gradlab.symbolic.steps import Step, steps_of

if TYPE_CHECKING:
    from gradlab.graph.point import Array

MOST_PATHS = 12
"""Ways from the result to a variable that are written out; a network with residual connections has 2^layers."""


@dataclass(frozen=True, eq=False)
class Link:
    """One factor: the derivative of a named value with respect to a value that it is computed from directly.

    outer, inner: the names of the two.
    jacobian: of the axes of the outer value, then those of the inner one; what else is named is held constant.
    flowing: what the inner value receives of a delta of the outer one, which is the variable ``delta_<outer>``.
    steps: how it was derived.
    """

    outer: str
    inner: str
    jacobian: Node
    flowing: Node
    steps: tuple[Step, ...]

    @property
    def is_number(self) -> bool:
        """Whether both values are numbers, so that the factor is one."""
        return not self.jacobian.axes


@dataclass(frozen=True, eq=False)
class Chain:
    """A partial derivative as a sum over ways of products of factors.

    function: with the names that the factors are written with.  wrt: the variable.
    paths: the ways from the result to the variable, each a sequence of links.
    """

    function: Function
    wrt: str
    paths: tuple[tuple[Link, ...], ...]

    @property
    def links(self) -> tuple[Link, ...]:
        """Every factor once, from the result to the variable."""
        return tuple(dict.fromkeys(link for path in self.paths for link in path))

    @cached_property
    def product(self) -> Node | None:
        """The factors multiplied and the ways added up, as they stand; None where there are arrays between."""
        if not self.paths or not all(link.is_number for link in self.links):
            return None
        products = [algebra.contract([link.jacobian for link in path], [()] * len(path), (), ()) for path in self.paths]
        return algebra.add(*products)

    @cached_property
    def recombined(self) -> Node:
        """The partial derivative, tidied, with the names kept.

        >>> from gradlab.symbolic import derive
        >>> derive("sin(x^2)").chain("x").recombined
        2 x cos(u)
        """
        if not self.paths:
            return algebra.number(0, self.function.variables[self.wrt])
        if self.product is not None:
            return shortest(self.product)
        deltas: dict[str, list[Node]] = {self.function.name: [algebra.number(1)]}
        for link in self.links:
            outer = algebra.add(*deltas[link.outer])
            sent = Variable(f"delta_{link.outer}", outer.axes)
            (received,) = rebuild([link.flowing], replace=_putting({sent: outer}))
            deltas.setdefault(link.inner, []).append(received)
        return tidied(algebra.add(*deltas[self.wrt]), named=True)

    def at(self, point: Any) -> ChainAt:
        """Return the factors and their product as numbers.

        point: as for `gradlab.compare`.

        >>> from gradlab.symbolic import derive
        >>> numbers = derive("sin(x^2)").chain("x").at({"x": 2})
        >>> float(numbers.total), [round(float(factor), 4) for factor in numbers.factors.values()]
        (-2.6145744834544478, [-0.6536, 4.0])
        """
        at = self.function.point(point)
        values, sizes = {**self.function.data, **at}, self.function.sizes(at)
        links = self.links
        found = evaluation.with_numpy([link.jacobian for link in links], values, sizes)
        return ChainAt(self, at, dict(zip(links, found, strict=True)))

    def text(self, point: Any = None) -> str:
        """Return the rule, the factors and their product as plain text; with the numbers at *point* if one is given."""
        return chain_views.text(self, None if point is None else self.at(point))

    def latex(self) -> str:
        """Return the rule, the factors and their product as an aligned LaTeX block."""
        return chain_views.latex(self)

    def as_dict(self, point: Any = None) -> dict[str, Any]:
        """Return plain data: the factors as text, and as numbers where a point is given."""
        return chain_views.as_dict(self, None if point is None else self.at(point))

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


@dataclass(frozen=True, eq=False)
class ChainAt:
    """The factors of a chain at a point, as arrays: of the axes of the outer value, then those of the inner one."""

    chain: Chain
    at: Point
    factors: Mapping[Link, Array]

    def along(self, path: Sequence[Link]) -> Array:
        """Return the product along one way, of the axes of the variable."""
        import numpy as np

        product = np.asarray(1.0)
        for link in path:
            product = np.tensordot(product, self.factors[link], axes=product.ndim)
        return product

    @cached_property
    def total(self) -> Array:
        """The partial derivative: the sum of the products along all ways."""
        import numpy as np

        if not self.chain.paths:
            return np.zeros_like(self.at[self.chain.wrt])
        return np.sum([self.along(path) for path in self.chain.paths], axis=0)


def chain_of(function: Function, wrt: str) -> Chain:
    """Return the chain rule for ∂function/∂wrt, with a factor for each step between named values.

    Raises PointError where *wrt* names no variable, and GradlabError where too many ways lead to it.
    """
    output = function.formula
    target = _target(function, wrt)
    if not any(isinstance(node, Let) and not node.names_an_input for node in topological([output])):
        output = _with_inner_named(output, target, frozenset(function.variables) | names.used_in(output))
    joints = _Joints(function, output, target)
    paths = list(joints.paths(function.name, ()))
    if len(paths) > MOST_PATHS:
        raise GradlabError(
            f"{len(paths)} ways lead from {function.name} to {wrt}, too many to be written out; "
            f"derive({function.name}).steps goes back through all of them at once"
        )
    return Chain(function.with_output(output, name=function.name), wrt, tuple(paths))


def _target(function: Function, wrt: str) -> Node:
    """Return the variable, or the part of one that the code gave this name to: w1 of ``w1, b = params``."""
    if wrt in function.variables:
        return function.nodes[wrt]
    for node in topological([function.formula]):
        if isinstance(node, Let) and node.names_an_input and node.name == wrt:
            return node
    raise PointError(f"{function.name} has no variable {wrt}; its variables are {', '.join(function.variables)}")


def _with_inner_named(output: Node, target: Node, taken: frozenset[str]) -> Node:
    """Return *output* with a name for what stands inside each function of one operand: u for x² in sin(x²)."""
    behind = {node for node in topological([output]) if target in topological([node])}
    inner = [
        node.operands[0]
        for node in topological([output])
        if isinstance(node, Elementwise) and len(node.operands) == 1 and node.operands[0] in behind
    ]
    wanted = [node for node in dict.fromkeys(reversed(inner)) if not isinstance(node, (Let, Variable, Constant))]
    named = dict(zip(wanted, free_letters(taken), strict=False))
    return rebuild([output], replace=lambda old, new: Let(named[old], new) if old in named else new)[0]


class _Joints:
    """The named values of a function, and the factors between those that are computed from each other directly."""

    def __init__(self, function: Function, output: Node, target: Node) -> None:
        self.target = target
        joints = [node for node in topological([output]) if isinstance(node, Let)]
        self.lets = {node.name: node for node in joints if node is target or not node.names_an_input}
        root = output.operands[0] if isinstance(output, Let) else output
        self.bodies = {name: let.operands[0] for name, let in self.lets.items()} | {function.name: root}
        self.back = {Variable(name, let.axes): let for name, let in self.lets.items()}
        self._links: dict[tuple[str, str], Link] = {}

    def paths(self, outer: str, before: tuple[Link, ...]) -> Iterator[tuple[Link, ...]]:
        """Yield the ways from the value called *outer* to the target."""
        for inner in self._direct(self.bodies[outer]):
            if inner is self.target:
                assert isinstance(inner, (Let, Variable))
                yield (*before, self._link(outer, inner))
            elif isinstance(inner, Let) and self.target in topological([inner]):
                yield from self.paths(inner.name, (*before, self._link(outer, inner)))

    def _direct(self, body: Node) -> list[Node]:
        """Return the named values and variables in *body* that stand behind no other name."""
        found: dict[Node, None] = {}
        seen: set[Node] = set()
        waiting = [body]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if node is self.target or self._is_joint(node):
                found[node] = None
            else:
                waiting.extend(reversed(node.operands))
        return list(found)

    def _is_joint(self, node: Node) -> bool:
        return isinstance(node, Let) and not node.names_an_input

    def _link(self, outer: str, inner: Let | Variable) -> Link:
        key = outer, inner.name
        if key not in self._links:
            self._links[key] = self._derived(outer, inner)
        return self._links[key]

    def _derived(self, outer: str, inner: Let | Variable) -> Link:
        independent = {let: variable for variable, let in self.back.items()}
        (written,) = rebuild([self.bodies[outer]], replace=_putting(independent))
        body, _ = stabilised(written)  # 1/(1 + e^-z) is σ(z), whose derivative is σ(z) (1 - σ(z))
        variable = independent[inner] if isinstance(inner, Let) else inner
        sent = Variable(f"delta_{outer}", body.axes)
        flowing = jacobians.vector_jacobian(body, variable, sent)
        if fits(body, [variable]):
            board = on_board(body, variable)
            factor, steps = board.result, board.steps
        else:
            found = jacobians.derivatives(body, [variable])
            factor = tidied(found.jacobians[variable])
            steps = tuple(step for swept in found.sweeps for step in steps_of(swept))
        # The derivative of a = σ(z) is a (1 - a): through the value's own name.
        own = {body: self.lets[outer]} if outer in self.lets and isinstance(body, Elementwise) else {}
        factor, flowing = rebuild([factor, tidied(flowing)], replace=_putting({**self.back, **own}))
        return Link(outer, inner.name, factor, flowing, steps)


def _putting(found: Mapping[Any, Node]) -> Any:
    """Return what puts one node for another when a graph is rebuilt."""
    return lambda old, new: found.get(old, new)
