"""What NumPy and torch write differently: module, axes, new arrays, helper functions."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from gradlab.graph.emission.fragments import write
from gradlab.graph.operations import Operation


@dataclass(frozen=True, eq=False)
class Dialect:
    """How one library is written; `NUMPY` and `TORCH` are the two.

    module: the name it goes by.  imports: the line that gives it.  axis: the option that names an axis.
    helpers: functions that it lacks, by name, as text; each is defined above the function that calls it.
    """

    name: str
    module: str
    imports: str
    axis: str
    helpers: Mapping[str, str]

    @property
    def is_torch(self) -> bool:
        return self.name == "torch"

    def elementwise(self, operation: Operation, module: Any, arguments: Sequence[Any]) -> Any:
        """Return *operation* called on stand-ins."""
        return (operation.torch if self.is_torch else operation.numpy)(module, *arguments)

    def summed(self, tree: ast.expr, axes: Sequence[int] | None, rank: int) -> ast.expr:
        """Return the sum over *axes*, all if None."""
        if axes is None:
            return write("_0.sum()", tree)
        places = axes[0] if len(axes) == 1 else tuple(axes)
        return write(f"_0.sum({self.axis}=_1)", tree, places)

    def inner(self, first: ast.expr, second: ast.expr, rank: int) -> ast.expr:
        """Return the sum of the products of all entries."""
        if rank == 1:
            return write("_0 @ _1", first, second)
        return write("(_0 * _1).sum()" if self.is_torch else "np.vdot(_0, _1)", first, second)

    def outer(self, first: ast.expr, second: ast.expr) -> ast.expr:
        return write(f"{self.module}.outer(_0, _1)", first, second)

    def tensordot(self, first: ast.expr, second: ast.expr, left: list[int], right: list[int]) -> ast.expr:
        option = "dims" if self.is_torch else "axes"
        return write(f"{self.module}.tensordot(_0, _1, {option}=_2)", first, second, (left, right))

    def permuted(self, tree: ast.expr, order: Sequence[int]) -> ast.expr:
        return write("_0.permute(_1)" if self.is_torch else "_0.transpose(_1)", tree, tuple(order))

    def turned_matrices(self, tree: ast.expr) -> ast.expr:
        """Return a stack of matrices, each transposed."""
        return write("_0.mT" if self.is_torch else "_0.swapaxes(-1, -2)", tree)

    def copied(self, tree: ast.expr) -> ast.expr:
        return write("_0.clone()" if self.is_torch else "_0.copy()", tree)


def _texts(**helpers: str) -> dict[str, str]:
    return {name: dedent(text).strip() for name, text in helpers.items()}


NUMPY = Dialect(
    "numpy",
    "np",
    "import numpy as np",
    "axis",
    _texts(
        sigmoid="""
            def sigmoid(u):
                decayed = np.exp(-np.abs(u))  # never overflows
                return np.where(u >= 0, 1.0, decayed) / (1.0 + decayed)
            """,
        erf="""
            def erf(u):
                return np.vectorize(math.erf, otypes=[float])(u)
            """,
        erfc="""
            def erfc(u):
                return np.vectorize(math.erfc, otypes=[float])(u)
            """,
        normal_cdf="""
            def normal_cdf(u):
                return 0.5 * np.vectorize(math.erfc, otypes=[float])(-u / math.sqrt(2))
            """,
        gelu="""
            def gelu(u):
                return u * 0.5 * np.vectorize(math.erfc, otypes=[float])(-u / math.sqrt(2))
            """,
        lgamma="""
            def lgamma(u):
                return np.vectorize(math.lgamma, otypes=[float])(u)
            """,
        gamma="""
            def gamma(u):
                return np.vectorize(math.gamma, otypes=[float])(u)
            """,
        digamma="""
            def digamma(u):
                positive = np.where(u < 0.5, 1.0 - u, u)
                shifted = positive + 10.0
                square = 1.0 / (shifted * shifted)
                series = 1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132)))
                found = np.log(shifted) - 0.5 / shifted - square * series
                for step in range(10):
                    found = found - 1.0 / (positive + step)
                return np.where(u < 0.5, found - np.pi / np.tan(np.pi * u), found)
            """,
        softmax="""
            def softmax(u, axis=-1):
                raised = np.exp(u - u.max(axis=axis, keepdims=True))
                return raised / raised.sum(axis=axis, keepdims=True)
            """,
        logsumexp="""
            def logsumexp(u, axis=-1):
                largest = u.max(axis=axis, keepdims=True)
                return largest.squeeze(axis) + np.log(np.exp(u - largest).sum(axis=axis))
            """,
        softmax_and_logsumexp="""
            def softmax_and_logsumexp(u, axis=-1):
                largest = u.max(axis=axis, keepdims=True)
                raised = np.exp(u - largest)
                total = raised.sum(axis=axis, keepdims=True)
                return raised / total, (largest + np.log(total)).squeeze(axis)
            """,
        one_hot="""
            def one_hot(labels, classes):
                return (labels[..., None] == np.arange(classes)).astype(float)
            """,
        log_determinant="""
            def log_determinant(u):
                sign, logarithm = np.linalg.slogdet(u)
                return np.where(sign < 0, np.nan, logarithm)
            """,
        norm="""
            def norm(u, axes):
                return np.sqrt((u * u).sum(axis=axes))
            """,
        shared_out="""
            def shared_out(u, axes):
                ties = u == u.max(axis=axes, keepdims=True)
                return ties / ties.sum(axis=axes, keepdims=True)
            """,
        given_to_first="""
            def given_to_first(u, axes):
                last = np.moveaxis(u, axes, range(-len(axes), 0))
                rows = last.reshape(*last.shape[: -len(axes)], -1)
                first = rows.argmax(axis=-1)[..., None] == np.arange(rows.shape[-1])
                return np.moveaxis(first.reshape(last.shape), range(-len(axes), 0), axes).astype(float)
            """,
        added_at="""
            def added_at(values, places, shape, axis):
                total = np.zeros(shape)
                np.add.at(total, (slice(None),) * axis + places, values)
                return total
            """,
        windows="""
            def windows(u, axis, length, stride, dilation):
                span = (length - 1) * dilation + 1
                found = np.lib.stride_tricks.sliding_window_view(u, span, axis)[..., ::dilation]
                positions = (slice(None),) * (u.ndim + axis) + (slice(None, None, stride),)
                return np.moveaxis(found[positions], -1, axis)
            """,
        overlapped="""
            def overlapped(u, axis, size, stride, dilation):
                positions = u.ndim - 1 + axis
                count, length = u.shape[positions], u.shape[positions + 1]
                total = np.zeros((*u.shape[:positions], size, *u.shape[positions + 2 :]))
                for offset in range(length):
                    start = offset * dilation
                    places = (slice(None),) * positions + (slice(start, start + (count - 1) * stride + 1, stride),)
                    total[places] += u.take(offset, positions + 1)
                return total
            """,
    ),
)

TORCH = Dialect(
    "torch",
    "torch",
    "import torch",
    "dim",
    _texts(
        softplus="""
            def softplus(u):
                return torch.logaddexp(torch.zeros_like(u), u)
            """,
        one_hot="""
            def one_hot(labels, classes, dtype):
                return (labels[..., None] == torch.arange(classes, device=labels.device)).to(dtype)
            """,
        shared_out="""
            def shared_out(u, axes):
                ties = (u == u.amax(dim=axes, keepdim=True)).to(u.dtype)
                return ties / ties.sum(dim=axes, keepdim=True)
            """,
        given_to_first="""
            def given_to_first(u, axes):
                ends = tuple(range(-len(axes), 0))
                last = u.movedim(axes, ends)
                rows = last.flatten(-len(axes))
                first = rows.argmax(dim=-1, keepdim=True) == torch.arange(rows.shape[-1], device=u.device)
                return first.reshape(last.shape).movedim(ends, axes).to(u.dtype)
            """,
        added_at="""
            def added_at(values, places, shape, axis):
                total = values.new_zeros(shape)
                before, after = tuple(range(axis)), tuple(range(-axis, 0))
                total.movedim(before, after).index_put_(places, values.movedim(before, after), accumulate=True)
                return total
            """,
        windows="""
            def windows(u, axis, length, stride, dilation):
                found = u.unfold(axis, (length - 1) * dilation + 1, stride)[..., ::dilation]
                return found.movedim(-1, axis)
            """,
        overlapped="""
            def overlapped(u, axis, size, stride, dilation):
                positions = u.ndim - 1 + axis
                count, length = u.shape[positions], u.shape[positions + 1]
                total = u.new_zeros((*u.shape[:positions], size, *u.shape[positions + 2 :]))
                for offset in range(length):
                    start = offset * dilation
                    places = (slice(None),) * positions + (slice(start, start + (count - 1) * stride + 1, stride),)
                    total[places] += u.select(positions + 1, offset)
                return total
            """,
    ),
)

OVERWRITING = _texts(
    softmax="""
        def softmax(u, axis=-1, out=None):
            out = np.subtract(u, u.max(axis=axis, keepdims=True), out=out)
            np.exp(out, out=out)
            out /= out.sum(axis=axis, keepdims=True)
            return out
        """,
    softmax_and_logsumexp="""
        def softmax_and_logsumexp(u, axis=-1):
            largest = u.max(axis=axis, keepdims=True)
            raised = u - largest
            np.exp(raised, out=raised)
            total = raised.sum(axis=axis, keepdims=True)
            raised /= total
            return raised, (largest + np.log(total)).squeeze(axis)
        """,
)
"""Helper functions of compiled functions: they make no array that they do not need."""

LOOPS = Dialect(
    "numba",
    "np",
    "import numpy as np",
    "axis",
    _texts(
        sigmoid="""
            def sigmoid(u):
                decayed = np.exp(-abs(u))
                return (1.0 if u >= 0 else decayed) / (1.0 + decayed)
            """,
        softplus="""
            def softplus(u):
                return max(u, 0.0) + np.log1p(np.exp(-abs(u)))
            """,
        relu="""
            def relu(u):
                return u if u > 0 else 0.0 * u
            """,
        step="""
            def step(u):
                return 1.0 if u > 0 else 0.0 * u
            """,
        erf="""
            def erf(u):
                return math.erf(u)
            """,
        erfc="""
            def erfc(u):
                return math.erfc(u)
            """,
        normal_cdf="""
            def normal_cdf(u):
                return 0.5 * math.erfc(-u / math.sqrt(2.0))
            """,
        gelu="""
            def gelu(u):
                return u * 0.5 * math.erfc(-u / math.sqrt(2.0))
            """,
        lgamma="""
            def lgamma(u):
                return math.lgamma(u)
            """,
        gamma="""
            def gamma(u):
                return math.gamma(u)
            """,
    ),
)
"""Functions of one number, called in the loops that numba compiles."""

DIALECTS = {"numpy": NUMPY, "torch": TORCH}
