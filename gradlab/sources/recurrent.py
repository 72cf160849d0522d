"""What recurrent cells mean, and recurrent layers: the same cell, unrolled over the time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.nodes import Node
from gradlab.graph.operations import OPERATIONS
from gradlab.sources.frames import refuse
from gradlab.sources.linear_layer import linear

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

Weights = Sequence[Any]
"""The weights of the input and of the state, and their two biases, which may be None."""


def _affine(trace: Trace, x: Any, h: Any, weights: Weights) -> tuple[Node, Node | None]:
    """Return ``x W^T + b`` and ``h U^T + c``; None where the state is zero and there is no bias."""
    w_ih, w_hh, b_ih, b_hh = weights
    state = linear(trace, h, w_hh, b_hh) if h is not None else None if b_hh is None else trace.lift(b_hh)
    return linear(trace, x, w_ih, b_ih), state


def _total(trace: Trace, x: Any, h: Any, weights: Weights) -> Node:
    first, second = _affine(trace, x, h, weights)
    return first if second is None else trace.builder.add(first, second)


def _gates(trace: Trace, node: Node, count: int) -> list[Node]:
    """Return the parts of a vector of gates: equal slices of its last axis."""
    whole = trace.builder.sizes.pin(node.axes[-1])
    width = whole // count
    if width * count != whole:
        raise ShapeError(f"weights of {whole} rows do not make {count} gates")
    return [
        trace.builder.index(node, (Ellipsis, slice(place * width, (place + 1) * width or None)))
        for place in range(count)
    ]


def _named(trace: Trace, suffix: str, **nodes: Node) -> None:
    for name, node in nodes.items():
        trace.name_value(node, name + suffix)


def _simple(nonlinearity: str) -> Callable[..., tuple[Node, ...]]:
    def step(trace: Trace, x: Any, state: tuple[Any, ...], weights: Weights, suffix: str = "") -> tuple[Node, ...]:
        return (trace.builder.apply(OPERATIONS[nonlinearity], _total(trace, x, state[0], weights)),)

    return step


def _lstm(trace: Trace, x: Any, state: tuple[Any, ...], weights: Weights, suffix: str = "") -> tuple[Node, ...]:
    """c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c')."""
    builder, (h, c) = trace.builder, state
    total = _total(trace, x, h, weights)
    parts = _gates(trace, total, 4)
    sigmoid, tanh = OPERATIONS["sigmoid"], OPERATIONS["tanh"]
    i, f, g, o = (
        builder.apply(kind, part) for kind, part in zip((sigmoid, sigmoid, tanh, sigmoid), parts, strict=True)
    )
    new = builder.multiply(i, g)
    if c is not None:
        new = builder.add(builder.multiply(f, trace.lift(c)), new)
    _named(trace, suffix, G=total, i=i, f=f, g=g, o=o)
    return builder.multiply(o, builder.apply(tanh, new)), new


def _gru(trace: Trace, x: Any, state: tuple[Any, ...], weights: Weights, suffix: str = "") -> tuple[Node, ...]:
    """h' = (1 - z) ⊙ g + z ⊙ h, the candidate g with the state behind the gate r."""
    builder, (h,) = trace.builder, state
    sigmoid = OPERATIONS["sigmoid"]
    first, second = _affine(trace, x, h, weights)
    from_x = _gates(trace, first, 3)
    from_h = _gates(trace, second, 3) if second is not None else [None] * 3

    def added(left: Node, right: Node | None) -> Node:
        return left if right is None else builder.add(left, right)

    r = builder.apply(sigmoid, added(from_x[0], from_h[0]))
    z = builder.apply(sigmoid, added(from_x[1], from_h[1]))
    gated = from_h[2] if from_h[2] is None else builder.multiply(r, from_h[2])
    g = builder.apply(OPERATIONS["tanh"], added(from_x[2], gated))
    new = builder.multiply(builder.subtract(builder.constant(1), z), g)
    if h is not None:
        new = builder.add(new, builder.multiply(z, trace.lift(h)))
    _named(trace, suffix, r=r, z=z, g=g)
    return (new,)


