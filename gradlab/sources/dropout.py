"""Dropout: nothing in evaluation; in training mode it draws at random, and is no function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradlab.graph.nodes import Node
from gradlab.sources.frames import calling_module, refuse

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


def _dropout(spoken: str) -> Callable[..., Node]:
    def call(trace: Trace, input: Any, p: Any = 0.5, training: Any = True, inplace: Any = False) -> Node:
        if training and p != 0:
            layer = calling_module()
            name = trace.layers.get(id(layer)) if layer is not None else None
            where = f" of the layer {name}" if name else f" of {type(layer).__name__}" if layer is not None else ""
            refuse(
                f"{spoken}{where} in training mode, which draws at random,",
                "call module.eval() first, or give a fixed mask as data: x * mask / (1 - p)",
            )
        return trace.lift(input)

    return call


DROPOUT: dict[str, Callable[..., Node]] = {
    name: _dropout(name)
    for name in (
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_dropout",
        "feature_alpha_dropout",
    )
}
