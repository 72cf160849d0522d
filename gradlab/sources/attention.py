"""What attention means: softmax(Q K^T / √d) V, masked or not, with one head or several.

Several heads need no reshaping: each head takes its own rows of the weights, and the outputs of the heads, each
times its own columns of the last weight, are added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Constant, Linear, Softmax, Triangle
from gradlab.graph.kinds.contraction import contraction
from gradlab.graph.nodes import Node
from gradlab.graph.operations import GREATER, WHERE
from gradlab.graph.sizes import ONE, Coefficient, Size
from gradlab.sources.conditions import MINUS_INFINITY, is_truth
from gradlab.sources.frames import name_of, refuse
from gradlab.sources.linear_layer import linear
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace

Labels = Sequence[str]


def _product(trace: Trace, first: Node, left: Labels, second: Node, right: Labels, output: Labels) -> Node:
    """Return a contraction whose axes of the same label must be of one size."""
    sizes = trace.builder.sizes
    said = f"attention of shapes {sizes.shape_text(first)} and {sizes.shape_text(second)}"
    known: dict[str, Size] = dict(zip(left, first.axes, strict=True))
    for label, size in zip(right, second.axes, strict=True):
        if label in known:
            sizes.unify(known[label], size, said)
    return contraction([first, second], [left, right], output)


def _scaled(trace: Trace, scores: Node, width: Size, scale: Any) -> Node:
    builder = trace.builder
    if scale is not None:
        return builder.multiply(trace.lift(scale), scores)
    return Linear((Coefficient.of_size(builder.sizes.root(width), Fraction(-1, 2)),), (scores,))


def _masked(trace: Trace, scores: Node, mask: Any, *, true_is_kept: bool) -> Node:
    """Return the scores with a mask: truth values, or numbers to be added, -∞ among them."""
    builder = trace.builder
    if not isinstance(mask, Traced):
        import numpy as np

        given = mask
        mask = np.asarray(given.detach().cpu().numpy() if hasattr(given, "detach") else given)
        if mask.dtype == bool:
            mask = trace.wrap(trace.lift(given, name_of(given) or "mask"))
        else:
            hidden = mask == -np.inf
            finite = np.where(hidden, 0.0, mask)
            if finite.any():
                scores = builder.add(scores, trace.lift(finite, "bias"))
            if not hidden.any():
                return scores
            mask, true_is_kept = trace.wrap(trace.lift(~hidden, "mask")), True
    node = trace.lift(mask)
    if not is_truth(trace, node):
        return builder.add(scores, node)
    pair = (scores, MINUS_INFINITY) if true_is_kept else (MINUS_INFINITY, scores)
    return builder.apply(WHERE, node, *pair)


def _causal(trace: Trace, scores: Node) -> Node:
    """Return whether each key comes no later than its query: the lower triangle of the last two axes."""
    builder = trace.builder
    ones = Constant(ONE, scores.axes[-2:])
    lower = builder.apply(GREATER, Triangle(ones, 0, False), builder.constant(Fraction(1, 2)))
    trace.name_value(lower, "causal")
    return lower


def _attend(trace: Trace, scores: Node, name: str = "A") -> Node:
    weights = Softmax(scores, scores.rank - 1)
    trace.name_value(weights, name)
    return weights


def _scaled_dot_product_attention(
    trace: Trace,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: Any = 0.0,
    is_causal: Any = False,
    scale: Any = None,
    enable_gqa: Any = False,
) -> Node:
    """softmax(Q K^T / √d + mask) V over the last two axes."""
    if dropout_p != 0:
        refuse("attention with dropout, which draws at random,", "leave dropout_p out")
    if enable_gqa:
        refuse("attention with enable_gqa", "repeat the heads of key and value")
    q, k, v = (trace.lift(part) for part in (query, key, value))
    sizes = trace.builder.sizes
    for part in (q, k, v):
        if part.rank == 0:
            trace.builder.need_axes(part, ("n", "d"))
    if not q.rank == k.rank == v.rank >= 2:
        shapes = ", ".join(sizes.shape_text(part) for part in (q, k, v))
        raise ShapeError(f"attention of shapes {shapes}: query, key and value must have as many axes")
    lead = [f"lead{place}" for place in range(q.rank - 2)]
    scores = _product(trace, q, [*lead, "l", "d"], k, [*lead, "s", "d"], [*lead, "l", "s"])
    scores = _scaled(trace, scores, q.axes[-1], scale)
    if is_causal:
        scores = _masked(trace, scores, trace.wrap(_causal(trace, scores)), true_is_kept=True)
    if attn_mask is not None:
        scores = _masked(trace, scores, attn_mask, true_is_kept=True)
    return _product(trace, _attend(trace, scores), [*lead, "l", "s"], v, [*lead, "s", "e"], [*lead, "l", "e"])


# Several heads -----------------------------------------------------------------------------------


def _heads(
    trace: Trace,
    inputs: Sequence[Any],
    weights: Sequence[Callable[[slice], tuple[Any, Any]]],
    out: tuple[Any, Any],
    heads: int,
    width: int,
    masks: Sequence[Any],
    batch: Labels,
) -> tuple[Node, list[Node]]:
    """Return the output of attention with several heads, and the attention weights of each head.

    weights: for query, key and value, the rows of weight and bias for one head.  width: of one head.
    masks: added to the scores; true where a truth value hides.  batch: the labels of the axes, "t" for time.
    """
    builder = trace.builder
    outputs: list[Node] = []
    attention: list[Node] = []
    for head in range(heads):
        rows = slice(head * width, (head + 1) * width)
        suffix = str(head + 1) if heads > 1 else ""
        q, k, v = (linear(trace, part, *pick(rows)) for part, pick in zip(inputs, weights, strict=True))
        for name, node in (("Q", q), ("K", k), ("V", v)):
            trace.name_value(node, name + suffix)
        left, right = ([["l", "s"][place] if label == "t" else label for label in batch] for place in (0, 1))
        kept = [label for label in batch if label != "t"]
        scores = _product(trace, q, [*left, "d"], k, [*right, "d"], [*kept, "l", "s"])
        scores = _scaled(trace, scores, width, None)
        for mask in masks:
            if mask is not None:
                scores = _masked(trace, scores, mask, true_is_kept=False)
        found = _attend(trace, scores, f"A{suffix}")
        head_output = _product(trace, found, [*kept, "l", "s"], v, [*right, "d"], [*left, "d"])
        trace.name_value(head_output, f"O{suffix}")
        weight, _ = out
        outputs.append(linear(trace, trace.wrap(head_output), weight[:, rows]))
        attention.append(found)
    total = outputs[0] if heads == 1 else Linear((ONE,) * heads, tuple(outputs))
    bias = out[1]
    return total if bias is None else builder.add(total, trace.lift(bias)), attention


def _multihead_module(
    trace: Trace,
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    if module.training and module.dropout:
        refuse("the dropout of MultiheadAttention in training mode", "call module.eval() first")
    if module.bias_k is not None or module.bias_v is not None or module.add_zero_attn:
        refuse("MultiheadAttention with add_bias_kv or add_zero_attn", "leave them out")
    heads, width, whole = module.num_heads, module.head_dim, module.embed_dim
    rank = trace.lift(query).rank
    if rank == 0:
        trace.builder.need_axes(trace.lift(query), ("n", "d"))
    if rank not in (2, 3):
        raise ShapeError(f"MultiheadAttention of {rank} axes; it takes (n, d), or that with a batch")
    batch = ["t"] if rank == 2 else ["b", "t"] if module.batch_first else ["t", "b"]
    bias = module.in_proj_bias

    def picker(place: int, name: str) -> Callable[[slice], tuple[Any, Any]]:
        def pick(rows: slice) -> tuple[Any, Any]:
            shifted = slice(rows.start + place * whole, rows.stop + place * whole)
            own = module.in_proj_weight[shifted] if module._qkv_same_embed_dim else getattr(module, name)[rows]
            return own, None if bias is None else bias[shifted]

        return pick

    pickers = [picker(place, f"{letter}_proj_weight") for place, letter in enumerate("qkv")]
    if key_padding_mask is not None:
        if key_padding_mask.ndim != rank - 1:
            raise ShapeError(f"key_padding_mask has {key_padding_mask.ndim} axes; for {rank} axes it has {rank - 1}")
        if rank == 3:  # (batch, keys): the same for all queries
            key_padding_mask = key_padding_mask[:, None, :]
    out = (module.out_proj.weight, module.out_proj.bias)
    masks = (_without_heads(attn_mask, heads), key_padding_mask)
    result, found = _heads(trace, (query, key, value), pickers, out, heads, width, masks, batch)
    if not need_weights:
        return trace.wrap(result), None
    if average_attn_weights:
        shared = Coefficient(Fraction(1, heads))
        return trace.wrap(result), trace.wrap(Linear((shared,) * heads, tuple(found)))
    return trace.wrap(result), trace.wrap(trace.builder.stack(found, rank - 2))


def _without_heads(mask: Any, heads: int) -> Any:
    if mask is not None and mask.ndim == 3:
        refuse("a mask of its own for every head", "give one mask of shape (queries, keys)")
    return mask


ATTENTION: dict[str, Callable[..., Any]] = {"scaled_dot_product_attention": _scaled_dot_product_attention}

ATTENTION_LAYERS: dict[str, Callable[..., Any]] = {"MultiheadAttention": _multihead_module}
"""Modules of torch.nn whose forward() is done by these functions while it is read."""
