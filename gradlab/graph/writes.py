"""Assigning to entries, and reading entries after it: a loop that fills an array reads as its entries.

``out = np.zeros(2); out[0] = a; out[1] = b`` is ``[a, b]``, and ``out[0]`` is ``a``: nothing of the order in which
it was filled is left to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakSet

from gradlab.graph.kinds import Constant, Index, Replace, Scatter, Stack, Variable
from gradlab.graph.kinds.index import WHOLE, Range, selected_axes
from gradlab.graph.nodes import Node
from gradlab.graph.sizes import ZERO, Axes, Size

Part = int | Range

EMPTY = "·empty"
"""The name of the entries of an array that ``np.empty`` made: they have no value until they are written."""


def chosen(node: Node, selection: Sequence[Part]) -> Node:
    """Return the entries of *node* at *selection*, where they can be told from what was written there."""
    while isinstance(node, (Replace, Scatter)):
        if _disjoint(selection, node.selection, node.axes):
            if isinstance(node, Scatter):
                return Constant(ZERO, selected_axes(node.axes, tuple(selection)))
            node = node.operands[0]
            continue
        rest = _within(selection, node.selection, node.axes)
        if rest is None:
            break
        node, selection = node.operands[-1], rest
    place = selection[node.axis] if isinstance(node, Stack) and node in _FILLED else None
    if isinstance(node, Stack) and isinstance(place, int):
        return chosen(node.operands[place], (*selection[: node.axis], *selection[node.axis + 1 :]))
    if all(part == WHOLE for part in selection):
        return node
    if isinstance(node, Constant):
        return Constant(node.value, selected_axes(node.axes, tuple(selection)))
    return Index(node, tuple(selection))


def blanked(node: Node, selection: Sequence[Part]) -> Node:
    """Return *node* with zeros at *selection*; zeros alone where nothing else is left of it."""
    if isinstance(node, Scatter) and _disjoint(selection, node.selection, node.axes):
        return node
    selection = tuple(_counted(part, size) for part, size in zip(selection, node.axes, strict=True))
    result = Replace(node, Constant(ZERO, selected_axes(node.axes, selection)), selection)
    return Constant(ZERO, node.axes) if is_zero(node) or _is_blank(result) else result


def is_zero(node: Node) -> bool:
    """Return whether *node* is 0 in every entry, as written."""
    return isinstance(node, Constant) and node.value == ZERO


def _is_blank(node: Node) -> bool:
    """Return whether zeros were put at every place along some axis of *node*."""
    left = [set(range(size)) if isinstance(size, int) else {-1} for size in node.axes]
    while isinstance(node, Replace) and is_zero(node.operands[1]):
        cut = [axis for axis, part in enumerate(node.selection) if part != WHOLE]
        if not cut:
            return True
        size = node.axes[cut[0]]
        if len(cut) == 1 and isinstance(size, int):
            left[cut[0]].difference_update(_places(node.selection[cut[0]], size))
        node = node.operands[0]
    if isinstance(node, Scatter):
        for axis, (part, size) in enumerate(zip(node.selection, node.axes, strict=True)):
            if isinstance(size, int):
                left[axis].intersection_update(_places(part, size))
    return not all(left)


def replaced(base: Node, selection: Sequence[Part], value: Node) -> Node:
    """Return *base* with *value* at *selection*; as a stack of its parts once all of them are written."""
    selection = tuple(_counted(part, size) for part, size in zip(selection, base.axes, strict=True))
    cut = [axis for axis, part in enumerate(selection) if part != WHOLE]
    if not cut:
        return value
    first = cut[0]
    place = selection[first]
    row = tuple(place if axis == first else WHOLE for axis in range(base.rank))
    if len(cut) > 1 and isinstance(place, int) and _made_here(base):
        # out[i, j] = v changes row i: so rows, once full, become stacks, and the array a stack of them.
        rest = (*selection[:first], *selection[first + 1 :])
        return replaced(base, row, replaced(chosen(base, row), rest, value))
    if selection != row or not isinstance(place, int):
        return _overwritten(base, value, selection)
    if isinstance(base, Stack) and base in _FILLED and base.axis == first:
        return _stack([*base.operands[:place], value, *base.operands[place + 1 :]], first)
    return _completed(_overwritten(base, value, selection), first)


def _overwritten(base: Node, value: Node, selection: tuple[Part, ...]) -> Node:
    if isinstance(base, Replace) and base.selection == selection:
        base = base.operands[0]
    return Replace(base, value, selection)


def _completed(node: Node, axis: int) -> Node:
    """Return *node* as a stack if every place along *axis* was written on its own."""
    size = node.axes[axis]
    values: dict[int, Node] = {}
    part = node
    while isinstance(part, Replace) and isinstance(size, int):
        place = part.selection[axis]
        alone = all(other == WHOLE for other in (*part.selection[:axis], *part.selection[axis + 1 :]))
        if not isinstance(place, int) or not alone:
            break
        values.setdefault(place, part.operands[1])
        part = part.operands[0]
    if not isinstance(size, int) or len(values) != size:
        return node
    return _stack([values[place] for place in range(size)], axis)


def _stack(parts: Sequence[Node], axis: int) -> Node:
    stack = Stack(tuple(parts), axis)
    _FILLED.add(stack)
    return stack


def _made_here(node: Node) -> bool:
    """Return whether *node* is an array that the code made and fills: one number in every entry to begin with."""
    while isinstance(node, Replace):
        node = node.operands[0]
    return isinstance(node, Constant) or node in _FILLED or (isinstance(node, Variable) and node.name == EMPTY)


def _counted(part: Part, size: Size) -> Part:
    """Return a position counted from the start, where the size is known."""
    return part % size if isinstance(part, int) and isinstance(size, int) and size else part


def _disjoint(first: Sequence[Part], second: Sequence[Part], axes: Axes) -> bool:
    """Return whether two selections certainly share no entry."""
    return any(_apart(one, two, size) for one, two, size in zip(first, second, axes, strict=True))


def _apart(first: Part, second: Part, size: Size) -> bool:
    first, second = _counted(first, size), _counted(second, size)
    if isinstance(first, int) and isinstance(second, int):
        return first != second and (isinstance(size, int) or (first < 0) == (second < 0))
    if not isinstance(size, int):
        return False
    return set(_places(first, size)).isdisjoint(_places(second, size))


def _places(part: Part, size: int) -> range:
    """Return the places that *part* chooses, counted from the start."""
    if isinstance(part, int):
        return range(part % size, part % size + 1) if size else range(0)
    return range(size)[slice(*part)]


def _within(read: Sequence[Part], written: Sequence[Part], axes: Axes) -> tuple[Part, ...] | None:
    """Return what *read* chooses of the value that stands at *written*, None where it is more than that."""
    rest: list[Part] = []
    for one, two, size in zip(read, written, axes, strict=True):
        one, two = _counted(one, size), _counted(two, size)
        if two == WHOLE:
            rest.append(one)
        elif one == two:
            rest += [] if isinstance(one, int) else [WHOLE]
        elif isinstance(one, int) and isinstance(two, tuple) and isinstance(size, int) and one in _places(two, size):
            rest.append(_places(two, size).index(one))
        else:
            return None
    return tuple(rest)


_FILLED: WeakSet[Node] = WeakSet()
"""The stacks that assignments filled; those that the code stacks itself stay as written."""
