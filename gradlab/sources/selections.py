"""What choosing entries by arrays of positions means: ``E[idx]``, ``logp[range(n), y]``, ``torch.gather``, masks.

Choosing one entry in each row becomes a contraction with the rows' one-hot vectors, so that the gradient of a
cross-entropy written this way reads softmax(Z) - onehot(y); everything else becomes a `Gather`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Contraction, Gather, OneHot, Positions, ScatterAdd, Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node, topological
from gradlab.graph.sizes import Size
from gradlab.sources.counting import Counted, is_whole, known, size_of
from gradlab.sources.frames import name_of, refuse
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def positions(trace: Trace, value: Any, spoken: str) -> Node:
    """Return the node for positions; refuses what may hold other than whole numbers."""
    if isinstance(value, Counted):
        return Positions(value.size)
    plain = None if isinstance(value, Traced) else _plain(value)
    whole = plain is not None and plain.dtype.kind in "iu"
    if plain is not None and whole and plain.ndim == 1 and plain.size > 1 and (plain == range(plain.size)).all():
        return Positions(plain.size)
    node = trace.lift(list(value) if isinstance(value, range) else value)
    if not whole and not is_whole(trace, node):
        refuse(
            f"{spoken} with what may be no whole numbers",
            "positions are integer arrays, as y.astype(int) or y.long() before the function; for a choice by a "
            "condition that depends on the variables write where",
        )
    return node


def _plain(value: Any) -> Any:
    """Return an array of positions or truth values as NumPy's own, None for a list that holds stand-ins."""
    import numpy as np

    if not isinstance(value, (list, tuple)):
        return value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    return None if any(isinstance(entry, Traced) for entry in value) else np.asarray(value)


# Between square brackets -------------------------------------------------------------------------


def has_positions(key: Any) -> bool:
    """Return whether arrays of positions or masks stand between the square brackets."""
    return any(_is_positions(part) for part in (key if isinstance(key, tuple) else (key,)))


def _is_positions(part: Any) -> bool:
    if isinstance(part, Traced):
        if isinstance(part.node, Variable) and not part.node.rank:
            return part.node.name in part.trace.data  # a variable is not to be differentiated as a position
        return part.node.rank > 0 or any(isinstance(below, Variable) for below in topological([part.node]))
    return isinstance(part, (list, tuple, range, Counted)) or getattr(part, "ndim", 0) > 0


