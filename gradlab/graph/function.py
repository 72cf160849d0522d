"""A function: an expression graph with named variables, or code that has none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import DomainError, GradlabError, NoFormulaError, NotScalarError, PointError
from gradlab.graph import evaluation, guards, jacobians, names, point, printing
from gradlab.graph.guards import Guard
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node
from gradlab.graph.point import Point
from gradlab.graph.precision import DOUBLE, DTYPES
from gradlab.graph.raising import telling
from gradlab.graph.sizes import Axes
from gradlab.graph.styles import LatexPrinter, TextPrinter
from gradlab.graph.tidying import tidied
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    from gradlab.graph.point import Array


@explains_misuse
@dataclass(frozen=True, eq=False)
class Function:
    """A function of named variables, as written.

    name: what it is called, "f" if nothing else is known.
    variables: the axes of each variable, in order; () is a number, ("n",) a vector of any length.
    output: its expression graph; None where no formula could be had.
    data: values bound once, by name; not differentiated.  data_axes: their axes.
    source: the function as its writer wrote it, for display.
    style: "text", "sympy", "python", "numpy" or "torch": what it was written in.
    code: the writer's own code, called with the variables in order; None for text and SymPy.
    no_formula: why there is no graph.
    notes: what a reader should know, such as a value that the code detached.
    guards: the decisions of the code, ``if`` and ``while``, under which the formula is the function.
    reading: what `gradlab.sources` needs to read the source again for other shapes.
    defaults: values of variables that a point need not give, such as the parameters of a module.

    Make one with `gradlab.as_function`.
    """

    name: str
    variables: Mapping[str, Axes]
    output: Node | None
    data: Mapping[str, Array] = field(default_factory=dict)
    data_axes: Mapping[str, Axes] = field(default_factory=dict)
    source: str = ""
    style: str = "text"
    code: Callable[..., Any] | None = None
    no_formula: GradlabError | None = None
    notes: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    reading: object = None
    defaults: Mapping[str, Array] = field(default_factory=dict)

    @property
    def formula(self) -> Node:
        """The expression graph; raises NoFormulaError, with the reason, where there is none."""
        if self.output is None:
            reason = f": {self.no_formula}" if self.no_formula else ""
            raise NoFormulaError(f"{self.name} has no formula{reason}")
        return self.output

    @cached_property
    def nodes(self) -> dict[str, Variable]:
        """The graph's node for each variable."""
        return {name: Variable(name, axes) for name, axes in self.variables.items()}

    def point(self, at: Any) -> Point:
        """Return *at* as a point of this function; raises PointError where it does not fit."""
        return point.read(self.variables, at, self.defaults)

    def sizes(self, at: Mapping[str, Any]) -> dict[str, int]:
        """Return the number behind each size symbol at a point; raises PointError where two disagree."""
        return point.sizes_of({**self.data_axes, **self.variables}, {**self.data, **at})

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Return the value at a point given as one mapping, by position, or by name.

        A number comes back as float, an array as a NumPy array.
        """
        at = self.point(self._arguments(values, named))
        if self.output is None:
            return self.call_code(at) if self.code is not None else self.formula
        guard = guards.failing(self, at)
        if guard is not None and self.code is not None:
            return self.call_code(at)
        if guard is not None:
            raise DomainError(f"{self.name} was derived for {guard}, which does not hold at {at!r}")
        (value,) = evaluation.with_numpy([self.output], {**self.data, **at}, self.sizes(at))
        return float(value) if value.ndim == 0 else value

    def _arguments(self, values: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        if named and not values:
            return named
        if len(values) == 1 and not named and (isinstance(values[0], Mapping) or len(self.variables) == 1):
            return values[0]
        if not values:
            return {}
        if len(values) > len(self.variables):
            raise TypeError(f"{self.name} takes {len(self.variables)} values, not {len(values)}")
        return {**dict(zip(self.variables, values, strict=False)), **named}

    def call_code(self, at: Point) -> Any:
        """Return the value of the writer's own code: a float, or a NumPy array."""
        import numpy as np

        result = point.detached(self.run_code(at))
        try:
            array = np.asarray(result, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise GradlabError(f"{self.signature} returns {result!r:.40}; return a number or an array") from error
        return float(array) if array.ndim == 0 else array

    def run_code(self, at: Point, bits: int = DOUBLE) -> Any:
        """Return what the writer's own code returns at a point.

        Code written in torch is given float64 tensors, all other code floats and NumPy arrays of its own; with fewer
        *bits* tensors, and NumPy's numbers and arrays, of the dtype that has them.
        Raises CodeError, with the point and the line, for whatever the code raises.
        """
        with telling(self, at):
            return self._run(at, bits)

    def _run(self, at: Point, bits: int) -> Any:
        if self.code is None:
            raise GradlabError(f"{self.name} was not written as code")
        if bits < DOUBLE:
            return self._run_in(DTYPES[bits], at)
        if self.style != "torch":
            try:
                return self.code(*(float(array) if array.ndim == 0 else array.copy() for array in at.values()))
            except (TypeError, AttributeError, RuntimeError) as error:
                # Methods such as x.pow(2) are torch's, though nothing in the code says torch.
                if self.style == "numpy" and isinstance(error, RuntimeError):
                    raise
                if self.style == "numpy":
                    raise GradlabError(f"{self.signature} does not run at {at!r}: {error}") from error
        return self._run_on_tensors(at)

    def _run_in(self, dtype: str, at: Point) -> Any:
        """Run the code in a shorter dtype: on tensors where it is torch's, or where NumPy has no such numbers."""
        import numpy as np

        assert self.code is not None
        try:
            if self.style != "torch" and hasattr(np, dtype):
                try:
                    return self.code(*(array.astype(dtype)[()] for array in at.values()))
                except (TypeError, AttributeError, RuntimeError):
                    if self.style == "numpy":
                        raise
            import torch

            kind = getattr(torch, dtype)
            with torch_default(kind):
                return self.code(*(torch.tensor(array, dtype=kind) for array in at.values()))
        except (TypeError, AttributeError, RuntimeError) as error:
            raise GradlabError(f"{self.signature} does not run in {dtype} at {at!r}: {error}") from error

    def _run_on_tensors(self, at: Point) -> Any:
        import torch

        assert self.code is not None
        try:
            with torch_default(torch.float64):
                return self.code(*(torch.tensor(array) for array in at.values()))
        except RuntimeError:
            # Code whose own tensors are float32 may refuse float64 ones.
            return self.code(*(torch.tensor(array, dtype=torch.float32) for array in at.values()))
        except TypeError as error:
            raise GradlabError(f"{self.signature} does not run at {at!r}: {error}") from error

    def chosen(self, wrt: str | Sequence[str] | None) -> tuple[str, ...]:
        """Return the variables that *wrt* names, all if it is None; raises PointError for one unknown or twice."""
        if wrt is None:
            return tuple(self.variables)
        given: Any = wrt
        wanted = tuple(map(str, (given,) if isinstance(given, str) or not hasattr(given, "__iter__") else given))
        unknown = [name for name in wanted if name not in self.variables]
        if not self.variables:
            raise PointError(f"{self.signature} has no variable to differentiate by; write one, such as x")
        if unknown or not wanted:
            known = ", ".join(self.variables)
            raise PointError(f"wrt names {', '.join(unknown) or 'nothing'}; the variables of {self.name} are {known}")
        if len({*wanted}) < len(wanted):
            raise PointError(f"wrt names a variable twice: {', '.join(wanted)}; name each once")
        return wanted

    def with_output(self, output: Node, *, name: str | None = None) -> Function:
        """Return a function of the same variables and data with another formula."""
        return replace(self, output=output, name=name or self.name, source="", code=None, no_formula=None, reading=None)

    # Derivatives of a function whose value may be an array ------------------------------------------

    def jacobian(self, wrt: str | None = None) -> Function:
        """Return the Jacobian with respect to one variable: of the axes of the value, then those of the variable.

        wrt: its name; not needed where there is one variable only.
        Raises NoFormulaError where f has no formula, or holds an operation without a rule for this.

        >>> from gradlab import as_function
        >>> as_function(lambda A, x: A @ x, shapes={"A": ("m", "n"), "x": ("n",)}).jacobian("x").text()
        'A'
        """
        variable = self._one(wrt)
        return self.with_output(tidied(jacobians.jacobian(self.formula, variable)), name=f"J_{variable.name}")

    def vjp(self, wrt: str | None = None, *, vector: str = "u") -> Function:
        """Return ``u^T J``, with the Jacobian with respect to one variable; *vector* names u, a new variable.

        u has the axes of the value; what comes back has those of the variable.
        """
        variable, left = self._one(wrt), self._vector(vector, self.formula.axes)
        return self._along(jacobians.vector_jacobian(self.formula, variable, left), left, f"vjp_{variable.name}")

    def jvp(self, wrt: str | None = None, *, vector: str = "v") -> Function:
        """Return ``J v``, the slope along v; *vector* names v, a new variable with the axes of the one in *wrt*.

        >>> from gradlab import as_function
        >>> as_function("x^3").jvp("x").text()
        '3 v x²'
        """
        variable = self._one(wrt)
        right = self._vector(vector, variable.axes)
        return self._along(jacobians.jacobian_vector(self.formula, variable, right), right, f"jvp_{variable.name}")

    def hvp(self, wrt: str | None = None, *, vector: str = "v") -> Function:
        """Return ``H v``, with the Hessian with respect to one variable, which is never made; see `jvp`.

        Raises NotScalarError where the value is no single number.
        """
        if self.formula.axes:
            raise NotScalarError(
                f"{self.signature} {point.described(self.formula.axes)}, and a Hessian belongs to a single number"
            )
        variable = self._one(wrt)
        right = self._vector(vector, variable.axes)
        return self._along(jacobians.hessian_vector(self.formula, variable, right), right, f"hvp_{variable.name}")

    def _one(self, wrt: str | None) -> Variable:
        name, *others = self.chosen(wrt)
        if others:
            raise PointError(f"{self.signature} has {1 + len(others)} variables; say which one, as wrt={name!r}")
        return self.nodes[name]

    def _vector(self, name: str, axes: Axes) -> Variable:
        if name in self.variables or name in self.data or name in names.used_in(self.formula):
            raise PointError(f"{self.name} uses the name {name} already; give the vector another: vector='direction'")
        return Variable(name, axes)

    def _along(self, output: Node, vector: Variable, name: str) -> Function:
        variables = {**self.variables, vector.name: vector.axes}
        return replace(self.with_output(tidied(output), name=name), variables=variables)

    # Showing -----------------------------------------------------------------------------------------

    def text(self, *, form: str = "auto") -> str:
        """Return the formula as plain text; form: "auto", "matrix" or "index"."""
        return printing.text(self.formula, form=form)

    def latex(self, *, form: str = "auto") -> str:
        """Return the formula as LaTeX; form: "auto", "matrix" or "index"."""
        return printing.latex(self.formula, form=form)

    @property
    def signature(self) -> str:
        """The name and the variables: ``f(x, y)``."""
        return f"{self.name}({', '.join(self.variables)})"

    def __repr__(self) -> str:
        if self.output is None:
            return f"{self.signature}, no formula"
        written, indices = printing.written(self.output, TextPrinter)
        place = f"_{names.joined(indices)}" if indices else ""
        where = f" where {' and '.join(guards.conditions(self.guards))}" if self.guards else ""
        return f"{self.signature}{place} = {written}{where}"

    def equation_in_latex(self) -> str:
        r"""Return the name, the variables and the formula as LaTeX: ``f\left(x\right) = x^{2}``."""
        inside = ", ".join(names.in_latex(name) for name in self.variables)
        left = rf"{names.in_latex(self.name)}\left({inside}\right)"
        if self.output is None:
            return left
        written, indices = printing.written(self.output, LatexPrinter)
        place = f"_{{{names.joined(indices)}}}" if indices else ""
        conditions = r" \text{ and } ".join(dict.fromkeys(guard.written(LatexPrinter) for guard in self.guards))
        where = rf" \quad\text{{where }} {conditions}" if conditions else ""
        return f"{left}{place} = {written}{where}"

    def _repr_markdown_(self) -> str:
        return f"$$\n{self.equation_in_latex()}\n$$"


@contextmanager
def torch_default(dtype: Any) -> Generator[None]:
    """Let the tensors that code makes itself, such as torch.zeros(3), be of *dtype*, like those that it is given."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def recording() -> Generator[None]:
    """Let torch record operations, also for a caller who is under no_grad: what cuts a gradient off is code's own."""
    torch = sys.modules.get("torch")  # who switched it off has imported it
    with ExitStack() as switched:
        if torch is not None:
            switched.enter_context(torch.inference_mode(False))
            switched.enter_context(torch.enable_grad())
        yield
