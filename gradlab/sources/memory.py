"""What arrays share: writing into one changes every other that shows the same memory.

A `Memory` holds the node that it has now. A stand-in shows one, whole or through `View`s (``x[1:]``, ``x.T``), and
looks again when it was written. Where NumPy or torch may copy or may not (``reshape``), the result has a memory
of its own that remembers where it came from; reading one after a write to the other is then refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.graph.kinds import Contraction, Index, Replace, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node, rebuild
from gradlab.sources.frames import refuse

if TYPE_CHECKING:
    from gradlab.sources.builder import Builder

COPY = "write .clone() in torch, .copy() in NumPy, where a copy is meant, or give the result a new name: y = y + 1"


class Memory:
    """The entries of one array.

    node: what it holds now.  changes: how often it was written.
    owner: whose it is, where the code must not write into it; "" if the code made it.
    boxed: without axes it is an array all the same, not a number; only NumPy tells the two apart.
    source: the memory that this one may be, or may be a copy of.
    """

    __slots__ = ("_source_changes", "boxed", "changes", "clouded", "node", "owner", "source")

    def __init__(self, node: Node, owner: str = "", source: Memory | None = None, *, boxed: bool = False) -> None:
        self.node: Node = node
        self.owner: str = owner or (source.owner if source is not None else "")
        self.boxed: bool = boxed
        self.changes: int = 0
        self.clouded: bool = False
        self.source: Memory | None = source
        self._source_changes = source.changes if source is not None else 0

    @property
    def is_uncertain(self) -> bool:
        """Whether nobody can tell what is in it, because of a write elsewhere."""
        return self.clouded or (self.source is not None and self.source.changes != self._source_changes)

    def check(self) -> None:
        """Refuse to be read where nobody can tell whether a write elsewhere changed this too."""
        if self.is_uncertain:
            refuse("reading an array after another that may share its memory was changed in place", COPY)

    def write(self, node: Node) -> None:
        """Hold *node* from now on."""
        self.node = node
        self.changes += 1
        memory = self
        while memory.source is not None:
            memory.source.changes += 1
            memory.source.clouded = True
            memory._source_changes = memory.source.changes
            memory = memory.source


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at an array without a copy.

    take: from what the array holds to what is seen.
    key: what stands between the square brackets, where that is how it is taken.
    entry: a single entry, which NumPy hands out as a number of its own.
    cut: derivatives do not pass: what is written through it changes what it shows, but not its derivative.
    """

    take: Callable[[Node], Node]
    key: Any = None
    entry: bool = False
    cut: bool = False

    def put(self, builder: Builder, base: Node, value: Node) -> Node:
        """Return *base* changed so that this view of it is *value*."""
        if self.key is not None:
            return builder.replace(base, self.key, value)
        hole = Variable("·", base.axes)
        return _put(self.take(hole), hole, base, value)


def put(builder: Builder, views: Sequence[View], base: Node, value: Node) -> Node:
    """Return *base* changed so that it shows *value* through *views*, one taken after the other."""
    seen: list[Node] = []
    for view in views:
        seen.append(base)
        base = view.take(base)
    for view, whole in zip(reversed(views), reversed(seen), strict=True):
        value = view.put(builder, whole, value)
    return value


def _put(form: Node, hole: Variable, base: Node, value: Node) -> Node:
    """Return what stands in the *hole* of *form* when *form* is *value*, and *base* was there before."""
    while form is not hole:
        (inner,) = form.operands if len(form.operands) == 1 else (hole,)
        if isinstance(form, Contraction) and _moves_only(form):
            value = contraction([value], [form.output], form.inputs[0])
        elif isinstance(form, Index):
            (whole,) = rebuild([inner], replace=lambda old, new: base if old is hole else new)
            value = Replace(whole, value, form.selection)
        else:
            refuse("writing through this view of an array", COPY)
        form = inner
    return value


def _moves_only(node: Contraction) -> bool:
    """Return whether *node* only puts the axes of one array in another order, and adds axes of length 1."""
    added = [index for index in node.output if index not in node.inputs[0]]
    distinct = len(set(node.output)) == len(node.output) and len(set(node.inputs[0])) == len(node.inputs[0])
    return distinct and not node.summed and all(node.extents[index] == 1 for index in added)
