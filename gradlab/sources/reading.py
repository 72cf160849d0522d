"""`as_function`: one door for text, SymPy expressions and Python functions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError, PointError, TraceError, UnknownShape
from gradlab.graph.function import Function
from gradlab.graph.guards import Guard, failing, frozen_names
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node
from gradlab.graph.point import Point, as_array, completed
from gradlab.graph.sizes import Axes, Size
from gradlab.sources import answers
from gradlab.sources.agreement import check_example, check_trace
from gradlab.sources.builder import Builder, NeedsAxes
from gradlab.sources.declarations import declaration
from gradlab.sources.frames import parameters
from gradlab.sources.modules import NO_NETWORKS, Networks, find

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

Shapes = Mapping[str, Sequence[Size] | Size]


@dataclass(frozen=True, eq=False)
class Reading:
    """What it takes to read a source again, for variables of other shapes.

    shapes: as stated by the writer.  networks: the modules that the source uses.
    tensors: whether points are given as torch's tensors, which tells what code is written in that names no library.
    """

    source: Any
    variables: tuple[str, ...]
    shapes: Mapping[str, Axes]
    data: Mapping[str, Any]
    name: str
    opaque: bool
    networks: Networks = NO_NETWORKS
    tensors: bool = False


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
    name: what the function is called.  opaque: do not look inside; only the numeric routes are then open.

    A function that cannot be read still serves the numeric routes; its `no_formula` says why.
    Raises ParseError for text that is no mathematics, and TypeError for what is no function at all.

    >>> as_function("x**2 + y")
    f(x, y) = x² + y
    >>> as_function(lambda x: (x**2).sum(), name="g")
    g(x) = sum_i x_i²
    """
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
    return _read(reading, {})


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
            function = _read(reading, examples, arrays)
        elif examples and (function.output is None or not fits):
            function = replace(function, variables={**function.variables, **examples})
        at = Point(arrays)
        if failing(function, function.point(at)) is not None:  # the code goes another way there
            function = _read(reading, examples, arrays)
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


def _read(reading: Reading, examples: Mapping[str, tuple[int, ...]], at: Mapping[str, Any] | None = None) -> Function:
    """Read a source, for variables of the *examples*' shapes where nobody stated others.

    at: values of the variables, by which code decides; without them it decides by an example.
    """
    if isinstance(reading.source, (str, answers.Reading)):
        try:
            return _settled(reading, examples, _text_reader(reading))
        except UnknownShape as error:  # a point will tell
            return _without_formula(reading, examples, None, str(reading.source), error)
    if callable(reading.source):
        return _read_code(reading, examples, at)
    return _settled(reading, examples, _sympy_reader(reading))


@dataclass(frozen=True, eq=False)
class _Read:
    output: Node
    style: str
    data: Mapping[str, Any]
    data_axes: Mapping[str, Axes]
    lets: Mapping[Node, str]
    code: Callable[..., Any] | None
    source: str
    guards: tuple[Guard, ...] = ()
    notes: tuple[str, ...] = ()


def _settled(
    reading: Reading,
    examples: Mapping[str, tuple[int, ...]],
    read: Callable[[Builder, Mapping[str, Axes]], _Read],
) -> Function:
    """Return the function, trying shapes for the variables that have none until the code agrees with them."""
    examples = {**reading.networks.shapes, **examples}
    guessed: dict[str, Axes] = {}
    while True:
        undeclared = frozenset(n for n in reading.variables if n not in reading.shapes and n not in examples)
        builder = Builder(undeclared)
        axes: dict[str, Axes] = {}
        for name in reading.variables:
            if name in reading.shapes:
                builder.sizes.declare(reading.shapes[name])
                axes[name] = reading.shapes[name]
            elif name in examples:
                axes[name] = builder.sizes.fresh_axes(name, examples[name])
            else:
                symbols = guessed.get(name, ())
                axes[name] = tuple(s if isinstance(s, int) else f"{name}.{p}" for p, s in enumerate(symbols))
        try:
            found = read(builder, axes)
        except NeedsAxes as needs:
            guessed.update(needs.wanted)
            continue
        return _function(reading, builder, axes, found)


