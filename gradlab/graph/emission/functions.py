"""A function and its gradient as the source text of one Python function."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from textwrap import indent

from gradlab.graph.emission.backend import SourceBackend
from gradlab.graph.emission.dialects import DIALECTS
from gradlab.graph.emission.fragments import Fragment, full, named, written
from gradlab.graph.emission.lines import Body, Names, broken
from gradlab.graph.emission.reusing import reused
from gradlab.graph.function import Function
from gradlab.graph.kinds import Contraction, Elementwise, Index, Let, Linear, LogSumExp, Softmax, Variable
from gradlab.graph.nodes import Node, compute, topological
from gradlab.graph.operations import power
from gradlab.graph.sizes import Axes

HEAVIEST = 9
"""Operations written in one expression; what is longer gets a name."""

LONGEST = 72
"""Characters of an expression; what is longer gets a name."""

WIDEST = 100
"""Characters of a line that returns a gradient; a longer one is broken."""


Prelude = Callable[[Body], Sequence[str]]
"""Gives the first lines of a function once its body is known."""


@dataclass(frozen=True)
class Source:
    """Source text that defines a function.

    text: the whole of it, imports and helper functions included.  name: of the function in it.
    parameters: the identifier of each of its parameters, by the name of the variable or data.
    """

    text: str
    name: str
    parameters: Mapping[str, str]


def source(function: Function, partials: Mapping[str, Node], backend: str = "numpy") -> str:
    """Return the text of a Python function that returns the value of *function* and its *partials*.

    backend: "numpy" or "torch".
    """
    if backend not in DIALECTS:
        raise ValueError(f"there is no source for {backend!r}; it is written for {' or '.join(DIALECTS)}")
    return write_function(
        function.name, function.formula, partials, function.variables, function.data_axes, backend
    ).text


def write_function(
    name: str,
    value: Node,
    partials: Mapping[str, Node],
    variables: Mapping[str, Axes],
    data: Mapping[str, Axes],
    backend: str,
    *,
    bound: bool = False,
    prelude: Prelude | None = None,
) -> Source:
    """Return the source of a function of *variables* and *data* that returns *value* and *partials* by name.

    bound: whether the data are global names instead of parameters.
    prelude: what the first lines do to the arguments; the sizes are read from their shapes if not given.
    """
    names = Names({"np", "torch", "math"})
    axes = {**variables, **data}
    body = Body(DIALECTS[backend], axes, names, bound=bound)
    for own in axes:
        body.inputs[own] = names.fresh(own)
    function = names.fresh(f"{name}_and_gradient")
    used = {node.name for node in topological([value, *partials.values()]) if isinstance(node, Variable)}
    writer = _Writer(body, value, partials)
    writer.write()
    returned = writer.returned(value, partials)
    listed = list(variables) if bound else [own for own in axes if own in variables or own in used]
    parameters = {own: body.inputs[own] for own in listed}
    first = prelude(body) if prelude is not None else body.size_lines()
    if bound and not body.dialect.is_torch:
        given = {body.inputs[own]: known for own, known in axes.items()}
        written_lines = reused(body.lines, returned, body.local, given, names)
    else:
        written_lines = [text for line in body.lines for text in ([line] if isinstance(line, str) else broken(line))]
    lines = [*_head(name, body, parameters), *first, *written_lines, *returned]
    parts = [
        *body.helpers.values(),
        f"def {function}({', '.join(parameters.values())}):\n" + indent("\n".join(lines), "    "),
    ]
    imports = ["import math", ""] if any("math." in text for text in body.helpers.values()) else []
    text = "\n\n\n".join(["\n".join([*imports, body.dialect.imports]), *parts]) + "\n"
    return Source(text, function, parameters)


def _head(name: str, body: Body, parameters: Mapping[str, str]) -> list[str]:
    """Return the docstring: what comes back, and which shapes go in."""
    said = f"Return {_inert(name)} and its partial derivatives by name."
    shaped = [f"{known} {_inert(_shape(body.axes[own]))}" for own, known in parameters.items() if body.axes[own]]
    return [f'"""{said}', "", f"Shapes: {', '.join(shaped)}.", '"""'] if shaped else [f'"""{said}"""']


def _inert(text: str) -> str:
    """Return *text* as it stands inside a docstring: whatever it is, it does not end it."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _shape(axes: Axes) -> str:
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"


