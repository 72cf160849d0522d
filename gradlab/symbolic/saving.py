"""A derivation as a document: every line in the notation, for `gradlab verify` to check without gradlab's rules."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Any

from gradlab import files
from gradlab.graph.function import Function
from gradlab.graph.guards import Guard
from gradlab.graph.kinds import Constant, Derivative, Lead, Let, Roll, Variable, VectorJacobian
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.sizes import Axes
from gradlab.symbolic.notation import REPEATED, notation
from gradlab.symbolic.proof.points import positions, small_sizes
from gradlab.symbolic.steps import Step, walk

FORMAT = "gradlab derivation"
VERSION = 1

RESERVED = ("_", "pi", "inf")
"""Names that mean something in the notation."""

SHORT = 40
"""Characters up to which a part that occurs several times is written out each time."""

DEEPEST = 6
"""Operations inside each other beyond which the inner ones get a name."""


def save(document: Mapping[str, Any], path: str | Path) -> None:
    """Write a document to a file; raises FileError where that cannot be done."""
    files.save(Path(path), f"{json.dumps(document, ensure_ascii=False, indent=1)}\n")


def document(
    function: Function, wrt: Sequence[str], steps: Sequence[Step], gradient: Mapping[str, Node]
) -> dict[str, Any]:
    """Return a derivation as plain data, each of its expressions as text.

    wrt: the variables differentiated with respect to.  gradient: the partial derivative by each of them.
    A part that occurs more than once is named once, so that the document grows as the graph does.
    Raises NoFormulaError for a kind of node that cannot be written.
    """
    return _Writer(function, steps, [gradient[name] for name in wrt]).document(wrt)


class _Writer:
    """The names that one document gives to variables, sizes and parts, and its expressions in their terms."""

    def __init__(self, function: Function, steps: Sequence[Step], gradient: Sequence[Node]) -> None:
        self.function, self.steps = function, steps
        claimed = [side for step in walk(steps) for side in (step.before, step.after, *_conditions(step))]
        roots = [function.formula, *(guard.condition for guard in function.guards), *claimed, *gradient]
        self.taken: set[str] = {*RESERVED}
        self.inputs = {name: self._free(name) for name in (*function.variables, *function.data_axes)}
        self.sizes = {size: self._free(size) for size in _symbols(roots, function)}
        self.written = dict(zip(roots, rebuild(roots, self.sizes), strict=True))
        self.gradient = gradient
        self.nodes = topological(self.written.values())
        self.names: dict[Node, str] = {}
        self.where = self._named_parts()

    def _free(self, wanted: str) -> str:
        """Return *wanted* as a name that nothing else has yet."""
        plain = "".join(mark if mark.isidentifier() or mark.isdecimal() else "_" for mark in wanted)
        name = plain if plain.isidentifier() and not iskeyword(plain) else f"v_{plain}"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _named_parts(self) -> dict[str, str]:
        """Give a name to what has one in the function, and to what is long and occurs more than once."""
        where: dict[str, str] = {}
        uses = _uses(self.written.values(), self.nodes)
        depth: dict[Node, int] = {}
        open_: set[Node] = set()
        count = 0
        for node in self.nodes:
            inner = _written_operands(node)
            depth[node] = 1 + max((depth[part] for part in inner), default=0)
            if isinstance(node, (Derivative, VectorJacobian)) or any(part in open_ for part in node.operands):
                open_.add(node)
            if isinstance(node, Variable):
                self.names[node] = self.inputs.get(node.name, node.name)
            elif isinstance(node, Let):
                text = notation(node.operands[0], self.names)
                self.names[node] = self._free(node.name)
                where[self.names[node]] = text
            elif not isinstance(node, Constant) and uses[node] and node not in open_:
                if uses[node] == 1 and depth[node] <= DEEPEST:
                    continue
                text = notation(node, self.names)
                if len(text) > SHORT:
                    count += 1
                    self.names[node] = self._free(f"t{count}")
                    where[self.names[node]] = text
            if node in self.names:
                depth[node] = 0
        return where

    def text(self, node: Node) -> str:
        return notation(self.written[node], self.names)

    def document(self, wrt: Sequence[str]) -> dict[str, Any]:
        function = self.function
        sizes, whole = self._numbers()
        return {
            "format": FORMAT,
            "version": VERSION,
            "function": function.name,
            "variables": self._shapes(function.variables),
            "data": self._shapes(function.data_axes),
            "sizes": sizes,
            "whole": whole,
            "if": [self._condition(guard) for guard in function.guards],
            "formula": self.text(function.formula),
            "where": self.where,
            "steps": [self._step(step) for step in self.steps],
            "gradient": {self.inputs[name]: self.text(node) for name, node in zip(wrt, self.gradient, strict=True)},
        }

    def _shapes(self, axes: Mapping[str, Axes]) -> dict[str, list[int | str]]:
        return {self.inputs[name]: [self.sizes.get(str(size), size) for size in sizes] for name, sizes in axes.items()}

    def _condition(self, guard: Guard) -> str:
        text = self.text(guard.condition)
        return text if guard.holds else f"logical_not({text})"

    def _step(self, step: Step) -> dict[str, Any]:
        written: dict[str, Any] = {"rule": step.rule, "because": step.because}
        written |= {"before": self.text(step.before), "after": self.text(step.after)}
        if conditions := [self.text(condition) for condition in _conditions(step)]:
            written["if"] = conditions
        if step.substeps:
            written["steps"] = [self._step(inner) for inner in step.substeps]
        return written

    def _numbers(self) -> tuple[dict[str, int], dict[str, int | str]]:
        """Return the sizes to check at, all different, and the variables that are positions, with their bounds."""
        least = small_sizes(self.nodes)
        for node in self.nodes:
            if isinstance(node, Roll) and isinstance(size := node.axes[node.axis], str):
                least[size] = max(least[size], abs(node.shift) + 1)
        sizes: dict[str, int] = {}
        for symbol, number in sorted(least.items(), key=lambda pair: pair[1]):
            while number in sizes.values():
                number += 1
            sizes[symbol] = number
        places = positions(self.nodes, sizes)
        return sizes, {self.inputs.get(name, name): length for name, length in places.items()}


def _conditions(step: Step) -> list[Node]:
    """Return where *step* holds, as truth values; what cannot be written is left out, and more is claimed then."""
    expressions = [condition.expression for condition in step.conditions]
    return [
        expression
        for expression in expressions
        if expression is not None and not any(isinstance(part, Lead) for part in topological([expression]))
    ]


def _symbols(roots: Sequence[Node], function: Function) -> list[str]:
    """Return every size symbol, in the order in which they occur."""
    axes = [*function.variables.values(), *function.data_axes.values()]
    axes += [part for node in topological(roots) for part in (node.axes, getattr(node, "extents", ()))]
    return list(dict.fromkeys(size for one in axes for size in one if isinstance(size, str)))


def _written_operands(node: Node) -> tuple[Node, ...]:
    """Return the operands that the text of *node* is made of: a `VectorJacobian` holds those of its operation."""
    if isinstance(node, VectorJacobian):
        return (*node.operation.operands, node.delta)
    return node.operands * 2 if isinstance(node, REPEATED) else node.operands


def _uses(roots: Any, nodes: Sequence[Node]) -> Counter[Node]:
    """Return how often each node is written, if every node with users is written where it is used."""
    reached: set[Node] = set()
    waiting = [*roots]
    uses: Counter[Node] = Counter(dict.fromkeys(waiting, 1))
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(_written_operands(node))
            uses.update(_written_operands(node))
    return uses