def indexed(trace: Trace, node: Node, key: Any) -> Node:
    """Return ``node[key]`` as NumPy and torch define it where arrays of positions are among the indices."""
    builder = trace.builder
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        parts += _opened(trace, node, part, sum(p is not None and p is not Ellipsis for p in parts))
    given = sum(part is not None and part is not Ellipsis for part in parts)
    if node.rank == 0:
        builder.need_axes(node, ("n", "m", "k", "p")[:given])
    if given > node.rank:
        raise ShapeError(f"{given} indices for shape {builder.sizes.shape_text(node)}")
    at = next((place for place, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts[at : at + 1] = [slice(None)] * (node.rank - given)
    # N: a new axis, S: a slice, which keeps its axis, I: one position, A: an array of them.
    letters = ["N" if p is None else "S" if isinstance(p, slice) else "A" if _is_positions(p) else "I" for p in parts]
    place = _place(letters, "A")
    if _place(letters, "AI") != place:
        refuse(
            "indexing with a number and an array apart from each other",
            "NumPy and torch put the axes in different orders; write it in two steps, as X[0][:, idx]",
        )
    cut = builder.index(
        node,
        tuple(slice(None) if letter == "A" else p for p, letter in zip(parts, letters, strict=True) if letter != "N"),
    )
    surviving = [letter for letter in letters if letter in "SA"]
    arrays = [axis for axis, letter in enumerate(surviving) if letter == "A"]
    others = [axis for axis, letter in enumerate(surviving) if letter == "S"]
    kept = [letter for letter in letters if letter in "SN"]
    before = kept[:place].count("S")
    turned = builder.transpose(cut, [*others[:before], *arrays, *others[before:]])
    chosen = [positions(trace, p, "indexing") for p, letter in zip(parts, letters, strict=True) if letter == "A"]
    chosen = [_counted_alike(trace, index, chosen) for index in chosen]
    indices = builder.broadcast(chosen, "cannot index with positions of") if len(chosen) > 1 else chosen
    result = gathered(trace, turned, before, indices)
    for at, letter in enumerate(kept):
        if letter == "N":
            result = builder.expand(result, at if at < place else at + indices[0].rank)
    return result


def _counted_alike(trace: Trace, index: Node, others: Sequence[Node]) -> Node:
    """Return *index*; where it counts through a plain number of rows, through the size of *others* of that length."""
    if isinstance(index, Positions) and isinstance(index.axes[0], int):
        table = trace.builder.sizes
        for other in others:
            symbol = other.rank == 1 and isinstance(table.root(other.axes[0]), str)
            if symbol and table.number(other.axes[0]) == index.axes[0]:
                return Positions(other.axes[0])
    return index


def _place(letters: Sequence[str], advanced: str) -> int:
    """Return before which of the other axes the axes of the positions go: first if something stands between them."""
    at = [place for place, letter in enumerate(letters) if letter in advanced]
    apart = any(letter in "SN" for letter in letters[at[0] : at[-1]])
    return 0 if apart else sum(letter in "SN" for letter in letters[: at[0]])


def _opened(trace: Trace, node: Node, part: Any, axis: int) -> list[Any]:
    """Return *part*, or for a mask the positions at which it is true, one array for each of its axes."""
    if not _is_positions(part) or isinstance(part, (Traced, Counted, range)):
        return [part]
    array = _plain(part)
    if array is None or array.dtype != bool:
        return [part]
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "m", "k", "p")[: axis + array.ndim])
    sizes = trace.builder.sizes
    shape = sizes.shape_text(node)
    for place, length in enumerate(array.shape):
        if axis + place >= node.rank:
            raise ShapeError(f"a mask of shape {array.shape} for shape {shape}")
        sizes.unify(node.axes[axis + place], length, f"a mask of shape {array.shape} for shape {shape}")
    return _true_places(trace, part, array)


def _true_places(trace: Trace, mask: Any, array: Any) -> list[Any]:
    held = trace.masks.get(id(mask))
    if held is None or not (held[1].shape == array.shape and (held[1] == array).all()):
        name = name_of(mask) or "mask"
        places = [trace.wrap(trace.lift(places, name)) for places in array.nonzero()]
        held = trace.masks[id(mask)] = (mask, array.copy(), places)
    return held[2]


# Choosing ----------------------------------------------------------------------------------------


def gathered(trace: Trace, node: Node, axis: int, indices: Sequence[Node]) -> Node:
    """Return the entries of *node* at *indices*, which have the same axes, one for each axis from *axis* on."""
    chosen = node.axes[axis : axis + len(indices)]
    values = [known(trace, index) for index in indices]
    for value, size in zip(values, chosen, strict=True):
        length = trace.builder.sizes.number(size)
        if value is not None and length is not None and ((value < -length) | (value >= length)).any():
            bad = value[(value < -length) | (value >= length)].flat[0]
            raise ShapeError(f"position {bad:.0f} is outside an axis of length {length}")
    runs = [_run(trace, index, value, size) for index, value, size in zip(indices, values, chosen, strict=True)]
    rest = [place for place, run in enumerate(runs) if run is None]
    rank = indices[0].rank
    negative = any(values[place] is not None and (values[place] < 0).any() for place in rest)
    if {run for run in runs if run is not None} != set(range(rank)) or not rank or len(rest) > 1 or negative:
        return Gather((node, *indices), axis)
    labels: list[Any] = list(range(node.rank))
    for place, run in enumerate(runs):
        labels[axis + place] = "class" if run is None else ("row", run)
        if run is not None:
            trace.builder.sizes.unify(chosen[place], indices[place].axes[run], "one position for each row")
    rows = [("row", run) for run in range(rank)]
    output = [*labels[:axis], *rows, *labels[axis + len(indices) :]]
    if not rest:
        return contraction([node], [labels], output)
    hot = OneHot(indices[rest[0]], chosen[rest[0]], True)
    return contraction([hot, node], [[*rows, "class"], labels], output)


