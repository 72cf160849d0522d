"""A function and its gradient as a fast Python function: the generated source, run."""

from __future__ import annotations

import linecache
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from gradlab.errors import MissingExtra, PointError
from gradlab.graph.emission.dialects import DIALECTS, LOOPS
from gradlab.graph.emission.functions import Source, write_function
from gradlab.graph.emission.lines import Body, Names
from gradlab.graph.emission.loops import loops
from gradlab.graph.emission.preparing import Prepared, prepared
from gradlab.graph.function import Function
from gradlab.graph.nodes import Node

if TYPE_CHECKING:
    from gradlab.graph.point import Array

_numbers = count(1)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A value with its gradient, made for many calls.

    function: what was compiled.  backend: "numpy", "torch" or "numba".  source: the text that runs.
    parameters: the identifier of each variable in it.  run: what it defines, called with the variables in order.

    Called with the variables by position, by name, or as one mapping, it returns the value and the partial
    derivatives by name: NumPy arrays, for which inputs are taken as float64, or tensors as the inputs are.
    Nothing is checked but the shapes; inf and nan are returned as they come out.
    """

    function: Function
    backend: str
    source: str
    parameters: Mapping[str, str]
    run: Callable[..., tuple[Any, dict[str, Any]]]

    def __call__(self, *values: Any, **named: Any) -> tuple[Any, dict[str, Any]]:
        if named or (values and isinstance(values[0], Mapping)):
            if values and not named:
                named, values = dict(values[0]), ()
            return self.run(*values, **{self.parameters.get(name, name): value for name, value in named.items()})
        return self.run(*values)

    def __repr__(self) -> str:
        return f"{self.function.signature} with its gradient, compiled for {self.backend}"


def compiled(function: Function, partials: Mapping[str, Node], backend: str) -> Compiled:
    """Return *function* with its *partials*, compiled for "numpy", "torch" or "numba".

    What depends on data alone is computed now, once.
    """
    if backend == "numba":
        return _compiled_loops(function, partials)
    if backend not in DIALECTS:
        raise ValueError(f"nothing is compiled for {backend!r}; it is done for {', '.join(DIALECTS)} or numba")
    ready = prepared(function, partials)
    prelude = _Prelude(ready, backend)
    axes = ready.variables, ready.data_axes
    source = write_function(function.name, ready.value, ready.partials, *axes, backend, bound=True, prelude=prelude)
    values = {prelude.known[name]: array for name, array in ready.data.items()}
    run = _on_tensors(source, values) if backend == "torch" else _on_arrays(source, values)
    return Compiled(function, backend, source.text, source.parameters, run(_misfit(function)))


def load(text: str, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """Return the function *name* that the generated source *text* defines."""
    file = f"<gradlab {name} {next(_numbers)}>"
    # For tracebacks, which show the lines at fault.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    code = compile(text, file, "exec")
    exec(code, namespace)  # noqa: S102  # text written by this package: its own words, checked identifiers, numbers
    return namespace[name]


class _Prelude:
    """The first lines of a compiled function: inputs as arrays, their shapes checked, the sizes that are needed."""

    def __init__(self, ready: Prepared, backend: str) -> None:
        self.variables = ready.variables
        self.data = ready.data
        self.torch = backend == "torch"
        self.known: dict[str, str] = {}

    def __call__(self, body: Body) -> list[str]:
        self.known = {name: body.inputs[name] for name in self.data}
        inputs = {name: body.inputs[name] for name in self.variables}
        everything = ", ".join(inputs.values())
        occurring = Counter(size for axes in self.variables.values() for size in axes if isinstance(size, str))
        wanted = {size for size, times in occurring.items() if times > 1}
        lines: list[str] = []
        seen: set[str] = set()
        for name, own in inputs.items():
            axes = self.variables[name]
            lines += self._converted(own, rank=len(axes))
            new = list(dict.fromkeys(size for size in axes if isinstance(size, str) and size not in seen))
            seen.update(new)
            if new:
                lines.append(f"if {own}.ndim != {len(axes)}: _misfit({everything})")
            for size in new:
                if size in wanted or size in body.sizes:
                    body.size(size)
                    lines.append(f"{body.sizes[size]} = {own}.shape[{axes.index(size)}]")
            if len(new) < len(axes) or not axes:
                shape = ", ".join(
                    str(size) if isinstance(size, int) else body.sizes.get(size, f"{own}.shape[{place}]")
                    for place, size in enumerate(axes)
                )
                comma = "," if len(axes) == 1 else ""
                lines.append(f"if {own}.shape != ({shape}{comma}): _misfit({everything})")
        if self.torch and self.known:
            first = next(iter(inputs.values()))
            names = ", ".join(self.known.values())
            lines.append(f"{names}{',' if len(self.known) == 1 else ''} = _known({first}.dtype, {first}.device)")
        return lines

    def _converted(self, own: str, rank: int) -> list[str]:
        if self.torch:
            return [f"if not isinstance({own}, torch.Tensor): {own} = torch.tensor({own}, dtype=torch.float64)"]
        return [f"{own} = _asarray({own}, _float64)" if rank else f"{own} = _float64({own})"]


def _misfit(function: Function) -> Callable[..., None]:
    """Return what is called with values whose shapes do not fit: it raises PointError and says which."""

    def misfit(*values: Any) -> None:
        point = function.point(dict(zip(function.variables, values, strict=True)))
        function.sizes(point)
        raise PointError(f"the shapes do not fit {function.signature}")

    return misfit


def _on_arrays(source: Source, values: Mapping[str, Array]) -> Callable[..., Any]:
    import numpy as np

    def run(misfit: Any) -> Callable[..., Any]:
        namespace = {**values, "_asarray": np.asarray, "_float64": np.float64, "_misfit": misfit}
        return load(source.text, source.name, namespace)

    return run


def _on_tensors(source: Source, values: Mapping[str, Array]) -> Callable[..., Any]:
    import torch

    @lru_cache(maxsize=8)
    def known(dtype: torch.dtype, device: torch.device) -> list[torch.Tensor]:
        return [torch.tensor(array, dtype=dtype, device=device) for array in values.values()]

    def run(misfit: Any) -> Callable[..., Any]:
        return torch.no_grad()(load(source.text, source.name, {"_known": known, "_misfit": misfit}))

    return run


def _compiled_loops(function: Function, partials: Mapping[str, Node]) -> Compiled:
    """Return *function* with its *partials* as loops in machine code; made at the first call, in about a second."""
    try:
        from numba import njit  # pyright: ignore[reportMissingImports, reportUnknownVariableType]  # an extra
    except ImportError as error:
        raise MissingExtra(
            'compiling for numba needs numba, which is not installed: pip install "gradlab[fast]"; '
            '"numpy" and "torch" need nothing more'
        ) from error
    core, parameters, text = loop_function(function, partials, njit(**MACHINE))
    return Compiled(function, "numba", text, parameters, core)


Machine = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Compiles a plain function."""