def _function(reading: Reading, builder: Builder, axes: Mapping[str, Axes], found: _Read) -> Function:
    leaves = [Variable(name, own) for name, own in (*axes.items(), *found.data_axes.items())]
    taken = frozenset((*axes, *found.data_axes, *found.lets.values()))
    conditions = [guard.condition for guard in found.guards]
    output, *rest = builder.sizes.finished([found.output, *conditions, *leaves], found.lets, taken)
    guards = [replace(guard, condition=node) for guard, node in zip(found.guards, rest, strict=False)]
    renamed = rest[len(conditions) :]
    final = dict(zip((*axes, *found.data_axes), (node.axes for node in renamed), strict=True))
    return Function(
        name=reading.name,
        variables={name: final[name] for name in axes},
        output=output,
        data={name: as_array(name, value, data=True) for name, value in found.data.items()},
        data_axes={name: final[name] for name in found.data_axes},
        source=found.source,
        style=found.style,
        code=found.code,
        notes=(*found.notes, *(f"{name} is detached: derivatives hold it constant" for name in frozen_names(output))),
        guards=tuple(guards),
        reading=reading,
        defaults=_defaults(reading),
    )


def _defaults(reading: Reading) -> Mapping[str, Any]:
    return {name: value for name, value in reading.networks.defaults.items() if name not in reading.data}


def _data_axes(builder: Builder, reading: Reading) -> tuple[dict[str, Any], dict[str, Axes]]:
    arrays = {name: as_array(name, value, data=True) for name, value in reading.data.items()}
    axes = {}
    for name, array in arrays.items():
        if name in reading.shapes:
            builder.sizes.declare(reading.shapes[name])
            axes[name] = reading.shapes[name]
        else:
            axes[name] = builder.sizes.fresh_axes(name, array.shape)
    return arrays, axes


def _text_reader(reading: Reading) -> Callable[[Builder, Mapping[str, Axes]], _Read]:
    from gradlab.sources.lowering import lower

    answer = reading.source
    if not isinstance(answer, answers.Reading):
        known = {name: as_array(name, value, data=True).shape for name, value in reading.data.items()}
        names = answers.Names((*reading.variables, *reading.data), shapes={**known, **reading.shapes})
        answer = answers.read(reading.source, names)
    sizes = {size for axes in reading.shapes.values() for size in axes if isinstance(size, str)}
    is_answer = answer is reading.source

    def read(builder: Builder, axes: Mapping[str, Axes]) -> _Read:
        arrays, data_axes = _data_axes(builder, reading)
        output = lower(answer.whole, answer.source, {**axes, **data_axes}, builder, sizes, matrices=is_answer)
        notes = tuple(note.message for note in answer.notes)
        return _Read(output, "text", arrays, data_axes, {}, None, answer.source, notes=notes)

    return read


def _sympy_reader(reading: Reading) -> Callable[[Builder, Mapping[str, Axes]], _Read]:
    from gradlab.sources.sympy_expressions import convert

    def read(builder: Builder, axes: Mapping[str, Axes]) -> _Read:
        arrays, data_axes = _data_axes(builder, reading)
        output = convert(reading.source, {**axes, **data_axes}, builder)
        return _Read(output, "sympy", arrays, data_axes, {}, None, str(reading.source))

    return read


