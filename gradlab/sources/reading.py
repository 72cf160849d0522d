"""`as_function`: one door for text, SymPy expressions and Python functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlab.errors import PointError
from gradlab.graph.function import Function
from gradlab.graph.guards import failing
from gradlab.graph.point import Point, as_array, completed
from gradlab.graph.sizes import Axes, Size
from gradlab.misuse import explains_misuse
from gradlab.sources import answers
from gradlab.sources.agreement import check_trace
from gradlab.sources.declarations import declaration
from gradlab.sources.frames import parameters
from gradlab.sources.modules import Networks, find
from gradlab.sources.settling import Reading, read_for

if TYPE_CHECKING:
    pass

Shapes = Mapping[str, Sequence[Size] | Size]


@explains_misuse
def as_function(
    source: Any,
    *,
    variables: Sequence[str] | None = None,
    shapes: Shapes | None = None,
    data: Mapping[str, Any] | None = None,
    name: str | None = None,
    opaque: bool = False,
) -> Function:
    """Return *source* as a `Function`: the expression graph, as written, of named variables.

    source: text ("x^2 + y", or "f(x, y) = x^2 + y"), LaTeX (recognised by a command or a brace), a SymPy expression,
        a Python function that computes with Python, NumPy or torch, or an nn.Module.
    variables: their names in order; by default the names in the text, the symbols, or the parameters. The parameters
        of the modules that are used follow, by the names of their state_dict; a point need not give those.
    shapes: per variable, sizes as numbers or symbols: ``{"X": ("n", "d"), "w": ("d",)}``.
    data: values bound once, such as a dataset; what is bound is not differentiated.
    name: what the function is called, a letter and then letters, digits or _.
    opaque: do not look inside; only the numeric routes are then open.

    A function that cannot be read still serves the numeric routes; its `no_formula` says why.
    Raises ParseError for text that is no mathematics, TypeError for what is no function at all, and ValueError for
    what cannot be the name of a function, a variable or a size.

    >>> as_function("x**2 + y")
    f(x, y) = x² + y
    >>> as_function(lambda x: (x**2).sum(), name="g")
    g(x) = sum_i x_i²
    """
    _check_called(name)
    if isinstance(source, Function):
        return _adjusted(source, variables, shapes, data, name, opaque)
    if isinstance(source, str) and (told := declaration(source)) is not None:
        source, name, variables = told.formula, name or told.name, told.variables if variables is None else variables
    stated = {key: _axes(key, value) for key, value in (shapes or {}).items()}
    bound = dict(data or {})
    spoken = name or _name(source)
    networks = find(source)
    names = _variables(source, variables, bound, networks, stated)
    _check_names(stated, (*names, *bound), "shapes", spoken)
    _check_sizes(stated, (*names, *bound))
    reading = Reading(source, names, stated, bound, spoken, opaque, networks)
    return read_for(reading, {})


def at_point(source: Any, at: Any) -> tuple[Function, Point]:
    """Return *source* as a function that fits the point *at*, and the point.

    A function whose shapes nobody stated is read again for the shapes of the point. The formula read from code is
    held against the code itself there, once.
    Raises PointError where the point does not fit, and GradlabError where formula and code have different values.
    """
    function = as_function(source)
    values = _values(function, at)
    reading = function.reading
    if isinstance(reading, Reading) and set(values) == set(function.variables):
        arrays = {name: as_array(name, values[name]) for name in function.variables}
        examples = {name: array.shape for name, array in arrays.items() if name not in reading.shapes}
        fits = _fits(function, arrays)
        if any(hasattr(value, "detach") for value in values.values()):
            reading = replace(reading, tensors=True)
        unread = function.output is None and (examples or callable(reading.source))
        if (unread or (examples and not fits)) and not reading.opaque:
            function = read_for(reading, examples, arrays)
        elif examples and (function.output is None or not fits):
            function = replace(function, variables={**function.variables, **examples})
        at = Point(arrays)
        if failing(function, function.point(at)) is not None:  # the code goes another way there
            function = read_for(reading, examples, arrays)
    point = function.point(at)
    check_trace(function, point)
    return function, point


def _fits(function: Function, arrays: Mapping[str, Any]) -> bool:
    if any(len(function.variables[name]) != array.ndim for name, array in arrays.items()):
        return False
    try:
        function.sizes(arrays)
    except PointError:  # one size would have to be two numbers: read for these shapes, it may broadcast
        return False
    return True


def _values(function: Function, at: Any) -> Mapping[str, Any]:
    given = completed(function.variables, at, function.defaults)
    return given if isinstance(given, Mapping) else {}


def _variables(
    source: Any,
    variables: Sequence[str] | None,
    data: Mapping[str, Any],
    networks: Networks,
    shapes: Mapping[str, Axes],
) -> tuple[str, ...]:
    if isinstance(variables, str):
        raise TypeError(f"variables is a list of names: variables=[{variables!r}], not variables={variables!r}")
    if isinstance(source, (str, answers.Reading)):
        found = tuple(variables) if variables is not None else _names_in_text(source, shapes)
    elif isinstance(source, type) and not hasattr(source, "free_symbols"):
        instead = (
            f"{source.__name__}.apply" if hasattr(source, "backward") else f"an object of it, {source.__name__}(…)"
        )
        raise TypeError(f"{source.__name__} is a class, not a function; give {instead}")
    elif callable(source) and not hasattr(type(source), "free_symbols"):
        found = (*parameters(source), *networks.parameters)
        if variables is not None and set(variables) != set(found) - set(data):
            raise TypeError(f"the parameters of {_name(source)} are {', '.join(found)}, not {', '.join(variables)}")
    elif hasattr(type(source), "free_symbols"):
        from gradlab.sources.sympy_expressions import check

        check(source)
        symbols = _free_symbols(source)
        missing = [name for name in symbols if variables is not None and name not in variables and name not in data]
        if missing:
            raise TypeError(f"the expression also contains {', '.join(missing)}; add it to variables or data")
        found = tuple(variables) if variables is not None else tuple(symbols)
    else:
        value = "; that is a value: give the function itself, f and not f(x)" if hasattr(source, "__float__") else ""
        raise TypeError(
            f"cannot read a function from {source!r:.60}{value}; give text such as 'x**2 + y', a SymPy expression or "
            "a Python function"
        )
    return tuple(name for name in found if name not in data)


def _free_symbols(expression: Any) -> list[str]:
    from gradlab.sources.sympy_expressions import sizes_in

    # An entry a[k] counts among SymPy's free symbols too, beside its array a.
    free = {symbol.name for symbol in expression.free_symbols if symbol.is_Symbol}
    return sorted(free - sizes_in(expression))


def _names_in_text(text: str | answers.Reading, shapes: Mapping[str, Axes]) -> tuple[str, ...]:
    from gradlab.sources.syntax import names

    read = text if isinstance(text, answers.Reading) else answers.read(text, answers.Names(shapes=shapes))
    sizes = {size for axes in shapes.values() for size in axes}
    return tuple(name for name in names(read.tree) if name not in ("e", "pi") and name not in sizes)


def _name(source: Any) -> str:
    name = getattr(source, "__name__", "f")
    return name if isinstance(name, str) and name.isidentifier() else "f"


def _check_called(name: Any) -> None:
    """Raise TypeError or ValueError for what no function can be called."""
    if name is None or (isinstance(name, str) and name.isidentifier()):
        return
    if not isinstance(name, str):
        raise TypeError(f"name={name!r:.60}: a function's name is a string, not {type(name).__name__}")
    raise ValueError(f"name={name!r:.60} cannot be a function's name; write a letter, then letters, digits or _")


def _axes(name: str, shape: Any) -> Axes:
    given = (shape,) if isinstance(shape, (int, str)) else tuple(shape)
    for size in given:
        good = (isinstance(size, int) and not isinstance(size, bool) and size >= 0) or (
            isinstance(size, str) and size.isidentifier()
        )
        if not good:
            raise ValueError(f"shapes[{name!r}] = {shape!r}: a size is a number or a name such as 'n', not {size!r}")
    return given


def _check_names(given: Mapping[str, Any], known: Sequence[str], argument: str, function: str) -> None:
    extra = [name for name in given if name not in known]
    if extra:
        raise PointError(f"{argument} names {', '.join(extra)}; the variables of {function} are {', '.join(known)}")


def _check_sizes(shapes: Mapping[str, Axes], names: Sequence[str]) -> None:
    for name, axes in shapes.items():
        both = [size for size in axes if size in names]
        if both:
            raise ValueError(
                f"shapes[{name!r}] = {axes!r}: {both[0]} is the name of a variable; call the size otherwise"
            )


def _adjusted(
    function: Function,
    variables: Sequence[str] | None,
    shapes: Shapes | None,
    data: Mapping[str, Any] | None,
    name: str | None,
    opaque: bool,
) -> Function:
    """Return a function that is already one, read again where shapes or data are added."""
    if variables is None and not shapes and not data and not opaque:
        return replace(function, name=name) if name else function
    reading = function.reading
    if not isinstance(reading, Reading):
        raise TypeError(
            f"{function.name} is derived from another function; state shapes and data where that one is made"
        )
    return as_function(
        reading.source,
        variables=variables,
        shapes={**reading.shapes, **(shapes or {})},
        data={**reading.data, **(data or {})},
        name=name or function.name,
        opaque=opaque or reading.opaque,
    )
