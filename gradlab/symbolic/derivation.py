"""`derive`: the exact gradient of a function, as a derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import DomainError, GradlabError, NotScalarError, PointError
from gradlab.graph import emission
from gradlab.graph.conditions import Condition, needed
from gradlab.graph.counting import Operations, operations
from gradlab.graph.curvature import Curvature, assembled
from gradlab.graph.differentiation import Sweep, sweep
from gradlab.graph.domain import at_switches, first_not_finite
from gradlab.graph.function import Function
from gradlab.graph.gradient import Gradient
from gradlab.graph.guards import failing
from gradlab.graph.nodes import Node
from gradlab.graph.point import described, sizes_of
from gradlab.graph.sizes import shape_of
from gradlab.graph.tidying import tidied
from gradlab.misuse import explains_misuse
from gradlab.sources import as_function, at_point
from gradlab.symbolic import views
from gradlab.symbolic.board import Board, fits, on_board
from gradlab.symbolic.chain import Chain, chain_of
from gradlab.symbolic.eigenvalues import Eigenvalues, closed_form
from gradlab.symbolic.enclosing import enclosed
from gradlab.symbolic.second_order import SecondOrder, second_order
from gradlab.symbolic.stable import Rewriting, stabilised
from gradlab.symbolic.steps import Step, steps_of, walk

if TYPE_CHECKING:
    from pathlib import Path

    from gradlab.graph.emission import Compiled


@explains_misuse
def derive(f: Any, wrt: str | Sequence[str] | None = None, *, order: int = 1, at: Any = None) -> Derivation:
    """Return the derivation of the exact gradient of *f*, and with order=2 of its Hessian.

    f: anything `gradlab.as_function` takes, with a scalar value.
    wrt: the variables to differentiate with respect to; all by default.  The others are held constant.
    at: a point that says which way the code goes at an ``if``; an example decides if there is none.
    Raises NoFormulaError where f cannot be read, NotScalarError where its value is no single number,
    and PointError where *wrt* names no variable.

    >>> d = derive("x**2 + y")
    >>> print(d)
    f(x, y) = x² + y
    ∂f/∂x = 2 x
    ∂f/∂y = 1
    >>> d.gradient["x"](x=3, y=1)
    6.0
    >>> print(derive("x**2*y + y**3", order=2))
    f(x, y) = x² y + y³
    ∂f/∂x = 2 x y
    ∂f/∂y = x² + 3 y²
    ∂²f/∂x² = 2 y
    ∂²f/∂x∂y = 2 x
    ∂²f/∂y² = 6 y
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1, the gradient, or 2, the Hessian too; not {order!r}")
    function = as_function(f) if at is None else at_point(f, at)[0]
    output = single(function)
    names = function.chosen(wrt)
    # What is written as mathematics is derived as it stands; code is read for what it computes.
    stable, rewritings = stabilised(output) if function.code is not None else (output, ())
    return Derivation(function, names, stable, rewritings, order)


def single(function: Function) -> Node:
    """Return the formula of a function of one value; raises NotScalarError for an array, NoFormulaError for none."""
    output = function.formula
    if output.axes:
        name = next(iter(function.variables), None)
        whole = "" if name is None else f"; as_function(…).jacobian({name!r}) derives all its partial derivatives"
        raise NotScalarError(
            f"{function.signature} {described(output.axes)}, and a gradient belongs to a single number; "
            f"reduce it first, for example with .sum() or .mean(), or pick one component{whole}"
        )
    return output


