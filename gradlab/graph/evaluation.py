"""Evaluating a graph in any of the backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.graph.backends import Backend, BallBackend, NumpyBackend, TorchBackend
from gradlab.graph.nodes import Node, compute, topological


def evaluate(outputs: Sequence[Node], backend: Backend) -> list[Any]:
    """Return the value of every node in *outputs*, each subexpression computed once."""
    values = evaluate_all(topological(outputs), backend)
    return [values[output] for output in outputs]


def evaluate_all(ordered: Sequence[Node], backend: Backend) -> dict[Node, Any]:
    """Return the values of nodes that come operands first, as `topological` returns them."""
    values: dict[Node, Any] = {}
    for node in ordered:
        values[node] = compute(node, [values[operand] for operand in node.operands], backend)
    return values


def with_numpy(
    outputs: Sequence[Node], values: Mapping[str, Any], sizes: Mapping[str, int], dtype: Any = None
) -> list[Any]:
    """Return the outputs in float64, or in *dtype*. Values may carry leading axes: one for each point."""
    import numpy

    # inf and nan are looked for by the callers, who can say where they come from.
    with numpy.errstate(all="ignore"):
        return evaluate(outputs, NumpyBackend(values, sizes, dtype))


def with_torch(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    dtype: Any,
    device: Any = None,
) -> list[Any]:
    """Return the outputs as torch tensors, through operations that autograd records."""
    return evaluate(outputs, TorchBackend(values, sizes, dtype, device))


def with_balls(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    precision: int = 128,
    *,
    rounded_inputs: bool = False,
) -> list[Any]:
    """Return the outputs as arrays of Arb balls that enclose the exact values.

    precision: working bits; 53 shows what double precision can know.
    rounded_inputs: whether the numbers in *values* are known to that precision only; exact if not.
    """
    import flint

    with flint.ctx.workprec(precision):
        return evaluate(outputs, BallBackend(values, sizes, precision, rounded_inputs=rounded_inputs))
