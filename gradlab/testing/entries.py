"""The entries of one output of a function of tensors, each held against its formula or its differences."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.comparison import Comparison, compare
from gradlab.errors import GradientNotConfirmed, GradlabError
from gradlab.graph import Function
from gradlab.graph.guards import frozen_names
from gradlab.graph.kinds import Index
from gradlab.graph.nodes import switches, topological
from gradlab.graph.point import brief
from gradlab.sources import as_function, at_point
from gradlab.testing.tensor_functions import TensorFunction

if TYPE_CHECKING:
    from torch import Tensor

CACHED = 2**25
"""Numbers of outputs that are kept, 256 MiB: each point is evaluated once for all entries of an output."""


class Entries:
    """The entries of one output, each as a function of the arguments that are differentiated and hold numbers.

    checked: the function.  place, shape: of the output.  at: those arguments by name, at the point.
    """

    checked: TensorFunction
    place: int
    shape: tuple[int, ...]
    at: Mapping[str, Tensor]

    def __init__(self, checked: TensorFunction, place: int, shape: tuple[int, ...], at: Mapping[str, Tensor]) -> None:
        self.checked, self.place, self.shape, self.at = checked, place, shape, at
        self._seen: dict[bytes, Any] = {}

    def compared(self, entry: int, claimed: Mapping[str, Tensor]) -> Comparison:
        """Return the comparison of a claimed row of the Jacobian with the formula, without one with differences."""
        names = tuple(self.at)
        if self._whole is not None:
            function = self._whole
            if self.shape:
                function = function.with_output(Index(function.formula, self._position(entry)))
            routes = ("symbolic", "numeric") if _may_have_kinks(function) else ("symbolic",)
            return compare(function, self.at, wrt=names, routes=routes, claimed=claimed)
        return compare(self._called(entry), self.at, wrt=names, routes=("numeric",), claimed=claimed)

    def _position(self, entry: int) -> tuple[int, ...]:
        import numpy as np

        return tuple(int(axis) for axis in np.unravel_index(entry, self.shape))

    @cached_property
    def _whole(self) -> Function | None:
        """The output as read from the code, and held against it at the point; None where that cannot be done."""

        def output(*arguments: Any) -> Any:
            return self.checked.with_values(self._all(arguments))[self.place]

        try:
            function, _ = at_point(self._function(output, opaque=False), self.at)
        except GradlabError:
            return None  # what is no formula for gradlab can still be called
        # Differences can hold what is detached; the backward pass of an author is to know nothing of it.
        unread = function.output is None or frozen_names(function.output)
        return None if unread else function

    def _called(self, entry: int) -> Function:
        def component(*arguments: Any) -> float:
            values = self._values(arguments)
            return float(values[entry]) if values is not None else float("nan")

        return self._function(component, opaque=True)

    def _function(self, code: Callable[..., Any], *, opaque: bool) -> Function:
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in self.at]
        vars(code)["__signature__"] = inspect.Signature(parameters)
        shapes = {name: tuple(value.shape) for name, value in self.at.items()}
        return as_function(code, shapes=shapes, name=self.checked.called, opaque=opaque)

    def _all(self, arguments: Sequence[Any]) -> list[Any]:
        """Return values for all differentiated arguments; those that hold no numbers stay as they are."""
        given = dict(zip(self.at, arguments, strict=True))
        return [given.get(name, value) for name, value in self.checked.variables.items()]

    def _values(self, arguments: Sequence[Any]) -> Any:
        """Return all entries of the output, flat, from memory where the point has been seen; None where it raises."""
        import numpy as np

        key = b"".join(np.asarray(argument).tobytes() for argument in arguments)
        if key in self._seen:
            return self._seen[key]
        outputs = self.checked.near(self._all(arguments))
        values = None if outputs is None else self._flat(outputs[self.place], arguments)
        if self.shape and (len(self._seen) + 1) * int(np.prod(self.shape)) <= CACHED:
            self._seen[key] = values
        return values

    def _flat(self, output: Tensor, arguments: Sequence[Any]) -> Any:
        if tuple(output.shape) != self.shape:
            where = ", ".join(f"{name} = {brief(value)}" for name, value in zip(self.at, arguments, strict=True))
            raise GradientNotConfirmed(
                f"output {self.place} of {self.checked.called} has shape {self.shape} at the point, but "
                f"{tuple(output.shape)} at {where}"
            )
        return output.detach().double().cpu().numpy().reshape(-1)


def _may_have_kinks(function: Function) -> bool:
    """Return whether an operation or a decision of the code may have one; finite differences then look for it."""
    return bool(function.guards) or any(switches(node) for node in topological([function.formula]))
