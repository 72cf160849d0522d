"""What every node of the expression graph has in common: interning, walking, rebuilding.

A kind of node is one file in `gradlab.graph.kinds`: the class, and its entry in each of the tables
below (its rule, its evaluation, its printing). Nothing outside that file knows the kind.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, Any, ClassVar

from gradlab.errors import NoFormulaError
from gradlab.graph.rules import Rule
from gradlab.graph.sizes import Axes, Size

if TYPE_CHECKING:
    from gradlab.graph.backends import Backend
    from gradlab.graph.conditions import Condition
    from gradlab.graph.writing import Printer, Shown


class _Interned(type):
    """Makes a class return one and the same object for the same fields (hash-consing).

    Equality of expressions is then identity, and a subexpression written twice is stored once.
    """

    _made: ClassVar[weakref.WeakValueDictionary[tuple[Any, ...], Any]] = weakref.WeakValueDictionary()

    def __call__(cls, *fields: Any) -> Any:
        key = (cls, *fields)
        found = _Interned._made.data.get(key)  # pyright: ignore[reportAttributeAccessIssue]  # its own get takes three times as long
        node = found() if found is not None else None
        if node is None:
            node = _Interned._made.setdefault(key, super().__call__(*fields))
        return node


class Node(metaclass=_Interned):
    """One operation of an expression, as written.

    operands: the nodes it is computed from.  axes: the sizes of its axes, () for a number.
    Nodes are immutable and interned: two nodes are equal exactly if they are the same object.
    """

    __slots__ = ("__weakref__", "axes", "operands")

    operands: tuple[Node, ...]
    axes: Axes

    def rebuilt(self, operands: tuple[Node, ...], sizes: Mapping[str, Size]) -> Node:
        """Return this operation on other *operands*, its size symbols replaced as *sizes* says."""
        raise TypeError(f"{type(self).__name__} does not say how it is rebuilt")

    def batched(self, operands: tuple[Node, ...], lead: tuple[bool, ...], batch: Axes) -> Node:
        """Return this operation done once for every entry of new first axes *batch*.

        lead: which of the *operands* have these first axes; the others are the same for every entry.
        """
        raise NoFormulaError(
            f"no second derivative through {type(self).__name__} yet: it does not say how it is done for many values "
            "at once; a Hessian-vector product (Function.hvp) does not need that"
        )

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.axes)

    def __repr__(self) -> str:
        from gradlab.graph.printing import text

        return text(self)


@dataclass(frozen=True, slots=True)
class Pull:
    """What one operand receives when a delta flows back through an operation.

    rule: the rule used.
    local: the local derivative where the rule multiplies by one, else None.
    delta: the derivative of the final value with respect to the operand, along this way.
    """

    rule: Rule
    local: Node | None
    delta: Node


# The tables. `gradlab.graph.kinds` fills them; tests/graph/test_kinds.py lists every kind in each.


@singledispatch
def pullback(node: Node, delta: Node, wanted: Sequence[bool], output: Node) -> list[Pull | None]:
    """Return for each operand what it receives from *delta*, None where it is not *wanted*.

    output: the value of *node* under the name that it was given, for rules that are written through it.
    """
    raise TypeError(f"no differentiation rule for {type(node).__name__}")


@singledispatch
def compute(node: Node, arguments: Sequence[Any], backend: Backend) -> Any:
    """Return the value of *node* from the values of its operands, in the arithmetic of *backend*."""
    raise TypeError(f"no evaluation for {type(node).__name__}")


@singledispatch
def show(node: Node, printer: Printer) -> Shown:
    """Return *node* as a whole, in matrix form where it has axes."""
    raise TypeError(f"no printing for {type(node).__name__}")


@singledispatch
def show_component(node: Node, printer: Printer, indices: tuple[str, ...]) -> Shown:
    """Return one component of *node*, whose axes carry the names *indices*."""
    raise TypeError(f"no printing by components for {type(node).__name__}")


@singledispatch
def switches(node: Node) -> Sequence[Node]:
    """Return expressions at whose zeros *node* may have a kink or a jump; most kinds have none."""
    return ()


@singledispatch
def conditions_of(node: Node) -> tuple[Condition, ...]:
    """Return where the rule of *node* may be used: all of these must hold; everywhere if there are none.

    What is seen to hold everywhere is left out: e^x > 0, x² + 1 > 0.
    """
    return ()


@singledispatch
def fault(node: Node, arguments: Sequence[Any], value: Any, name: Callable[[Node], str]) -> str:
    """Return in words why *node* must not be computed from these values of its operands; "" for most kinds.

    arguments, value: as NumPy arrays.  name: what a node is called.
    """
    return ""


TABLES: tuple[Any, ...] = (pullback, compute, show, show_component)


def topological(outputs: Iterable[Node], closed: Container[Node] = ()) -> list[Node]:
    """Return every node that *outputs* are computed from, operands before their users.

    closed: nodes that are not looked into.
    Iterative, so that a chain of 100,000 operations does not exhaust Python's stack.
    """
    ordered: list[Node] = []
    seen: set[Node] = set()
    for output in outputs:
        stack: list[tuple[Node, bool]] = [(output, False)]
        while stack:
            node, finished = stack.pop()
            if finished:
                ordered.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                operands = () if node in closed else reversed(node.operands)
                stack.extend((operand, False) for operand in operands if operand not in seen)
    return ordered


def rebuild(
    outputs: Sequence[Node],
    sizes: Mapping[str, Size] | None = None,
    replace: Callable[[Node, Node], Node] | None = None,
) -> list[Node]:
    """Return *outputs* with size symbols renamed and, where given, ``replace(old, new)`` put for each node."""
    renaming = sizes or {}
    new: dict[Node, Node] = {}
    for node in topological(outputs):
        made = node.rebuilt(tuple(new[operand] for operand in node.operands), renaming)
        new[node] = replace(node, made) if replace else made
    return [new[output] for output in outputs]


def put_for(parts: Mapping[Node, Node], outputs: Sequence[Node]) -> list[Node]:
    """Return *outputs* with other nodes in place of *parts*, which are not looked into, however large they are."""
    new: dict[Node, Node] = {}
    for node in topological(outputs, closed=parts):
        found = parts.get(node)
        new[node] = node.rebuilt(tuple(new[operand] for operand in node.operands), {}) if found is None else found
    return [new[output] for output in outputs]


def renamed(axes: Axes, sizes: Mapping[str, Size]) -> Axes:
    """Return *axes* with its symbols replaced as *sizes* says."""
    return tuple(sizes.get(size, size) if isinstance(size, str) else size for size in axes)