def _run(trace: Trace, index: Node, value: Any, size: Size) -> int | None:
    """Return along which of its axes *index* counts 0, 1, 2, … through an axis of *size*; None if along none."""
    import numpy as np

    table = trace.builder.sizes
    inner = index.operands[0] if isinstance(index, Contraction) and len(index.operands) == 1 else index
    if isinstance(inner, Positions):
        run = index.output.index(index.inputs[0][0]) if isinstance(index, Contraction) else 0
        return run if table.may_be_equal(inner.axes[0], size) else None
    if value is None:
        return None
    for run, length in enumerate(value.shape):
        counted = np.arange(length).reshape([-1 if axis == run else 1 for axis in range(value.ndim)])
        if table.may_be_equal(index.axes[run], size) and (value == counted).all():
            return run
    return None


def _along(trace: Trace, x: Any, axis: Any, index: Any, spoken: str, *, own: bool) -> Node:
    """Return for every place in *index* the entry of *x* in that place, but along *axis* the one it names.

    own: every other axis of the index counts from 0, as far as it goes; if not, it is stretched to that of x.
    """
    builder, node, chosen = trace.builder, trace.lift(x), positions(trace, index, spoken)
    (place,) = builder.chosen_axes(node, axis, spoken)
    if chosen.rank != node.rank:
        shapes = f"{builder.sizes.shape_text(node)} and {builder.sizes.shape_text(chosen)}"
        raise ShapeError(f"{spoken} of shapes {shapes}: the positions need as many axes as the array")
    dropped = builder.sizes.root(chosen.axes[place]) == 1
    if dropped:
        chosen = builder.drop_axis(chosen, place)
    sizes = [(chosen.axes[at - (dropped and at > place)] if own else node.axes[at]) if at != place else None
             for at in range(node.rank)]  # fmt: skip
    letters = [at for at in range(node.rank) if at != place or not dropped]
    indices: list[Node] = []
    for at, size in enumerate(sizes):
        if size is None:
            indices.append(chosen)
            continue
        wide = [label if label == at else (label, 1) for label in letters]
        indices.append(contraction([Positions(size)], [[at]], wide))
    result = gathered(trace, node, 0, builder.broadcast(indices, f"{spoken} of"))
    return builder.expand(result, place) if dropped else result


def _take(trace: Trace, x: Any, indices: Any, axis: Any = None, *, mode: str = "raise") -> Node:
    """Positions along one axis; without one, in the array laid out row by row."""
    if mode != "raise":
        refuse(f"take with mode={mode!r}", "use positions inside the array")
    node, index = trace.lift(x), positions(trace, indices, "take")
    if node.rank == 0:
        trace.builder.need_axes(node, ("n",))
    if axis is not None:
        (place,) = trace.builder.chosen_axes(node, axis, "take")
        return gathered(trace, node, place, [index])
    value = known(trace, index)
    if node.rank == 1:
        return gathered(trace, node, 0, [index])
    if value is None:
        refuse("take without an axis at positions that depend on the variables", "name the axis")
    import numpy as np

    shape = [trace.builder.sizes.pin(size) for size in node.axes]
    try:
        places = np.unravel_index(np.where(value < 0, value + np.prod(shape), value).astype(int), shape)
    except ValueError as error:
        raise ShapeError(f"take from an array of {np.prod(shape)} entries: {error}") from error
    return gathered(trace, node, 0, [trace.lift(np.asarray(place), "places") for place in places])