STEPS: dict[str, Callable[..., tuple[Node, ...]]] = {
    "RNN_TANH": _simple("tanh"),
    "RNN_RELU": _simple("relu"),
    "LSTM": _lstm,
    "GRU": _gru,
}


# Cells, as functions and as modules -------------------------------------------------------------------


def _cell(mode: str) -> Callable[..., Any]:
    def call(trace: Trace, input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
        state = tuple(hx) if mode == "LSTM" else (hx,)
        result = STEPS[mode](trace, input, state, (w_ih, w_hh, b_ih, b_hh))
        return result if mode == "LSTM" else result[0]

    return call


CELLS: dict[str, Callable[..., Any]] = {
    "rnn_tanh_cell": _cell("RNN_TANH"),
    "rnn_relu_cell": _cell("RNN_RELU"),
    "lstm_cell": _cell("LSTM"),
    "gru_cell": _cell("GRU"),
}


def _cell_module(trace: Trace, module: Any, input: Any, hx: Any = None) -> Any:
    lstm = type(module).__name__ == "LSTMCell"
    mode = {"LSTMCell": "LSTM", "GRUCell": "GRU"}.get(type(module).__name__) or f"RNN_{module.nonlinearity.upper()}"
    state = (tuple(hx) if lstm else (hx,)) if hx is not None else (None,) * (1 + lstm)
    weights = (module.weight_ih, module.weight_hh, module.bias_ih, module.bias_hh)
    result = tuple(map(trace.wrap, STEPS[mode](trace, input, state, weights)))
    return result if lstm else result[0]


def _unrolled(trace: Trace, module: Any, input: Any, hx: Any = None) -> Any:
    """Return what a recurrent layer returns: the states of its last layer at every time, and the last states."""
    if module.bidirectional or module.proj_size:
        refuse(f"a {type(module).__name__} that is bidirectional or projects", "use a plain one, or unroll its cells")
    if module.training and module.dropout and module.num_layers > 1:
        refuse(f"the dropout of a {type(module).__name__} in training mode", "call module.eval() first")
    if type(input).__name__ == "PackedSequence":
        refuse("a packed sequence", "give one array for all times")
    builder, lstm = trace.builder, module.mode == "LSTM"
    sequence = trace.lift(input)
    if sequence.rank == 0:
        builder.need_axes(sequence, ("t", "n", "d"))
    if sequence.rank not in (2, 3):
        raise ShapeError(f"{type(module).__name__} of shape {builder.sizes.shape_text(sequence)}; it takes (t, n, d)")
    time = 1 if module.batch_first and sequence.rank == 3 else 0
    given = (tuple(hx) if lstm else (hx,)) if hx is not None else ()
    steps = builder.sizes.pin(sequence.axes[time])
    inputs = [builder.index(sequence, (*[slice(None)] * time, place)) for place in range(steps)]
    last: list[tuple[Node, ...]] = []
    for layer in range(module.num_layers):
        weights = [
            getattr(module, f"{name}_l{layer}", None) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        state: tuple[Any, ...] = tuple(builder.index(trace.lift(part), layer) for part in given) or (None,) * (1 + lstm)
        behind = f"_l{layer}" if module.num_layers > 1 else ""
        for place, x in enumerate(inputs):
            suffix = f"{place + 1}{behind}"
            state = STEPS[module.mode](trace, trace.wrap(x), tuple(map(_wrapped(trace), state)), weights, suffix)
            _named(trace, suffix, **dict(zip("hc", state, strict=False)))
            inputs[place] = state[0]
        last.append(state)
    output = trace.wrap(builder.stack(inputs, time))
    finals = tuple(trace.wrap(builder.stack([state[part] for state in last])) for part in range(1 + lstm))
    return output, finals if lstm else finals[0]


def _wrapped(trace: Trace) -> Callable[[Node | None], Any]:
    return lambda node: None if node is None else trace.wrap(node)


RECURRENT: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("RNNCell", "LSTMCell", "GRUCell"), _cell_module),
    **dict.fromkeys(("RNN", "LSTM", "GRU"), _unrolled),
}
"""Modules of torch.nn whose forward() is done by these functions while it is read."""