class _Writer:
    """Writes the nodes that some outputs are computed from into a body."""

    def __init__(self, body: Body, value: Node, partials: Mapping[str, Node]) -> None:
        self.body = body
        self.backend = SourceBackend(body)
        self.value = value
        outputs = [value, *partials.values()]
        self.ordered = topological(outputs)
        self.made: dict[Node, Fragment] = {}
        self.uses: Counter[Node] = Counter(map(_unnamed, outputs))
        self.names: dict[Node, str] = {}
        for node in self.ordered:
            if not isinstance(node, Let):
                self.uses.update(map(_unnamed, node.operands))
            else:
                self.names.setdefault(node.operands[0], node.name)
        self.names.setdefault(value, "value")
        self.hints = {node: f"d_{name}" for name, node in partials.items()}

    def write(self) -> None:
        """Write every line but the last."""
        self._unpack()
        paired = self._softmax_pairs()
        for node in self.ordered:
            if node in self.made:
                continue
            if isinstance(node, Let):
                self.made[node] = self.made[node.operands[0]]
                continue
            if node in paired:
                self._both(node, paired[node])
                continue
            self.made[node] = self._kept(node, self._computed(node))

    def _unpack(self) -> None:
        """Write ``a, b, c = params`` where the code gave a name to every entry of a vector."""
        entries: dict[Variable, dict[int, Node]] = {}
        for node in self.names:
            match node:
                case Index(operands=(Variable(axes=(size,)) as whole,), selection=(int(place),)) if isinstance(
                    size, int
                ):
                    entries.setdefault(whole, {}).setdefault(place % size, node)
                case _:
                    pass
        for whole, found in entries.items():
            if (len(found),) == whole.axes:
                ordered = [found[place] for place in sorted(found)]
                names = [self.body.names.fresh(self.names[node]) for node in ordered]
                self.body.lines.append(
                    f"{', '.join(names)}{',' if len(names) == 1 else ''} = {self.body.inputs[whole.name]}"
                )
                self.made.update(
                    (node, full(named(name), (), fresh=False)) for node, name in zip(ordered, names, strict=True)
                )

    def _computed(self, node: Node) -> Fragment:
        self.backend.hint = self.names.get(node) or self.hints.get(node) or self._hint(node)
        arguments = [self.made[operand] for operand in node.operands]
        return replace(_fitted(compute(node, arguments, self.backend), node), axes=node.axes)  # type: ignore[arg-type]

    def _kept(self, node: Node, fragment: Fragment) -> Fragment:
        """Return *fragment*, given a name where the writer had one, where it is used again or where it is long."""
        name = self.names.get(node)
        if name is not None and not isinstance(node, Variable) and (node is self.value or not self.body.bound):
            return self._named(fragment, name)
        if fragment.atomic:
            return fragment
        again = self.uses[node] > 1
        if again or fragment.weight > HEAVIEST or (fragment.weight > 3 and len(written(fragment.tree)) > LONGEST):
            return self._named(fragment, name)
        return fragment

    def _named(self, fragment: Fragment, name: str | None) -> Fragment:
        if fragment.placed is None and fragment.number and fragment.atomic:
            return fragment
        if fragment.placed is not None:
            return self.backend.spread(fragment, name)
        if fragment.atomic and fragment.fresh:
            return fragment
        return self.backend.local(fragment, name)

    def _hint(self, node: Node) -> str:
        """Return a name for what the writer gave none."""
        match node:
            case Linear() if len(node.operands) > 1:
                return "difference" if any(c.rational < 0 for c in node.coefficients) else "total"
            case Linear():
                return "scaled"
            case Contraction():
                return "total" if len(node.operands) == 1 else "product"
            case Index(operands=(Variable(name=name),)):
                places = [part for part in node.selection if isinstance(part, int)]
                whole = len(places) < len(node.selection) or len(places) != 1
                return f"{name}_part" if whole else f"{name}_{places[0]}" if places[0] >= 0 else f"{name}_last"
            case Elementwise():
                name = "square" if node.operation is power(Fraction(2)) else node.operation.name
                letters = "".join(mark for mark in name if mark.isalpha() or mark == " ").strip()
                argument = self.made[next(iter(node.operands))].tree
                of = f"_{argument.id}" if isinstance(argument, ast.Name) and len(argument.id) < 12 else ""
                return f"{letters.replace(' ', '_')}{of}"
            case _:
                return type(node).__name__.lower()

    # Softmax and log-sum-exp of the same ------------------------------------------------------

    def _softmax_pairs(self) -> dict[Node, tuple[Node, Node]]:
        """Return which softmaxes and log-sum-exps are of the same operand along the same axis."""
        if self.body.dialect.is_torch:
            return {}
        found: dict[Node, tuple[Node, Node]] = {}
        sums = {(node.operands[0], node.axis): node for node in self.ordered if isinstance(node, LogSumExp)}
        for node in self.ordered:
            other = sums.get((node.operands[0], node.axis)) if isinstance(node, Softmax) else None
            if other is not None:
                found[node] = found[other] = (node, other)
        return found

    def _both(self, node: Node, pair: tuple[Node, Node]) -> None:
        softmax, total = pair
        assert isinstance(softmax, Softmax)
        operand = self.made[softmax.operands[0]]
        hints = self.names.get(softmax, "probabilities"), self.names.get(total, "log_total")
        fragments = self.backend.softmax_and_log_sum_exp(operand, softmax.axis - softmax.rank, hints)
        for one, fragment in zip(pair, fragments, strict=True):
            self.made[one] = replace(_fitted(fragment, one), axes=one.axes)

    # The last lines ----------------------------------------------------------------------------

    def returned(self, value: Node, partials: Mapping[str, Node]) -> list[str]:
        """Return the lines that return the value and the gradient."""
        found = self.made[value]
        if not isinstance(found.tree, ast.Name) or not found.fresh:
            self.backend.hint = "value"
            found = self.backend.local(found)
        given: set[str] = set()
        entries: list[str] = []
        for name, node in partials.items():
            self.backend.hint = f"d_{name}"
            fragment = self.backend.spread(self.made[node])
            tree = self.backend.whole(fragment)
            if fragment.number and isinstance(tree, ast.Constant):
                tree = ast.Constant(float(tree.value))  # type: ignore[arg-type]  # a number
            owner = _owner(tree)
            if node.axes and (owner in given or not fragment.fresh or not (fragment.whole or fragment.number)):
                tree = self.body.dialect.copied(tree)
            given |= {owner} - {""}
            if self.body.bound and node.axes and not isinstance(tree, ast.Name):
                tree = self.body.assign(tree, f"d_{name}")
            entries.append(f"{json.dumps(name, ensure_ascii=False)}: {written(tree)}")
        line = f"return {written(found.tree)}, {{{', '.join(entries)}}}"
        if len(line) <= WIDEST - 4:
            return [line]
        return ["gradient = {", *(f"    {entry}," for entry in entries), "}", f"return {written(found.tree)}, gradient"]


def _unnamed(node: Node) -> Node:
    """Return what a name stands for."""
    while isinstance(node, Let):
        node = node.operands[0]
    return node


def _owner(tree: ast.expr) -> str:
    """Return the name of the array whose memory *tree* may show, "" if it makes a new one."""
    while isinstance(tree, (ast.Attribute, ast.Subscript)):
        tree = tree.value
    return tree.id if isinstance(tree, ast.Name) else ""


def _fitted(fragment: Fragment, node: Node) -> Fragment:
    """Return *fragment* with the axes of its node."""
    if fragment.axes is None:
        return replace(fragment, axes=node.axes, kept=tuple(range(node.rank)))
    return fragment