@dataclass(frozen=True, eq=False)
class Derivation:
    """The exact gradient of a function, and the way there.

    function: what was derived.  wrt: with respect to which variables.
    output: the expression that is differentiated: the function's own, or a numerically stable form of it.
    rewritings: the equalities that led to that form.
    order: 2 where the second derivatives belong to what is shown and to the steps; they can be had in any case.

    Where all is numbers, each partial derivative is derived from the front, as on a blackboard (`boards`); through
    arrays a delta flows back from the output (`sweep`).
    """

    function: Function
    wrt: tuple[str, ...]
    output: Node
    rewritings: tuple[Rewriting, ...] = ()
    order: int = 1

    @cached_property
    def boards(self) -> Mapping[str, Board]:
        """Per variable, its partial derivative from the front; empty where that is no way for a person to go."""
        nodes = self.function.nodes
        if not fits(self.output, [nodes[name] for name in self.wrt]):
            return {}
        taken = frozenset({*self.function.variables, *self.function.data})
        return {name: on_board(self.output, nodes[name], taken) for name in self.wrt}

    @cached_property
    def sweep(self) -> Sweep:
        """The reverse sweep: the derivative of the output with respect to everything on the way."""
        return sweep(self.output, [self.function.nodes[name] for name in self.wrt])

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every rule applied; the gradient is assembled from them.

        From the front, for one variable after the other; or, through arrays, from the output back to the variables.
        With order=2 the steps from each partial derivative to the second ones follow.
        """
        first = (
            [step for board in self.boards.values() for step in board.steps] if self.boards else steps_of(self.sweep)
        )
        return (*first, *(self.second.steps if self.order > 1 else ()))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Where the derivation holds: all that its steps ask of the variables, each once.

        >>> from gradlab.graph.styles import TextPrinter
        >>> [condition.written(TextPrinter) for condition in derive("abs(x) + log(y)/y").conditions]
        ['x ≠ 0', 'y > 0']
        """
        asked = needed(condition for step in walk(self.steps) for condition in step.conditions)
        return tuple(condition for condition in asked if condition.names & {*self.wrt})

    def chain(self, wrt: str) -> Chain:
        """Return the chain rule for one variable, factor by factor through the named values, and recombined.

        wrt: a variable, or a part of one that the code gave a name to.

        >>> derive("exp(sin(x)^2)").chain("x")
        ∂f/∂x = ∂f/∂u · ∂u/∂v · ∂v/∂x
          ∂f/∂u = exp(u)
          ∂u/∂v = 2 v
          ∂v/∂x = cos(x)
        ∂f/∂x = exp(u) · 2 v · cos(x)
              = 2 v exp(u) cos(x)
        """
        return chain_of(self.function, wrt)

    @cached_property
    def second(self) -> SecondOrder:
        """The second derivatives as graphs, named values kept, and the steps that they rest on."""
        return second_order(self.function, self.shown)

    @cached_property
    def hessian(self) -> Mapping[tuple[str, str], Function]:
        """Per pair of variables, the second partial derivative as a function: of the axes of the first, then the other.

        Raises NoFormulaError where an operation has no rule for second derivatives.

        >>> derive("x**2*y").hessian["x", "y"].text()
        '2 x'
        """
        name = self.function.name
        return {
            (v, w): self.function.with_output(tidied(block), name=f"∂²{name}/∂{v}{'²' if v == w else f'∂{w}'}")
            for (v, w), block in self.second.blocks.items()
        }

    @property
    def is_quadratic(self) -> bool:
        """Whether the Hessian is the same everywhere: free of the variables differentiated with respect to."""
        return not self.second.depends_on(self.wrt)

    @cached_property
    def eigenvalues(self) -> Eigenvalues:
        """The eigenvalues of the Hessian in closed form.

        Raises NoFormulaError where there is none; `curvature` has their values at a point.

        >>> derive("x**2 + 3*y**2").eigenvalues
        λ_1 = 2
        λ_2 = 6
        """
        return closed_form(self)

    def curvature(self, point: Any = None) -> Curvature:
        """Return the Hessian at *point* as numbers, with its eigenvalues and bounds on its rounding errors.

        point: not needed where the Hessian contains no variable.
        Raises DomainError where f, its gradient or its Hessian is not finite.

        >>> derive("x**2*y + y**3").curvature({"x": 1, "y": 2}).matrix
        array([[ 4.,  2.],
               [ 2., 12.]])
        """
        at = self.function.point(self._anywhere() if point is None else point)
        values, sizes = {**self.function.data, **at}, self.function.sizes(at)
        blocks = self.second.blocks
        outputs = [self.output, *self.partials.values(), *blocks.values()]
        if point is not None:
            problem = first_not_finite(outputs, values, sizes, list(self.function.variables))
            if problem is not None:
                raise DomainError(problem)
        kinks = at_switches(outputs, values, sizes) if point is not None else []
        # A kink of f is a jump of its derivatives at the same place, and said once.
        notes = {note.partition(" where ")[2]: note for note in reversed(kinks)}
        found = enclosed(list(blocks.values()), values, sizes)
        return assembled(at, self.wrt, dict(zip(blocks, found, strict=True)), list(notes.values()))

    def _anywhere(self) -> Mapping[str, Any]:
        """Return a point of the right shapes for a Hessian that is the same at all of them."""
        import numpy as np

        used = self.second.depends_on(list(self.function.variables))
        if used:
            raise PointError(f"the Hessian of {self.function.name} depends on {', '.join(used)}; give a point")
        sizes = sizes_of(self.function.data_axes, self.function.data)
        unknown = {size for axes in self.function.variables.values() for size in axes if isinstance(size, str)} - {
            *sizes
        }
        if unknown:
            raise PointError(f"the size {min(unknown)} is not known without a point")
        return {name: np.zeros(shape_of(axes, sizes)) for name, axes in self.function.variables.items()}

    @cached_property
    def gradient(self) -> Mapping[str, Function]:
        """Per variable, the partial derivative as a function again: what the last step says, names written out."""
        return {
            name: self.function.with_output(
                self.boards[name].result if self.boards else tidied(shown), name=f"∂{self.function.name}/∂{name}"
            )
            for name, shown in self.shown.items()
        }

    @cached_property
    def shown(self) -> Mapping[str, Node]:
        """Per variable, the partial derivative as it is read, named values kept."""
        return {name: board.named for name, board in self.boards.items()} or self.partials

    @cached_property
    def partials(self) -> Mapping[str, Node]:
        """Per variable, the graph by which the partial derivative is computed, named values kept.

        It is that of the reverse sweep, which costs a few times what f costs, however many variables there are; what
        a person reads may be longer (the derivatives of a product of ten factors) or shorter.
        """
        nodes = self.function.nodes
        return {name: self.sweep.gradient(nodes[name]) for name in self.wrt}

    def at(self, point: Any = None, /, **values: Any) -> Gradient:
        """Return the gradient at *point*, route "symbolic", with a bound on its rounding error.

        point: as for `gradlab.compare`; the shapes must be those of the derivation.  values: the same by name, x=3.
        Raises DomainError, naming the operation and the values, where f or its gradient is not finite.

        >>> derive("x**2 + y").at({"x": 3, "y": 1}).partials["x"]
        array(6.)
        """
        if values and point is not None:
            given = ", ".join(values)
            raise TypeError(f"at takes a point or values by name, not both: {point!r:.60} and {given}")
        at = self.function.point(values if point is None else point)
        guard = failing(self.function, at)
        if guard is not None:
            raise DomainError(
                f"{self.function.signature} was derived for {guard}, which does not hold at {at!r}; "
                "derive(f, at=…) derives the branch that the code takes there"
            )
        values = {**self.function.data, **at}
        sizes = self.function.sizes(at)
        outputs = [self.output, *self.partials.values()]
        problem = first_not_finite(outputs, values, sizes, list(self.function.variables))
        if problem is not None:
            raise DomainError(problem)
        (value, _), *found = enclosed(outputs, values, sizes)
        partials = {name: part for name, (part, _) in zip(self.wrt, found, strict=True)}
        error = {name: radius for name, (_, radius) in zip(self.wrt, found, strict=True)}
        return Gradient(at, float(value), partials, "symbolic", error)

    # Running ---------------------------------------------------------------------------------

    def source(self, backend: str = "numpy") -> str:
        """Return a Python function as text that returns the value and the gradient, in NumPy or torch.

        backend: "numpy" or "torch".  The function takes the variables, then the data, and returns the value and a
        dictionary of the partial derivatives. It needs nothing but that library.

        >>> print(derive("x**2 + y").source())
        import numpy as np
        <BLANKLINE>
        <BLANKLINE>
        def f_and_gradient(x, y):
            \"\"\"Return f and its partial derivatives by name.\"\"\"
            value = x**2 + y
            return value, {"x": 2 * x, "y": 1.0}
        <BLANKLINE>
        """
        return emission.source(self._stable, self.partials, backend)

    def compile(self, backend: str = "numpy") -> Compiled:
        """Return a fast function that returns the value and the gradient, for many calls.

        backend: "numpy", "torch", or "numba" (loops in machine code; needs the extra ``gradlab[fast]``).
        Data are bound to it, and what depends on data alone is computed here, once.

        >>> gradient = derive("x**2 + y").compile()
        >>> value, partials = gradient(x=3, y=1)
        >>> float(value), float(partials["x"])
        (10.0, 6.0)
        """
        if self.function.guards:
            raise GradlabError(
                f"{self.function.signature} was derived for {self.function.guards[0]}, which a compiled function would "
                "not check; compile a function without that decision, or call derive(f, at=…).at(…) at each point"
            )
        return emission.compiled(self._stable, self.partials, backend)

    @property
    def _stable(self) -> Function:
        """The function in the form that was differentiated."""
        return replace(self.function, output=self.output)

    @cached_property
    def operations(self) -> Operations:
        """How many scalar operations the function takes, and the function with its gradient.

        >>> derive("x sin(x)").operations
        f: 2; f and its gradient: 5
        """
        return operations(self.function.formula, list(self.partials.values()))

    # Showing ---------------------------------------------------------------------------------

    def text(self, depth: str = "result") -> str:
        """Return the derivation as plain text.

        depth: "result", the function and its gradient; "outline", the main line too; "steps", with what it leaves
        open; "rules", every rule that was applied. So for all views.

        >>> print(derive("x*sin(x^2)").text("steps"))
        f(x) = x sin(x²)
        <BLANKLINE>
        By x:
          ∂/∂x (x sin(x²)) = ∂x/∂x sin(x²) + x ∂/∂x (sin(x²))   product rule (exact)
              ∂/∂x (sin(x²)) = cos(x²) ∂/∂x (x²)                chain rule: d/du sin u = cos u (exact)
                  ∂/∂x (x²) = 2 x                               power rule (exact)
                = 2 x cos(x²)                                   substitution (exact)
            = sin(x²) + 2 x² cos(x²)                            substitution (exact)
        <BLANKLINE>
        ∂f/∂x = sin(x²) + 2 x² cos(x²)
        """
        return views.text(self, views.chosen(depth))

    def latex(self, depth: str = "result") -> str:
        """Return the derivation as an aligned LaTeX block, the name of the rule to the right of each line."""
        return views.latex(self, views.chosen(depth))

    def markdown(self, depth: str = "steps") -> str:
        """Return the derivation as Markdown with ``$`` mathematics."""
        return views.markdown(self, views.chosen(depth))

    def as_dict(self) -> dict[str, Any]:
        """Return plain data: the function, the gradient as text and LaTeX, the steps."""
        return views.as_dict(self)

    def document(self) -> dict[str, Any]:
        """Return the derivation as plain data that `gradlab verify` checks, line by line, without gradlab's rules.

        Raises NoFormulaError for an operation that the notation of such documents has no word for.

        >>> derive("x^2").document()["steps"]
        [{'rule': 'power rule', 'because': 'd/du u^n = n u^(n-1)', 'before': 'd(x**2, x)', 'after': '2*x'}]
        """
        from gradlab.symbolic import saving

        gradient = {name: function.formula for name, function in self.gradient.items()}
        return saving.document(self.function, self.wrt, self.steps, gradient)

    def save(self, path: str | Path) -> None:
        """Write the derivation to a JSON file, for ``gradlab verify FILE``; raises FileError where that cannot be."""
        from gradlab.symbolic import saving

        saving.save(self.document(), path)

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return views.for_notebook(self)