def _read_code(
    reading: Reading, examples: Mapping[str, tuple[int, ...]], at: Mapping[str, Any] | None = None
) -> Function:
    from gradlab.sources import tracing
    from gradlab.sources.outlook import Outlook

    networks = reading.networks
    code = _bound_code(reading)
    written = _written(reading.source)
    seen: set[str] = (
        {"torch"} if networks.modules or reading.tensors else set()
    )  # the libraries called, also if it could not be read on
    if reading.opaque:
        reason = TraceError("it was given as opaque")
        return _without_formula(reading, examples, code, written, reason, _style(seen))

    runs: list[tracing.Trace] = []

    def read(builder: Builder, axes: Mapping[str, Axes], assumed: str | None) -> _Read:
        outlook = Outlook(builder.sizes, axes, at)
        trace = tracing.Trace(builder, set(axes), outlook, assumed, libraries=seen)
        runs.append(trace)
        arguments = []
        for name in parameters(reading.source):
            if name in reading.data:
                arguments.append(trace.given(trace.lift(reading.data[name], name), f"the array {name}"))
            else:
                arguments.append(trace.given(Variable(name, axes[name]), f"the argument {name}"))
        with networks.standing_in(trace, axes, reading.data):
            output = trace.run(reading.source, arguments)
        networks.name_layers(trace, output)
        # Where nothing was called, what the code mentions for its other ways tells what it is written in.
        style = _style(seen if seen & {"numpy", "torch"} else seen | trace.mentioned)
        guards = tuple(trace.guards.values())
        return _Read(output, style, trace.data, trace.data_axes, trace.lets, code, written, guards)

    def settled(assumed: str | None) -> Function:
        return _settled(reading, examples, lambda builder, axes: read(builder, axes, assumed))

    try:
        function = settled(None)
        if runs[-1].asked:
            function = _as_meant(function, runs[-1], settled)
        if at is None:  # no point yet: any point will do to see whether something was not seen
            check_example(function, runs[-1].outlook.point)
        return function
    except GradlabError as error:
        # NumPy code without a formula may still turn out to take tensors; torch code does.
        style = "torch" if "torch" in seen else "python"
        return _without_formula(reading, examples, code, written, error, style)


def _as_meant(function: Function, trace: Trace, settled: Callable[[str], Function]) -> Function:
    """Return *function* read in the meaning of its library, where NumPy and torch mean different things.

    Code that calls neither runs on both: it is read twice, and has a formula where both readings are one.
    """
    if function.style != "python":
        right = (function.style == "torch") == trace.answered
        return function if right else settled(function.style)
    asked = trace.asked
    function = settled("numpy")
    try:
        other = settled("torch")
    except GradlabError:  # torch refuses it too, as it does to change an argument: the other meaning is the only one
        return function
    same = function.output is other.output and [g.condition for g in function.guards] == [
        g.condition for g in other.guards
    ]
    if not same:
        what, _, line = asked.partition("\n")
        raise TraceError(
            f"{what} means one thing in NumPy and another in torch, and nothing in the code tells which it is; use a "
            f"function of one of them, such as np.sum or torch.sum\n{line}"
        )
    return function


def _style(libraries: set[str]) -> str:
    if "torch" in libraries:
        return "torch"
    return "numpy" if libraries & {"numpy", "math"} else "python"


def _without_formula(
    reading: Reading,
    examples: Mapping[str, tuple[int, ...]],
    code: Callable[..., Any] | None,
    written: str,
    error: GradlabError,
    style: str = "python",
) -> Function:
    known = {**reading.networks.shapes, **examples}
    return Function(
        name=reading.name,
        variables={name: known.get(name, reading.shapes.get(name, ())) for name in reading.variables},
        output=None,
        source=written,
        style=style,
        code=code,
        no_formula=error,
        reading=reading,
        defaults=_defaults(reading),
    )


def _bound_code(reading: Reading) -> Callable[..., Any]:
    """Return the writer's code as a function of the variables alone."""
    if reading.networks.modules:
        return reading.networks.code(reading.variables, reading.data)
    if not reading.data:
        return reading.source
    order = parameters(reading.source)

    def code(*values: Any) -> Any:
        given = {**reading.data, **dict(zip(reading.variables, values, strict=True))}
        return reading.source(*(given[name] for name in order))

    return code


def _written(source: Any) -> str:
    import inspect
    from tokenize import TokenError

    try:
        return textwrap.dedent(inspect.getsource(source)).strip()
    except (OSError, TypeError, SyntaxError, TokenError):  # the last two where the file was edited since
        return getattr(source, "__name__", repr(source))


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