MACHINE: dict[str, Any] = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
"""How loops are compiled: division by zero gives inf, as in NumPy; sums may be taken in another order."""


@dataclass(frozen=True, eq=False)
class LoopText:
    """A function with its partial derivatives as the text of plain loops.

    core: the function in *text* that takes the variables and then the data, all as numbers and contiguous arrays of
    their shapes, and returns the value and the partial derivatives as a tuple.
    helpers: texts of what it calls, by name.  inputs: the identifier of each parameter, by the name of what it takes.
    """

    ready: Prepared
    core: str
    text: str
    helpers: Mapping[str, str]
    inputs: Mapping[str, str]
    names: Names

    def loaded(self, machine: Machine) -> Callable[..., Any]:
        """Return the core, compiled by *machine*, and with it all that it calls."""
        import numpy as np

        namespace: dict[str, Any] = {"np": np, "math": math}
        for name, text in self.helpers.items():
            namespace[name] = machine(load(text, name, namespace))
        return machine(load(self.text, self.core, namespace))

    @property
    def data(self) -> dict[str, Any]:
        """The data that the core takes after the variables, in order."""
        import numpy as np

        arrays = self.ready.data
        return {n: np.ascontiguousarray(a, np.float64) if a.ndim else float(a) for n, a in arrays.items()}


def loop_text(function: Function, partials: Mapping[str, Node]) -> LoopText:
    """Return *function* and its *partials* as text; what depends on data alone is computed now, once."""
    ready = prepared(function, partials, fused=False)
    names = Names({"np", "math", *LOOPS.helpers})
    inputs = {name: names.fresh(name) for name in (*ready.variables, *ready.data_axes)}
    core = names.fresh(f"{function.name}_loops")
    text = loops(ready, core, names, inputs)
    helpers = {name: LOOPS.helpers[name] for name in LOOPS.helpers if f"{name}(" in text}
    return LoopText(ready, core, text, helpers, inputs, names)


def loop_function(
    function: Function, partials: Mapping[str, Node], machine: Machine
) -> tuple[Callable[..., Any], Mapping[str, str], str]:
    """Return what is called, the identifiers of its parameters, and the text of the loops behind it.

    machine: compiles a plain function; the loops run as they are where it returns it unchanged.
    """
    import numpy as np

    loop = loop_text(function, partials)
    inputs = loop.inputs
    parameters = {name: inputs[name] for name in loop.ready.variables}
    wrapper = loop.names.fresh(f"{function.name}_and_gradient")
    namespace: dict[str, Any] = {f"_{inputs[name]}": value for name, value in loop.data.items()}
    text = _wrapper(wrapper, loop.ready, inputs, list(partials))
    namespace |= {"_array": np.ascontiguousarray, "_float64": np.float64, "_misfit": _misfit(function)}
    namespace["_core"] = loop.loaded(machine)
    return load(text, wrapper, namespace), parameters, "\n\n\n".join([*loop.helpers.values(), loop.text, text])


def _wrapper(name: str, ready: Prepared, inputs: Mapping[str, str], wrt: list[str]) -> str:
    """Return the text of the function that is called: it hands arrays of the right kind to the loops."""
    own = [inputs[variable] for variable in ready.variables]
    lines: list[str] = []
    known: dict[str, str] = {}
    for variable, axes in ready.variables.items():
        here = inputs[variable]
        if not axes:
            lines.append(f"{here} = _float64({here})")
        else:
            lines.append(f"{here} = _array({here}, _float64)")
            lines.append(f"if {here}.ndim != {len(axes)}: _misfit({', '.join(own)})")
        shape = [
            str(size) if isinstance(size, int) else known.setdefault(size, f"{here}.shape[{place}]")
            for place, size in enumerate(axes)
        ]
        lines.append(f"if {here}.shape != ({', '.join(shape)}{',' * (len(shape) == 1)}): _misfit({', '.join(own)})")
    given = [*own, *(f"_{inputs[data]}" for data in ready.data)]
    results = ["value", *(f"partial_{place}" for place in range(len(wrt)))]
    entries = ", ".join(f"{variable!r}: {result}" for variable, result in zip(wrt, results[1:], strict=True))
    lines += [f"{', '.join(results)}, = _core({', '.join(given)})", f"return value, {{{entries}}}"]
    return f"def {name}({', '.join(own)}):\n" + "\n".join(f"    {line}" for line in lines) + "\n"
