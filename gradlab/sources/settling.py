"""A source read for given shapes: what to read, and its function, shapes that nobody stated tried until they fit."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlab.errors import GradlabError, TraceError, UnknownShape
from gradlab.graph.function import Function, recording
from gradlab.graph.guards import Guard, frozen_names
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node
from gradlab.graph.point import as_array
from gradlab.graph.sizes import Axes
from gradlab.sources import answers
from gradlab.sources.agreement import check_example
from gradlab.sources.builder import Builder, NeedsAxes
from gradlab.sources.frames import parameters
from gradlab.sources.modules import NO_NETWORKS, Networks

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


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


@recording()
def read_for(
    reading: Reading, examples: Mapping[str, tuple[int, ...]], at: Mapping[str, Any] | None = None
) -> Function:
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
