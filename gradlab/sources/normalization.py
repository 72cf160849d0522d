"""What variances, standard deviations and the normalising layers mean, in the terms of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradlab.errors import ShapeError
from gradlab.graph.kinds import Elementwise, Standardize, Variance
from gradlab.graph.nodes import Node
from gradlab.graph.operations import OPERATIONS, power
from gradlab.sources.frames import refuse
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


# Variance and standard deviation -------------------------------------------------------------------


def _variance(trace: Trace, x: Any, axis: Any, correction: Any, keepdims: Any) -> Node:
    if not isinstance(correction, (int, float, Fraction)):
        refuse(f"a variance with the correction {correction!r}", "give a number: 0 or 1")
    builder, node = trace.builder, trace.lift(x)
    along = tuple(sorted(builder.chosen_axes(node, axis, "variance")))
    result: Node = Variance(node, along, Fraction(correction))
    for position in along if keepdims else ():
        result = builder.expand(result, position)
    return result


def _numpy_variance(
    trace: Trace,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    *,
    keepdims: Any = False,
    correction: Any = None,
) -> Node:
    if dtype is not None or out is not None:
        refuse("np.var with dtype or out", "leave them out")
    return _variance(trace, x, axis, ddof if correction is None else correction, keepdims)


def _torch_variance(
    trace: Trace,
    x: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: Any = False,
    *,
    axis: Any = None,
    keepdims: Any = False,
    correction: Any = 1,
) -> Node:
    if isinstance(dim, bool):  # torch.var(x, False)
        dim, unbiased = None, dim
    chosen = correction if unbiased is None else int(bool(unbiased))
    return _variance(trace, x, axis if dim is None else dim, chosen, keepdim or keepdims)


def _variance_method(trace: Trace, x: Any, *arguments: Any, **options: Any) -> Node:
    """x.var(): divided by n in NumPy, by n - 1 in torch; told apart by what else the code says."""
    torch = bool({"dim", "keepdim", "unbiased"} & set(options)) or any(isinstance(a, bool) for a in arguments)
    numpy = "ddof" in options
    if not torch and not numpy:
        torch = "correction" in options or trace.as_torch(".var() or .std()")
    return (_torch_variance if torch else _numpy_variance)(trace, x, *arguments, **options)


def _root_of(variance: Callable[..., Node]) -> Callable[..., Node]:
    def deviation(trace: Trace, *arguments: Any, **options: Any) -> Node:
        return trace.builder.apply(OPERATIONS["sqrt"], variance(trace, *arguments, **options))

    return deviation


def _with_mean(spread: Callable[..., Node]) -> Callable[..., Any]:
    def both(
        trace: Trace,
        x: Any,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: Any = False,
        *,
        correction: Any = 1,
    ) -> tuple[Node, Node]:
        axes = None if isinstance(dim, bool) else dim
        mean = trace.builder.mean(trace.lift(x), axes, bool(keepdim))
        return spread(trace, x, dim, unbiased, keepdim, correction=correction), mean

    return both


# Layers ------------------------------------------------------------------------------------------


def _normalized_axes(trace: Trace, node: Node, shape: Any, spoken: str) -> tuple[int, ...]:
    """Return the last axes, which are to have the *shape*."""
    wanted = list(shape) if isinstance(shape, (tuple, list)) else [shape]
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "d"))
    sizes = trace.builder.sizes
    said = f"{spoken} over the shape {_shape_text(trace, wanted)} of an array of shape {sizes.shape_text(node)}"
    if not wanted or len(wanted) > node.rank:
        raise ShapeError(said)
    along = tuple(range(node.rank - len(wanted), node.rank))
    for axis, size in zip(along, wanted, strict=True):
        own = node.axes[axis]
        other = trace.size_of(size)
        # A number that fits here does not fix the size: it is the same for every other one.
        if sizes.number(own) is None or sizes.number(own) != sizes.number(other):
            sizes.unify(own, other, said)
    return along


def _shape_text(trace: Trace, wanted: Sequence[Any]) -> str:
    return f"({', '.join(str(trace.size_of(size)) for size in wanted)})"


def _epsilon(eps: Any) -> Fraction:
    if isinstance(eps, Traced) or not isinstance(eps, (int, float)):
        refuse("a normalisation whose eps is computed", "give a number, or write the layer out")
    return Fraction(eps)


def _scaled_and_shifted(trace: Trace, node: Node, weight: Any, bias: Any, trailing: int = 0) -> Node:
    """Return *node* times weight plus bias, for channels with *trailing* axes behind them."""
    builder = trace.builder

    def stretched(value: Any) -> Node:
        part = trace.lift(value)
        for _ in range(trailing):
            part = builder.expand(part, part.rank)
        return part

    if weight is not None:
        node = builder.multiply(node, stretched(weight))
    return node if bias is None else builder.add(node, stretched(bias))


def _layer_norm(
    trace: Trace, input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
) -> Node:
    node = trace.lift(input)
    along = _normalized_axes(trace, node, normalized_shape, "layer_norm")
    return _scaled_and_shifted(trace, Standardize(node, along, _epsilon(eps)), weight, bias)


def _rms_norm(trace: Trace, input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Node:
    """u / √(mean(u²) + ε)."""
    builder, node = trace.builder, trace.lift(input)
    along = _normalized_axes(trace, node, normalized_shape, "rms_norm")
    mean = builder.mean(Elementwise(power(Fraction(2)), (node,)), along, keepdims=True)
    epsilon = builder.constant(2.0**-52 if eps is None else _epsilon(eps))
    return _scaled_and_shifted(
        trace, builder.divide(node, builder.apply(OPERATIONS["sqrt"], builder.add(mean, epsilon))), weight, None
    )


def _channelwise(
    trace: Trace, node: Node, along: tuple[int, ...], own: Any, statistics: tuple[Any, Any], affine: Any, eps: Any
) -> Node:
    """Return the channels, axis 1, standardized: by their *own* statistics, or by given ones."""
    builder, trailing = trace.builder, node.rank - 2
    if own:
        node = Standardize(node, along, _epsilon(eps))
    else:
        mean, variance = (trace.lift(value) for value in statistics)
        deviation = builder.apply(OPERATIONS["sqrt"], builder.add(variance, builder.constant(_epsilon(eps))))
        for _ in range(trailing):
            mean, deviation = builder.expand(mean, mean.rank), builder.expand(deviation, deviation.rank)
        node = builder.divide(builder.subtract(node, mean), deviation)
    return _scaled_and_shifted(trace, node, *affine, trailing=trailing)


def _batch_norm(
    trace: Trace,
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: Any = False,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
    cudnn_enabled: Any = None,
) -> Node:
    node = trace.lift(input)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "d"))
    if node.rank < 2:
        raise ShapeError(f"batch_norm of shape {trace.builder.sizes.shape_text(node)}, which has no axis of channels")
    along = (0, *range(2, node.rank))
    return _channelwise(trace, node, along, training, (running_mean, running_var), (weight, bias), eps)


def _instance_norm(
    trace: Trace,
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: Any = True,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
) -> Node:
    node = trace.lift(input)
    if node.rank == 0:
        trace.builder.need_axes(node, ("n", "c", "l"))
    if node.rank < 3:
        raise ShapeError(f"instance_norm of shape {trace.builder.sizes.shape_text(node)}; it takes (n, channels, …)")
    along = tuple(range(2, node.rank))
    return _channelwise(trace, node, along, use_input_stats, (running_mean, running_var), (weight, bias), eps)


OWN = {(library, name): f"{library}_{name}" for library in ("numpy", "torch") for name in ("var", "std")}
"""NumPy divides by n, torch by n - 1; as methods the two cannot be told apart by their names."""

NORMALIZATION: dict[str, Callable[..., Any]] = {
    "var": _variance_method,
    "std": _root_of(_variance_method),
    "numpy_var": _numpy_variance,
    "numpy_std": _root_of(_numpy_variance),
    "torch_var": _torch_variance,
    "torch_std": _root_of(_torch_variance),
    "var_mean": _with_mean(_torch_variance),
    "std_mean": _with_mean(_root_of(_torch_variance)),
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
}
