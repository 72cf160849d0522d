"""backward() at every point, as in the loop that torch users write by hand::

for step in range(steps):
    loss = mse(f(t, params), y)
    loss.backward()
    with torch.no_grad():
        params -= rate * params.grad
    params.grad = None
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from gradlab.descent.history import Layout
from gradlab.errors import GradlabError
from gradlab.graph import Function, Point
from gradlab.graph.raising import raised

if TYPE_CHECKING:
    from gradlab.graph.point import Array


class Steps:
    """The loss of one function and its gradient at flat tensors.

    layout: of the variables that move.  given: the values of the others, of this batch, taken in *dtype* too.
    alone: whether `one` will do, in place of `several`: one vector moves, and nothing else would get a gradient.
    """

    def __init__(
        self, function: Function, point: Point, layout: Layout, given: Mapping[str, Any], dtype: Any = None
    ) -> None:
        import torch

        from gradlab.autodiff import backward

        self._function, self._layout = function, layout
        self.dtype: Any = dtype or torch.float64
        self._counts, self._shapes = layout.counts, list(layout.shapes.values())
        self._moving, self._names = list(layout.shapes), list(function.variables)
        self.given: dict[str, Any] = {}
        self._tensors: dict[str, Any] = {}
        self.take(given)
        self.start: Any = self.vector(layout.flat({name: point[name] for name in layout.shapes}))
        leaves = self._apart(self.start)
        self._call, loss = _code(function, point, self._arguments(leaves), self.dtype)
        if loss.ndim or not loss.requires_grad:
            # Raises, and says what to write, unless the loss is constant.
            backward(function, point, wrt=self._moving, dtype=self.dtype)
        # To name the inputs costs a tenth of a small step; without it, weights that the code holds gather gradients.
        self._shared = _reaches_others(loss, leaves)
        vector = len(self._shapes) == 1 and len(self._shapes[0]) == 1
        self.alone: bool = vector and loss.requires_grad and not self._shared and not given

    def take(self, batch: Mapping[str, Any]) -> None:
        """Take other values for the data variables."""
        import torch

        for name, value in batch.items():
            tensor = value.detach() if isinstance(value, torch.Tensor) else torch.as_tensor(value)
            # Labels stay whole numbers, which cross_entropy asks for.
            self._tensors[name] = tensor.to(self.dtype) if tensor.is_floating_point() else tensor
            self.given[name] = value

    def vector(self, row: Array) -> Any:
        """Return a row of an array as a tensor in the dtype of the run."""
        import torch

        return torch.tensor(row, dtype=self.dtype)

    def several(self, x: Any) -> tuple[float, Any]:
        """Return the loss and its gradient at *x*."""
        import torch

        leaves = self._apart(x)
        try:
            loss = self._call(*self._arguments(leaves))
        except Exception as error:
            self._tell(error, x)
        if loss.requires_grad:
            loss.backward(inputs=leaves if self._shared else None)
        partials = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
        return loss.item(), torch.cat([partial.reshape(-1) for partial in partials])

    def one(self, x: Any) -> tuple[float, Any]:
        """Return the same for a single vector. Turning the flag on and off is cheaper than a detached copy."""
        x.requires_grad_()
        try:
            loss = self._call(x)
        except Exception as error:
            self._tell(error, x)
        loss.backward()
        x.requires_grad_(False)
        gradient, x.grad = x.grad, None
        return loss.item(), gradient

    def _tell(self, error: Exception, x: Any) -> NoReturn:
        if isinstance(error, GradlabError):
            raise error
        at = Point(self._layout.unpacked(x.detach().double().numpy()))
        raise raised(self._function, error, at) from error

    def _apart(self, x: Any) -> list[Any]:
        return [
            part.view(shape).requires_grad_() for part, shape in zip(x.split(self._counts), self._shapes, strict=True)
        ]

    def _arguments(self, leaves: Sequence[Any]) -> Sequence[Any]:
        if not self._tensors:
            return leaves
        values = {**self._tensors, **dict(zip(self._moving, leaves, strict=True))}
        return [values[name] for name in self._names]


def rows(tensors: Sequence[Any]) -> Array:
    """Return tensors as the rows of a float64 array."""
    import torch

    return torch.stack(list(tensors)).double().numpy()


def _reaches_others(loss: Any, leaves: Sequence[Any]) -> bool:
    """Return whether ``loss.backward()`` would leave a gradient in tensors that are not among *leaves*."""
    known = {id(leaf) for leaf in leaves}
    seen: set[Any] = set()
    pending = [loss.grad_fn]
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None and id(variable) not in known:
            return True
        pending.extend(following for following, _ in node.next_functions)
    return False


def _code(function: Function, point: Point, values: Sequence[Any], dtype: Any) -> tuple[Callable[..., Any], Any]:
    """Return the loss as a function of tensors, and its value: the writer's code if it takes them, else the graph."""
    import torch

    if function.code is not None and (function.style in ("torch", "python") or function.output is None):
        with suppress(Exception):  # whatever it raises, it is said below, or the formula does
            loss = function.code(*values)
            if isinstance(loss, torch.Tensor):
                return function.code, loss
    if function.output is None:
        from gradlab.autodiff import backward

        backward(function, point, dtype=dtype)  # raises, and says why the code does not run
    from gradlab.graph.backends import TorchBackend
    from gradlab.graph.evaluation import evaluate_all
    from gradlab.graph.nodes import topological

    if function.guards:
        raise GradlabError(
            f"{function.signature} decides by its values and is not written in torch: its formula holds for "
            f"{function.guards[0]} alone; choose engine='exact', which follows the code from way to way"
        )
    output = function.formula
    ordered = topological([output])
    bound: dict[str, Any] = {name: torch.tensor(array, dtype=dtype) for name, array in function.data.items()}
    backend = TorchBackend(bound, function.sizes(point), dtype)
    names = list(function.variables)

    def call(*values: Any) -> Any:
        given = (value if value.is_floating_point() else value.to(dtype) for value in values)
        bound.update(zip(names, given, strict=True))
        return evaluate_all(ordered, backend)[output]

    return call, call(*values)