def _index_select(trace: Trace, x: Any, dim: Any, index: Any) -> Node:
    return _take(trace, x, index, dim)


def _embedding(
    trace: Trace,
    input: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Node:
    if padding_idx is not None or max_norm is not None or scale_grad_by_freq:
        refuse(
            "embedding with padding_idx, max_norm or scale_grad_by_freq",
            "they make its gradient differ from its formula; leave them out",
        )
    node = trace.lift(weight)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "d"))
    return gathered(trace, node, 0, [positions(trace, input, "embedding")])


def _one_hot(trace: Trace, tensor: Any, num_classes: Any = -1) -> Node:
    node = positions(trace, tensor, "one_hot")
    size = size_of(trace, num_classes)
    if size == -1:
        value = known(trace, node)
        if value is None:
            refuse("one_hot without num_classes", "give the number of classes: one_hot(y, 10)")
        size = int(value.max()) + 1
    return OneHot(node, size, True)


def _masked(trace: Trace, x: Any, mask: Any) -> Node:
    if isinstance(mask, Traced):
        refuse("masked_select by a condition that depends on the variables", "write where")
    return indexed(trace, trace.lift(x), mask)


def _index_add(trace: Trace, x: Any, dim: Any, index: Any, source: Any, *, alpha: Any = 1) -> Node:
    builder, node, added = trace.builder, trace.lift(x), trace.lift(source)
    (axis,) = builder.chosen_axes(node, dim, "index_add")
    places = positions(trace, index, "index_add")
    said = f"index_add of shapes {builder.sizes.shape_text(node)} and {builder.sizes.shape_text(added)}"
    if added.rank != node.rank or places.rank != 1:
        raise ShapeError(said)
    for at, (own, other) in enumerate(zip(node.axes, added.axes, strict=True)):
        builder.sizes.unify(places.axes[0] if at == axis else own, other, said)
    if alpha != 1:
        added = builder.multiply(trace.lift(alpha), added)
    return builder.add(node, ScatterAdd((added, places), axis, node.axes))


def _scatter_add(trace: Trace, x: Any, dim: Any, index: Any, src: Any) -> Node:
    if trace.lift(x).rank != 1:
        refuse("scatter_add of more than one axis", "write index_add, or a product with one_hot(index)")
    return _index_add(trace, x, dim, index, src)


def _bincount(trace: Trace, x: Any, weights: Any = None, minlength: Any = 0) -> Node:
    places = positions(trace, x, "bincount")
    value = known(trace, places)
    if value is None or value.ndim != 1 or (value < 0).any():
        refuse("bincount of what is no vector of positions known beforehand", "write one_hot(x, k).sum(0)")
    length = max(int(value.max(initial=-1)) + 1, int(minlength))
    ones = trace.builder.constant(1) if weights is None else trace.lift(weights)
    counted, _ = trace.builder.broadcast([ones, places], "bincount of")
    return ScatterAdd((counted, places), 0, (length,))


SELECTIONS: dict[str, Callable[..., Node]] = {
    "getitem": lambda trace, input, key: trace.wrap(trace.lift(input))[key].node,
    "take": _take,
    "index_select": _index_select,
    "gather": lambda trace, input, dim, index, *, sparse_grad=False: _along(
        trace, input, dim, index, "gather", own=True
    ),
    "take_along_axis": lambda trace, arr, indices, axis: _along(
        trace, arr, axis, indices, "take_along_axis", own=False
    ),
    "take_along_dim": lambda trace, input, indices, dim: _along(
        trace, input, dim, indices, "take_along_dim", own=False
    ),
    "embedding": _embedding,
    "one_hot": _one_hot,
    "masked_select": _masked,
    "index_add": _index_add,
    "scatter_add": _scatter_add,
    "bincount": _bincount,
}
